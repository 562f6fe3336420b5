"""Verbs on packed datasets: find the index of a commit, read images by their place in a pack."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.content import service as content
from modelyard.rooms.content.errors import BlobDamaged
from modelyard.rooms.content.ports import BlobStore, LocalPaths
from modelyard.rooms.packs import store
from modelyard.rooms.packs.gathering import gather, is_archive
from modelyard.rooms.packs.ports import Fetcher, IndexEditor, ItemCache, PackReader, TableChecker
from modelyard.rooms.packs.schemas import PackedIndex

DEFLATED = 8

__all__ = [
    "PackTools",
    "find_index",
    "forget_copies",
    "forget_index",
    "gather",
    "index_path",
    "is_archive",
    "list_indexes",
    "read_item",
    "record_index",
]


@dataclass(frozen=True, slots=True)
class PackTools:
    """Where packs are, who reads new ones and who fetches them. ``cache`` keeps copies of indexes whose store has no
    files here; ``max_fetched_bytes`` bounds what one import fetches; ``caches`` of others let go of what was erased."""

    database: Database
    blobs: BlobStore
    reader: PackReader
    editor: IndexEditor
    tables: TableChecker
    fetcher: Fetcher
    cache: Path
    clock: Clock
    max_fetched_bytes: int = 100 * 1024**3
    caches: tuple[ItemCache, ...] = ()


def find_index(session: Session, repository_id: UUID, commit_id: str) -> PackedIndex | None:
    """The index of a commit; None where it is no packed dataset."""
    return store.find(session, repository_id, commit_id)


def list_indexes(session: Session, repository_id: UUID) -> list[PackedIndex]:
    """Those of all commits of a repository, the oldest first."""
    return store.of_repository(session, repository_id)


def record_index(session: Session, index: PackedIndex, *, clock: Clock) -> None:
    """Keeps what was found; may be repeated."""
    store.insert(session, index, at=clock())


def forget_index(session: Session, repository_id: UUID, commit_id: str) -> None:
    """For a version that is deleted and whose commit no other one has."""
    store.delete(session, repository_id, commit_id)


def read_item(tools: PackTools, index: PackedIndex, row: Mapping[str, Any]) -> bytes:
    """The bytes of one image; ``row`` is of the index (``pack``, ``offset``, ``length``, ``method``, ``digest``).

    By a range of the pack, which the repository has to hold. Raises ``BlobMissing``, and ``BlobDamaged`` where the
    bytes are not those of the digest.
    """
    with tools.database.read() as session:
        opened = content.open_granted(
            session,
            store=tools.blobs,
            holder_id=index.repository_id,
            digest=row["pack"],
            offset=row["offset"],
            length=row["length"],
        )
    data = _inflated(b"".join(opened.chunks), row)
    if row["digest"] and f"sha256:{hashlib.sha256(data).hexdigest()}" != row["digest"]:
        raise BlobDamaged(row["pack"])
    return data


def index_path(tools: PackTools, index: PackedIndex) -> Path:
    """The index as a local file, to be read only; a copy that is kept where the store has no files here.

    Does not ask whether anybody may read it. Raises ``BlobMissing``.
    """
    if isinstance(tools.blobs, LocalPaths):
        return tools.blobs.path(index.digest)
    target = tools.cache / f"{index.repository_id.hex}-{index.digest.removeprefix('sha256:')}.parquet"
    if not target.is_file():
        tools.cache.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{id(index):x}.partial")
        with partial.open("wb") as file:
            file.writelines(tools.blobs.open(index.digest))
        partial.replace(target)
    return target


def forget_copies(tools: PackTools, repository_id: UUID) -> None:
    """Drops what was copied of a dataset's indexes, and what is kept of its images by others. May be repeated."""
    for copy in tools.cache.glob(f"{repository_id.hex}-*"):
        copy.unlink(missing_ok=True)
    for cache in tools.caches:
        cache.forget(repository_id)


def _inflated(data: bytes, row: Mapping[str, Any]) -> bytes:
    if row["method"] != DEFLATED:
        return data
    try:
        return zlib.decompress(data, -zlib.MAX_WBITS)
    except zlib.error as e:
        raise BlobDamaged(row["pack"]) from e
