"""Branches of bare Git repositories, and what becomes of them by hand (pygit2)."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from modelyard.rooms.repos import git
from modelyard.rooms.repos.errors import (
    BranchExists,
    BranchMissing,
    BranchMoved,
    BranchNameInvalid,
    BranchProtected,
    FileMissing,
    PathTaken,
)
from modelyard.rooms.repos.git import BRANCH, HEADS, NOTHING, open_repository


def branches(path: Path) -> dict[str, str]:
    """Branch → commit id, by name."""
    references = open_repository(path).references
    found = sorted(name for name in references if name.startswith(HEADS))
    return {name.removeprefix(HEADS): str(references[name].peel(pygit2.Commit).id) for name in found}


def target_of(path: Path, ref: str) -> str:
    """The object id that a ref is at; ``NOTHING`` where there is no such ref."""
    references = open_repository(path).references
    return str(references[ref].target) if ref in references else NOTHING


def set_branch(path: Path, branch: str, commit_id: str) -> None:
    """Points a branch of a repository that nobody else knows at a commit that it has."""
    open_repository(path).references.create(f"{HEADS}{branch}", pygit2.Oid(hex=commit_id), force=True)


def create_branch(path: Path, branch: str, commit_id: str) -> None:
    """Raises ``BranchExists``, and ``BranchNameInvalid`` for what Git does not take as a name."""
    ref = f"{HEADS}{branch}"
    if not pygit2.reference_is_valid_name(ref) or branch == "HEAD" or branch.startswith("-"):
        raise BranchNameInvalid(f"{branch!r} cannot be the name of a branch.", remedy="Use letters, digits and -.")
    try:
        open_repository(path).references.create(ref, pygit2.Oid(hex=commit_id))
    except (pygit2.AlreadyExistsError, pygit2.GitError) as e:  # also one below it, as a/b is below a
        raise BranchExists(f"There is a branch {branch} already, or one in its way.", field="name") from e


def delete_branch(path: Path, branch: str) -> None:
    """Raises ``BranchMissing``, and ``BranchProtected`` for ``main``."""
    ref = f"{HEADS}{branch}"
    if ref == BRANCH:
        raise BranchProtected("main cannot be deleted.", remedy="Delete the repository, if that is what you want.")
    try:
        open_repository(path).references.delete(ref)
    except KeyError as e:
        raise BranchMissing(f"There is no branch {branch}.", remedy="Look at the list of branches.") from e


def commit_changes(
    path: Path,
    branch: str,
    changes: Mapping[str, bytes | None],
    *,
    base: str,
    message: str,
    author: str,
    at: datetime,
) -> str:
    """Writes files (None: removes them) over what a branch holds at ``base``; returns the commit's id.

    Raises ``BranchMoved`` where the branch is at another commit by now, ``FileMissing`` for what cannot be removed and
    ``PathTaken`` where a folder has to be a file or the other way round.
    """
    ref = f"{HEADS}{branch}"
    with git.locked(path):
        repository = open_repository(path)
        if (str(repository.references[ref].target) if ref in repository.references else NOTHING) != base:
            raise BranchMoved(f"{branch} was changed meanwhile.", remedy="Load it again, and repeat your change there.")
        index = pygit2.Index()
        if base != NOTHING:
            index.read_tree(repository[base].peel(pygit2.Tree))
        for name, data in changes.items():
            _change(repository, index, name, data)
        tree = index.write_tree(repository)
        return git.write_commit(repository, ref, tree, base=base, message=message, author=author, at=at)


def _change(repository: pygit2.Repository, index: pygit2.Index, name: str, data: bytes | None) -> None:
    if data is None:
        try:
            index.remove(name)
        except OSError as e:
            raise FileMissing(f"There is no {name} to remove.", field="path") from e
        return
    folders = name.split("/")[:-1]
    above = {"/".join(folders[: depth + 1]) for depth in range(len(folders))}
    if any(entry.path in above or entry.path.startswith(f"{name}/") for entry in index):
        raise PathTaken(f"{name} cannot be a file beside what is there.", remedy="Choose another name.", field="path")
    mode = index[name].mode if name in index else FileMode.BLOB
    index.add(pygit2.IndexEntry(name, repository.create_blob(data), mode))
