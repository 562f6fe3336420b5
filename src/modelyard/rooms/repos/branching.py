"""Branches of bare Git repositories, and what becomes of them by hand (pygit2)."""

from pathlib import Path

import pygit2

from modelyard.rooms.repos.errors import (
    BranchExists,
    BranchMissing,
    BranchNameInvalid,
    BranchProtected,
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
