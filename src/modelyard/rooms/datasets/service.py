"""Verbs on datasets: import a commit, look at its files, read them alone or as an archive."""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import archives
from modelyard.kit.archives import ArchiveFormat, ArchiveStream, Layout
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.kit.paging import Page, decode_cursor, encode_cursor
from modelyard.rooms.content import service as content
from modelyard.rooms.content.errors import BlobDamaged
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.datasets import rules, store
from modelyard.rooms.datasets.collecting import collect_archive, collect_files, remove_files
from modelyard.rooms.datasets.errors import DatasetFileMissing, DatasetFileRefused, SnapshotMissing
from modelyard.rooms.datasets.rules import data_types, media_type
from modelyard.rooms.datasets.schemas import (
    ArchiveInfo,
    DatasetContents,
    DatasetFile,
    Snapshot,
    SnapshotFile,
)
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import RevisionMissing
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Repository

__all__ = [
    "DatasetTools",
    "collect_archive",
    "collect_files",
    "count_contents",
    "data_types",
    "files_below",
    "find_file",
    "find_snapshot",
    "find_snapshot_of",
    "forget_snapshot",
    "import_snapshot",
    "lay_out",
    "list_files",
    "media_type",
    "open_archive",
    "open_file",
    "remove_files",
]

LAYOUTS_KEPT = 8


@dataclass(frozen=True, slots=True)
class DatasetTools:
    """Where the files of datasets are."""

    database: Database
    blobs: BlobStore
    repositories: RepositoryOptions
    clock: Clock


def import_snapshot(
    tools: DatasetTools, repository_id: UUID, commit_id: str, *, on_file: Callable[[int, int], None]
) -> Snapshot:
    """Reads every file of a commit that the repository has not read before, and keeps what it found. Slow; call it
    outside any transaction. May be repeated.

    ``on_file`` is told how many files and bytes were seen. Raises ``DatasetFileRefused`` for a pointer to what the
    repository does not hold, and ``BlobDamaged``.
    """
    with tools.database.read() as session:
        known = store.find(session, repository_id, commit_id)
    if known is not None:
        return known
    files = sorted(_read_commit(tools, repository_id, commit_id, on_file), key=lambda file: file.path)
    snapshot = Snapshot(
        new_id(), repository_id, commit_id, len(files), sum(f.size for f in files), rules.listing_digest(files)
    )
    values = {
        "id": snapshot.id,
        "repository_id": repository_id,
        "commit_id": commit_id,
        "files": snapshot.files,
        "size": snapshot.size,
        "digest": snapshot.digest,
        "created_at": tools.clock(),
    }
    with tools.database.write() as session:
        repos.require_present(session, repository_id)
        store.insert(session, values, files)
        return store.find(session, repository_id, commit_id) or snapshot


def find_snapshot(session: Session, options: RepositoryOptions, repository: Repository, number: int) -> Snapshot:
    """What version ``number`` of a dataset holds; raises ``SnapshotMissing``."""
    try:
        commit_id = repos.version_commit(options, repository.id, number)
    except RevisionMissing as e:
        raise _missing(repository, number) from e
    found = store.find(session, repository.id, commit_id)
    if found is None:
        raise _missing(repository, number)
    return found


def find_snapshot_of(session: Session, repository_id: UUID, commit_id: str) -> Snapshot | None:
    """What a commit holds; None where it was not imported, or its repository is gone."""
    return store.find(session, repository_id, commit_id)


def files_below(session: Session, snapshot: Snapshot, prefix: str) -> list[SnapshotFile]:
    """The one file that is called ``prefix``, else all whose path begins with it, by path."""
    exact = store.file(session, snapshot.id, prefix)
    if exact is not None:
        return [exact]
    return [file for file in store.files(session, snapshot.id) if file.path.startswith(prefix)]


def forget_snapshot(session: Session, repository_id: UUID, commit_id: str) -> None:
    """For a version that is deleted and whose commit no other one has."""
    store.delete(session, repository_id, commit_id)


def count_contents(session: Session, snapshot: Snapshot, *, url: str) -> DatasetContents:
    """How much a version holds. ``url`` is the address of its archive."""
    sizes = {form: lay_out(session, snapshot, form).size for form in ArchiveFormat}
    infos = [
        ArchiveInfo(format=form, size=size, etag=archive_etag(snapshot, form), url=f"{url}?format={form}")
        for form, size in sizes.items()
    ]
    return DatasetContents(files=snapshot.files, size=snapshot.size, digest=snapshot.digest, archives=infos)


def list_files(
    session: Session, snapshot: Snapshot, *, text: str | None, prefix: str, cursor: str | None, limit: int
) -> Page[DatasetFile]:
    """By path; ``text`` is looked for in the paths, ``prefix`` is what they begin with."""
    after = decode_cursor(cursor, str)[0] if cursor else None
    found = store.page(session, snapshot.id, text=text, prefix=prefix, after=after, limit=limit + 1)
    more = encode_cursor(found[limit - 1].path) if len(found) > limit else None
    return Page(items=[DatasetFile.model_validate(file) for file in found[:limit]], next_cursor=more)


