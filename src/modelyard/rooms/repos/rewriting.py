"""Versions without something that has to go: their commits are made anew, and the platform's tags point at these.

The one case in which a tag ``vN`` moves. What went stays in the history as a pointer to nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import pygit2

from modelyard.rooms.repos import amending, committing, git
from modelyard.rooms.repos.amending import Changes
from modelyard.rooms.repos.ports import RepositoryOptions


def replace_files(
    options: RepositoryOptions,
    repository_id: UUID,
    commit_id: str,
    *,
    files: Changes,
    message: str,
    author: str,
    at: datetime,
) -> str:
    """A commit on top of another one, in which some files are others, or are gone; see ``amending.commit_upon``."""
    path = git.repository_path(options.root, repository_id)
    return amending.commit_upon(path, commit_id, files, message=message, author=author, at=at)


def move_refs(
    options: RepositoryOptions, repository_id: UUID, *, versions: Mapping[int, str], main: tuple[str, str] | None
) -> None:
    """Points the tags of versions at other commits, and ``main`` (from, to) if it is still there. May be repeated."""
    path = git.repository_path(options.root, repository_id)
    with committing.locked(path):
        repository = git.open_repository(path)
        for number, commit_id in versions.items():
            repository.references.create(f"refs/tags/v{number}", pygit2.Oid(hex=commit_id), force=True)
        if main and str(repository.references[git.BRANCH].target) == main[0]:
            repository.references[git.BRANCH].set_target(pygit2.Oid(hex=main[1]))
