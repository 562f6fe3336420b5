"""Bare Git repositories on disk: commits, files, tags (pygit2). Nothing in here runs a hook."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

import pygit2
from pygit2.enums import ObjectType, Option, SortMode

from modelyard.rooms.repos.errors import FileMissing, RepositoryMissing, RevisionMissing

pygit2.option(Option.ENABLE_FSYNC_GITDIR, True)

HEADS, TAGS = "refs/heads/", "refs/tags/"
BRANCH = f"{HEADS}main"
NOTHING = "0" * 40
"""As Git writes the commit of a branch that does not exist."""
LFS_HEADER = b"version https://git-lfs.github.com/spec/v1\n"
LFS_POINTER_LIMIT = 1024


@dataclass(frozen=True, slots=True)
class LfsPointer:
    """What Git holds instead of a large file: SHA-256 in hex and size in bytes (git-lfs spec v1)."""

    oid: str
    size: int

    def to_bytes(self) -> bytes:
        return LFS_HEADER + f"oid sha256:{self.oid}\nsize {self.size}\n".encode()

    @classmethod
    def parse(cls, data: bytes) -> "LfsPointer | None":
        """The pointer in a file's bytes, or None where they are ordinary content."""
        if len(data) > LFS_POINTER_LIMIT or not data.startswith(LFS_HEADER):
            return None
        fields = dict(line.split(" ", 1) for line in data.decode("ascii", "replace").splitlines() if " " in line)
        oid = re.fullmatch(r"sha256:([0-9a-f]{64})", fields.get("oid", ""))
        size = re.fullmatch(r"[0-9]{1,18}", fields.get("size", ""))
        return cls(oid[1], int(size[0])) if oid and size else None


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder of a tree; ``pointer`` where the file is kept by LFS."""

    path: str
    is_folder: bool
    size: int | None
    pointer: LfsPointer | None = None


@dataclass(frozen=True, slots=True)
class CommitFacts:
    id: str
    message: str
    author: str
    at: datetime
    parents: tuple[str, ...]


def repository_path(root: Path, repository_id: UUID) -> Path:
    return root / repository_id.hex[-2:] / f"{repository_id.hex}.git"


def is_empty(path: Path) -> bool:
    """Whether nothing was ever committed or tagged."""
    return _is_empty(open_repository(path))


def head(path: Path) -> str:
    """The commit that ``main`` is at; ``NOTHING`` before the first."""
    repository = open_repository(path)
    return str(repository.references[BRANCH].target) if BRANCH in repository.references else NOTHING


def write_tag(path: Path, tag: str, commit_id: str) -> None:
    """Points ``refs/tags/<tag>`` at a commit; a tag that is there already must point at it (``ValueError``)."""
    references = open_repository(path).references
    name = f"refs/tags/{tag}"
    try:
        references.create(name, pygit2.Oid(hex=commit_id))
    except pygit2.AlreadyExistsError as e:
        if str(references[name].target) != commit_id:
            raise ValueError(f"tag {tag} points elsewhere") from e


def delete_tag(path: Path, tag: str) -> None:
    """Removes a tag. One that is absent, or whose repository is, is no error. Never waits for who commits."""
    with suppress(KeyError, RepositoryMissing):
        open_repository(path).references.delete(f"refs/tags/{tag}")


def tags(path: Path) -> dict[str, str]:
    """Tag name → commit id."""
    repository = open_repository(path)
    found = (name for name in repository.references if name.startswith("refs/tags/"))
    return {name.removeprefix("refs/tags/"): str(repository.references[name].peel(pygit2.Commit).id) for name in found}


def resolve(path: Path, revision: str) -> str:
    """The commit id of a branch, tag or (abbreviated) commit; raises ``RevisionMissing``."""
    return str(_commit(open_repository(path), revision).id)


def find_commit(path: Path, revision: str) -> CommitFacts:
    """What ``resolve`` finds, with what it says."""
    return _facts(_commit(open_repository(path), revision))


def list_folder(path: Path, revision: str, folder: str = "") -> list[Entry]:
    """The entries of one folder, folders first; an empty repository has none."""
    repository = open_repository(path)
    if _is_empty(repository):
        return []
    tree = _find(repository, revision, folder)
    if not isinstance(tree, pygit2.Tree):
        raise FileMissing(f"{folder} is a file, not a folder.", field="path")
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    entries = [_entry(item, prefix) for item in tree]
    return sorted(entries, key=lambda e: (not e.is_folder, e.path))


def read_file(path: Path, revision: str, name: str) -> bytes:
    """The bytes that Git holds (for a file kept by LFS: its pointer); raises ``FileMissing``."""
    found = _find(open_repository(path), revision, name)
    if not isinstance(found, pygit2.Blob):
        raise FileMissing(f"{name} is not a file.", field="path")
    return found.data


def reader(path: Path, revision: str) -> Callable[[str], bytes]:
    """A function that reads files of one revision, as ``read_file`` does, without opening the repository each time."""
    repository = open_repository(path)
    tree = _commit(repository, revision).tree

    def read(name: str) -> bytes:
        try:
            return tree[name].peel(pygit2.Blob).data
        except (KeyError, ValueError, pygit2.GitError) as e:
            raise FileMissing(f"There is no {name} at {revision}.", field="path") from e

    return read


def walk_files(path: Path, revision: str) -> Iterator[tuple[str, bytes]]:
    """Every file of a revision as (path, bytes that Git holds)."""
    repository = open_repository(path)
    yield from _walk(_commit(repository, revision).tree, "")


def walk_paths(path: Path, revision: str) -> Iterator[str]:
    """The path of every file of a revision."""
    yield from _walk_paths(_commit(open_repository(path), revision).tree, "")


def history(
    path: Path, revision: str, *, beyond: str | None = None, skip: int = 0, limit: int = 50
) -> list[CommitFacts]:
    """The commits of a revision, newest first, after as many as are to be skipped; without those that the revision
    ``beyond`` has too. Raises ``RevisionMissing``."""
    repository = open_repository(path)
    if _is_empty(repository):
        return []
    start = _commit(repository, revision).id
    commits = repository.walk(start, SortMode.TOPOLOGICAL | SortMode.TIME)
    if beyond is not None:
        commits.hide(_commit(repository, beyond).id)
    return [_facts(commit) for commit in islice(commits, skip, skip + limit)]


def open_repository(path: Path) -> pygit2.Repository:
    """Raises ``RepositoryMissing`` where it has been deleted meanwhile."""
    if not path.exists():
        raise RepositoryMissing
    return pygit2.Repository(str(path))


def _commit(repository: pygit2.Repository, revision: str) -> pygit2.Commit:
    if revision.startswith("-") or any(c in revision for c in "^~:@{ \x00"):
        raise RevisionMissing(f"There is no revision {revision!r}.", field="revision")
    try:
        return repository.revparse_single(revision).peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError) as e:
        raise RevisionMissing(f"There is no revision {revision!r}.", field="revision") from e


def _is_empty(repository: pygit2.Repository) -> bool:
    """Whether nothing was committed yet. (``is_empty`` also asks whether HEAD is called as Git's settings say.)"""
    return next(iter(repository.references), None) is None


def _find(repository: pygit2.Repository, revision: str, name: str) -> pygit2.Object:
    tree: pygit2.Object = _commit(repository, revision).tree
    if "\x00" in name:
        raise FileMissing(f"There is no {name!r} at {revision}.", field="path")
    for part in [p for p in name.split("/") if p]:
        try:
            tree = tree.peel(pygit2.Tree)[part]
        except (KeyError, ValueError, pygit2.GitError) as e:
            raise FileMissing(f"There is no {name} at {revision}.", field="path") from e
    return tree


def _entry(item: pygit2.Object, prefix: str) -> Entry:
    name = f"{prefix}{item.name}"
    if item.type == ObjectType.TREE:
        return Entry(name, is_folder=True, size=None)
    if item.type != ObjectType.BLOB:  # a submodule's commit, which is elsewhere
        return Entry(name, is_folder=False, size=0)
    blob = item.peel(pygit2.Blob)
    pointer = LfsPointer.parse(blob.data) if blob.size <= LFS_POINTER_LIMIT else None
    return Entry(name, is_folder=False, size=pointer.size if pointer else blob.size, pointer=pointer)


def _walk(tree: Iterable[pygit2.Object], prefix: str) -> Iterator[tuple[str, bytes]]:
    for item in tree:
        if isinstance(item, pygit2.Tree):
            yield from _walk(item, f"{prefix}{item.name}/")
        elif isinstance(item, pygit2.Blob):
            yield f"{prefix}{item.name}", item.data


def _walk_paths(tree: Iterable[pygit2.Object], prefix: str) -> Iterator[str]:
    for item in tree:
        if isinstance(item, pygit2.Tree):
            yield from _walk_paths(item, f"{prefix}{item.name}/")
        elif isinstance(item, pygit2.Blob):
            yield f"{prefix}{item.name}"


def _facts(commit: pygit2.Commit) -> CommitFacts:
    at = datetime.fromtimestamp(commit.commit_time, UTC)
    parents = tuple(str(id) for id in commit.parent_ids)
    return CommitFacts(id=str(commit.id), message=commit.message, author=commit.author.name, at=at, parents=parents)
