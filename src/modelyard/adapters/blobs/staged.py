"""A stream written to a temporary file while its digest is computed, in constant memory."""

import contextlib
import fcntl
import hashlib
import io
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modelyard.rooms.content.errors import BlobMissing, DigestMismatch, storage_full
from modelyard.rooms.content.ports import StoredBlob

PREFIX = "put-"
_DIGEST = re.compile("sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A complete temporary file, flushed to the disk, and what it holds."""

    path: Path
    blob: StoredBlob


@contextmanager
def staged(folder: Path, chunks: Iterable[bytes], *, expected: str | None) -> Iterator[StagedFile]:
    """Writes ``chunks`` to a file in ``folder``, which is removed at the end unless it was moved away.

    Raises ``DigestMismatch`` when ``expected`` is another digest, ``StorageFull`` when there is no room.
    """
    file, path = _create(folder)
    try:
        with storage_full(), file:
            blob = _write(file, chunks)
            if expected not in (None, blob.digest):
                raise DigestMismatch(f"Announced {expected}, found {blob.digest}.", remedy="Send it again.")
            os.fchmod(file.fileno(), 0o444)
            os.fsync(file.fileno())
            yield StagedFile(path, blob)
    finally:
        path.unlink(missing_ok=True)


def hex_of(digest: str) -> str:
    """The hexadecimal part of a digest; what is no digest raises ``BlobMissing``, since nothing is held under it."""
    found = _DIGEST.fullmatch(digest)
    if not found:
        raise missing(digest)
    return found[1]


def missing(digest: str) -> BlobMissing:
    return BlobMissing(f"The content store does not hold {digest}.")


def clean(folder: Path) -> None:
    """Removes temporary files whose writer has died: a living one holds a lock on its file."""
    for path in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def fsync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(file: io.FileIO, length: int | None, *, chunk: int = 1024**2) -> Iterator[bytes]:
    """The bytes from where ``file`` stands, ``length`` at most (None: all), in chunks; closes the file at the end."""
    with file:
        while data := file.read(chunk if length is None else min(chunk, length)):
            if length is not None:
                length -= len(data)
            yield data


def _create(folder: Path) -> tuple[io.FileIO, Path]:
    while True:
        path = folder / f"{PREFIX}{secrets.token_hex(16)}"
        file = io.FileIO(path, "x")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:  # else a cleaner was quicker than the lock
            return file, path
        file.close()


def _write(file: io.FileIO, chunks: Iterable[bytes]) -> StoredBlob:
    hasher, size = hashlib.sha256(), 0
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            rest = rest[file.write(rest) :]
        hasher.update(chunk)
        size += len(chunk)
    return StoredBlob(f"sha256:{hasher.hexdigest()}", size)
