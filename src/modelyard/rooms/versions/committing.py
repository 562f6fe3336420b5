"""Folders become commits: large files are stored and granted first, so that no commit lacks what it points at."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from uuid import UUID

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.repos import attributes
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.git import NOTHING, LfsPointer
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.versions.errors import PartsInvalid

CHUNK = 1024**2
ATTRIBUTES_LIMIT = 256 * 1024


class CommitTools(Protocol):
    """What a commit needs; the tools of pushes and of builds have it."""

    @property
    def database(self) -> Database: ...
    @property
    def blobs(self) -> BlobStore: ...
    @property
    def repositories(self) -> RepositoryOptions: ...
    @property
    def clock(self) -> Clock: ...


def commit_tree(
    tools: CommitTools,
    repository_id: UUID,
    tree: Path,
    *,
    author: str,
    message: str,
    always_large: frozenset[str] = frozenset(),
    known: Mapping[str, LfsPointer] | None = None,
    base: str | None = None,
) -> str:
    """Commits a folder as the new state of ``main`` and returns the commit's id.

    Large files, and those in ``always_large``, are stored and granted first and become pointers. ``known`` are pointers
    to what the repository holds already; their files in the folder are empty. Raises ``BranchMoved`` where ``main`` is
    not at ``base`` any more, if that is given.
    """
    large = _large_files(tree, always_large, tools.repositories.lfs_threshold)
    _keep_large_files(tools, repository_id, tree, large)
    large = {**large, **(known or {})}
    _write_attributes(tree / attributes.NAME, large)
    commit_id = repos.commit_files(
        tools.repositories,
        repository_id,
        tree,
        pointers=large,
        message=message or "Push",
        author=author,
        at=tools.clock(),
        base=base,
    )
    repos.after_change(tools.database, tools.repositories, repository_id)
    return commit_id


def check_out(tools: CommitTools, repository_id: UUID, commit_id: str | None, tree: Path) -> dict[str, tuple[str, int]]:
    """Writes what a commit holds: small files as they are, large ones empty and named: path → (digest, size)."""
    if commit_id in (None, NOTHING):
        return {}
    pointers = repos.checkout(tools.repositories, repository_id, commit_id, tree)
    for path in pointers:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).touch()
    return {path: (f"sha256:{pointer.oid}", pointer.size) for path, pointer in pointers.items()}


@contextmanager
def workdir(scratch: Path) -> Iterator[Path]:
    """A folder for one push or import, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="push-", dir=scratch))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _large_files(tree: Path, always: frozenset[str], threshold: int) -> dict[str, LfsPointer]:
    """The files whose bytes go to the content store: those in ``always``, and whatever is large."""
    found = {}
    for file in sorted(p for p in tree.rglob("*") if p.is_file()):
        path = file.relative_to(tree).as_posix()
        size = file.stat().st_size
        if (size >= threshold and path != attributes.NAME) or path in always:
            found[path] = LfsPointer(_sha256(file), size)
    return found


def _keep_large_files(tools: CommitTools, repository_id: UUID, tree: Path, large: Mapping[str, LfsPointer]) -> None:
    """Stores and grants what the commit will point at, before there is such a commit: none ever lacks its files."""
    stored = [
        tools.blobs.put(read_chunks(tree / path), expected=f"sha256:{pointer.oid}") for path, pointer in large.items()
    ]
    with tools.database.write() as session:
        repos.require_present(session, repository_id)
        for blob in stored:
            content.record_blob(session, digest=blob.digest, size=blob.size, holder_id=repository_id, why="lfs")
    content.require_held(tools.blobs, [blob.digest for blob in stored])


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _write_attributes(file: Path, large: Mapping[str, LfsPointer]) -> None:
    """Tells Git which files LFS keeps, after what the author has written there; said before is not said again."""
    if file.is_file() and file.stat().st_size > ATTRIBUTES_LIMIT:
        raise PartsInvalid(f"{attributes.NAME} is too large.", remedy="Keep it below 256 KiB.", field=attributes.NAME)
    written = file.read_text(encoding="utf-8", errors="surrogateescape") if file.is_file() else ""
    text = attributes.with_lfs(written, large)
    if text != written:
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
