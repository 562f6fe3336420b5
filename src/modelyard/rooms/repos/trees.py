"""What a revision holds, with Git's own ids, for clients that compare them with theirs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2

from modelyard.rooms.repos.errors import FileMissing, RevisionMissing
from modelyard.rooms.repos.git import LFS_POINTER_LIMIT, LfsPointer


@dataclass(frozen=True, slots=True)
class TreeItem:
    """A file or folder: ``oid`` as Git names it, ``size`` in bytes of the content (0 of a folder)."""

    path: str
    oid: str
    size: int
    is_folder: bool
    pointer: LfsPointer | None = None


def list_tree(path: Path, commit_id: str, folder: str, *, recursive: bool) -> Iterator[TreeItem]:
    """What is in a folder ('' for the root), in Git's order. Raises ``FileMissing``."""
    repository = pygit2.Repository(str(path))
    tree = _commit(repository, commit_id).tree
    if folder:
        found = _find(tree, folder)
        if not isinstance(found, pygit2.Tree):
            raise FileMissing(f"There is no folder {folder}.", field="path")
        tree = found
    yield from _walk(tree, f"{folder}/" if folder else "", recursive=recursive)


def find_item(path: Path, commit_id: str, name: str) -> TreeItem | None:
    """The file or folder of that path; None where there is none."""
    try:
        return _item(name, _find(_commit(pygit2.Repository(str(path)), commit_id).tree, name))
    except FileMissing:
        return None


def _commit(repository: pygit2.Repository, commit_id: str) -> pygit2.Commit:
    try:
        return repository[commit_id].peel(pygit2.Commit)
    except (KeyError, ValueError) as e:
        raise RevisionMissing(f"There is no revision {commit_id!r}.", field="revision") from e


def _find(tree: pygit2.Tree, name: str) -> pygit2.Object:
    try:
        return tree[name]
    except (KeyError, ValueError, UnicodeError, pygit2.GitError) as e:
        raise FileMissing(f"There is no {name}.", field="path") from e


def _walk(tree: pygit2.Tree, prefix: str, *, recursive: bool) -> Iterator[TreeItem]:
    for child in tree:
        name = f"{prefix}{child.name}"
        if isinstance(child, pygit2.Blob | pygit2.Tree):
            yield _item(name, child)
        if recursive and isinstance(child, pygit2.Tree):
            yield from _walk(child, f"{name}/", recursive=True)


def _item(name: str, found: pygit2.Object) -> TreeItem:
    if not isinstance(found, pygit2.Blob):
        return TreeItem(name, str(found.id), 0, is_folder=True)
    pointer = LfsPointer.parse(found.data) if found.size <= LFS_POINTER_LIMIT else None
    return TreeItem(name, str(found.id), pointer.size if pointer else found.size, is_folder=False, pointer=pointer)
