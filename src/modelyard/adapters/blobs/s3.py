"""The content store in a bucket that speaks S3, through obstore.

Objects: ``<prefix>sha256/<64 hex digits>`` and, put aside by a scrub, ``<prefix>damaged/…``. A stream is written to a
local file first, because its name is known only at its end. An object's ``last-modified`` is the moment of its last
``put``: storing what is held already uploads it again unless that moment is recent.

A bucket has no locks: a ``delete`` may in theory hit an object that is ``put`` in the same instant. Whoever records a
blob therefore asks ``stat`` afterwards (`x` does).
"""

import functools
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from modelyard.adapters.blobs.staged import clean, hex_of, missing, staged
from modelyard.rooms.content.errors import BlobMissing, StoreUnreachable, full_store
from modelyard.rooms.content.ports import StoredBlob

if TYPE_CHECKING:
    from obstore import Bytes, ObjectMeta  # words of obstore's type stubs only

CHUNK = 1024**2
PART = 8 * 1024**2
MAX_PARTS = 9_000  # S3 takes 10,000
CONCURRENT_PARTS = 4
FOLDER = "sha256"
RECENT = timedelta(minutes=30)
FULL_WORDS = ("InsufficientStorage", "StorageFull", "QuotaExceeded", "507 ")

log = logging.getLogger("modelyard.content")

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class S3Options:
    """``endpoint`` is the URL of an S3-compatible server, None for AWS; keys of None are sought in the environment.

    ``prefix`` is put before every name, for buckets shared with others. ``staging`` is a local folder.
    """

    bucket: str
    staging: Path
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(minutes=3)


def _translated(verb: Callable[P, R]) -> Callable[P, R]:
    """Gives the bucket's failures the words of the port."""

    @functools.wraps(verb)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return verb(*args, **kwargs)
        except (BaseError, FileNotFoundError) as e:
            raise _foreign(e) from e

    return call


class S3BlobStore:
    """Implements ``BlobStore``, ``Adopting`` and ``Quarantining`` in a bucket. Thread-safe."""

    def __init__(self, options: S3Options) -> None:
        self._options = options
        self._bucket = _open_bucket(options)
        options.staging.mkdir(mode=0o700, parents=True, exist_ok=True)
        clean(options.staging)

    def put(self, chunks: Iterable[bytes], *, expected: str | None = None) -> StoredBlob:
        with staged(self._options.staging, chunks, expected=expected) as file:
            self._upload(file.path, file.blob)
            return file.blob

    @_translated
    def open(self, digest: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        held = self._head(digest)
        if held is None:
            raise missing(digest)
        end = held["size"] if length is None else min(held["size"], offset + length)
        return self._read(self._name(digest), offset, end)

    @_translated
    def stat(self, digest: str) -> StoredBlob | None:
        held = self._head(digest)
        return StoredBlob(digest, held["size"]) if held else None

    @_translated
    def delete(self, digest: str, *, put_before: datetime | None = None) -> bool:
        held = self._head(digest)
        if held and put_before and held["last_modified"] >= put_before:
            return False
        if held:
            obstore.delete(self._bucket, self._name(digest))
        return True

    def list(self) -> Iterator[StoredBlob]:
        pages = iter(obstore.list(self._bucket, f"{self._options.prefix}{FOLDER}/"))
        while page := _translated(lambda: next(pages, []))():
            yield from (StoredBlob(_digest(held["path"]), held["size"]) for held in page)

    def staging(self) -> Path:
        return self._options.staging

    def adopt(self, file: Path, *, digest: str) -> StoredBlob:
        blob = StoredBlob(digest, file.stat().st_size)
        self._upload(file, blob)
        file.unlink()
        return blob

    @_translated
    def quarantine(self, digest: str) -> None:
        held = self._head(digest)
        if held is None:
            return
        aside = f"{self._options.prefix}damaged/{hex_of(digest)}-{held['last_modified']:%Y%m%dT%H%M%S}"
        # by way of a local file: a bucket's own copy ends at 5 GB
        with staged(self._options.staging, self._read(self._name(digest), 0, held["size"]), expected=None) as file:
            self._put_file(aside, file.path, file.blob.size)
        obstore.delete(self._bucket, self._name(digest))

    @_translated
    def _upload(self, file: Path, blob: StoredBlob) -> None:
        held = self._head(blob.digest)
        if held and held["size"] == blob.size and held["last_modified"] > datetime.now(UTC) - RECENT:
            return
        self._put_file(self._name(blob.digest), file, blob.size)

    def _put_file(self, name: str, file: Path, size: int) -> None:
        part = max(PART, size // MAX_PARTS + 1)
        obstore.put(self._bucket, name, file, chunk_size=part, max_concurrency=CONCURRENT_PARTS)

    def _read(self, name: str, offset: int, end: int) -> Iterator[bytes]:
        """In ranges, each a request of its own, so that a slow reader does not run into the client's timeout."""
        for start in range(offset, end, PART):
            part = memoryview(self._range(name, start, min(start + PART, end)))
            for at in range(0, len(part), CHUNK):
                yield bytes(part[at : at + CHUNK])

    @_translated
    def _range(self, name: str, start: int, end: int) -> "Bytes":
        return obstore.get_range(self._bucket, name, start=start, end=end)

    def _head(self, digest: str) -> "ObjectMeta | None":
        try:
            return obstore.head(self._bucket, self._name(digest))
        except (NotFoundError, FileNotFoundError, BlobMissing):
            return None

    def _name(self, digest: str) -> str:
        return f"{self._options.prefix}{FOLDER}/{hex_of(digest)}"


def _open_bucket(options: S3Options) -> S3Store:
    given = {
        "endpoint": options.endpoint,
        "region": options.region,
        "access_key_id": options.access_key_id,
        "secret_access_key": options.secret_access_key,
    }
    return S3Store(
        options.bucket,
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
        client_options={"allow_http": (options.endpoint or "").startswith("http://"), "timeout": options.timeout},
        retry_config={"max_retries": 4, "retry_timeout": options.timeout},
    )


def _foreign(error: Exception) -> Exception:
    if isinstance(error, NotFoundError | FileNotFoundError):
        return BlobMissing("The bucket does not hold the blob.")
    if any(word in str(error) for word in FULL_WORDS):
        return full_store()
    log.warning("the bucket of the content store answers: %s", error)
    return StoreUnreachable(
        f"The bucket of the content store does not do what is asked: {type(error).__name__}.",
        remedy="Try again; an administrator finds the bucket's answer in the server's log.",
    )


def _digest(path: str) -> str:
    return f"sha256:{path.rpartition('/')[2]}"