def find_file(session: Session, snapshot: Snapshot, path: str) -> SnapshotFile:
    """Raises ``DatasetFileMissing``."""
    found = store.file(session, snapshot.id, path)
    if found is None:
        raise DatasetFileMissing(f"There is no {path!r} in it.", remedy="Look at its list of files.", field="path")
    return found


def open_file(tools: DatasetTools, snapshot: Snapshot, file: SnapshotFile) -> ArchiveStream[SnapshotFile]:
    """One file, to be read from anywhere."""
    return ArchiveStream(Layout((file,), (0,), file.size), _opened(tools, snapshot))


def lay_out(session: Session, snapshot: Snapshot, form: ArchiveFormat) -> Layout[SnapshotFile]:
    """Where everything is in an archive of the snapshot."""
    known = _layouts(snapshot.id, form)
    if not known:
        known.append(archives.lay_out(store.files(session, snapshot.id), form))
    return known[0]


def archive_etag(snapshot: Snapshot, form: ArchiveFormat) -> str:
    """The same bytes, the same ETag: it comes from the list of files."""
    return f"{form}-{snapshot.digest[7:39]}"


def open_archive(tools: DatasetTools, snapshot: Snapshot, layout: Layout[SnapshotFile]) -> ArchiveStream[SnapshotFile]:
    """An archive, to be read from anywhere; files are opened one after the other, when their turn comes."""
    return ArchiveStream(layout, _opened(tools, snapshot))


@lru_cache(maxsize=LAYOUTS_KEPT)
def _layouts(_snapshot_id: UUID, _form: ArchiveFormat) -> list[Layout[SnapshotFile]]:
    """A place for the layout of a snapshot, which never changes, while it is asked for again and again."""
    return []


def _opened(tools: DatasetTools, snapshot: Snapshot) -> archives.Opened[SnapshotFile]:
    """Reads stored files from the content store, small ones from Git, which is opened when it is first needed."""
    readers: list[Callable[[str], bytes]] = []

    def opened(file: SnapshotFile, offset: int, length: int) -> Iterator[bytes]:
        if file.stored:
            with tools.database.read() as session:
                return content.open_granted(
                    session,
                    store=tools.blobs,
                    holder_id=snapshot.repository_id,
                    digest=file.digest,
                    offset=offset,
                    length=length,
                ).chunks
        if not readers:
            readers.append(repos.file_reader(tools.repositories, snapshot.repository_id, snapshot.commit_id))
        return iter([readers[0](file.path)[offset : offset + length]])

    return opened


def _read_commit(
    tools: DatasetTools, repository_id: UUID, commit_id: str, on_file: Callable[[int, int], None]
) -> Iterator[SnapshotFile]:
    walked = repos.walk_files(tools.repositories, repository_id, commit_id)
    found = [(path, LfsPointer.parse(data), data) for path, data in walked if path not in rules.HIDDEN]
    with tools.database.read() as session:
        digests = {f"sha256:{pointer.oid}" for _, pointer, _ in found if pointer}
        known = store.known_checksums(session, repository_id, digests)
    size = 0
    for number, (path, pointer, data) in enumerate(found, start=1):
        if pointer is None:
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            yield SnapshotFile(path, len(data), digest, zlib.crc32(data), stored=False)
        else:
            digest = f"sha256:{pointer.oid}"
            checksum = known.get(digest)
            if checksum is None:
                checksum = known[digest] = _checksum(tools, repository_id, path, digest)
            yield SnapshotFile(path, pointer.size, digest, checksum, stored=True)
        size += pointer.size if pointer else len(data)
        on_file(number, size)


def _checksum(tools: DatasetTools, repository_id: UUID, path: str, digest: str) -> int:
    """The CRC-32 of a blob, whose SHA-256 is looked at on the way."""
    with tools.database.read() as session:
        if not content.holds(session, holder_id=repository_id, digest=digest):
            raise DatasetFileRefused(
                f"{path} is a Git LFS pointer to a file that this repository does not hold.",
                remedy="Push the file itself.",
                field=path,
            )
        blob = content.open_granted(session, store=tools.blobs, holder_id=repository_id, digest=digest)
    checksum, hasher = 0, hashlib.sha256()
    for chunk in blob.chunks:
        checksum = zlib.crc32(chunk, checksum)
        hasher.update(chunk)
    if f"sha256:{hasher.hexdigest()}" != digest:
        raise BlobDamaged(digest)
    return checksum


def _missing(repository: Repository, number: int) -> SnapshotMissing:
    return SnapshotMissing(
        f"{repository.address} has no v{number} whose files can be downloaded.",
        remedy="Wait until it is ready, or look at its versions. (Models are downloaded as images.)",
    )
