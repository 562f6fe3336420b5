"""Versions without something that has to go: their commits are made anew, and the platform's tags point at these.

The one case in which a tag ``vN`` moves. What went stays in the history as a pointer to nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import pygit2
from pygit2.enums import FileMode

from modelyard.rooms.repos import git
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.repos.ports import RepositoryOptions

BRANCH = "refs/heads/main"


def replace_files(
    options: RepositoryOptions,
    repository_id: UUID,
    commit_id: str,
    *,
    files: Mapping[str, LfsPointer | bytes | None],
    message: str,
    author: str,
    at: datetime,
) -> str:
    """A commit on top of another one, in which some files are others, or are gone (None); on no branch yet.

    The same arguments give the same commit.
    """
    repository = pygit2.Repository(str(git.repository_path(options.root, repository_id)))
    index = pygit2.Index()
    index.read_tree(repository[commit_id].peel(pygit2.Tree))
    for path, content in files.items():
        if content is None:
            index.remove(path)
            continue
        data = content.to_bytes() if isinstance(content, LfsPointer) else content
        index.add(pygit2.IndexEntry(path, repository.create_blob(data), FileMode.BLOB))
    who = pygit2.Signature(author, f"{author}@users.modelyard", int(at.timestamp()), 0)
    return str(repository.create_commit(None, who, who, message, index.write_tree(repository), [commit_id]))


def move_refs(
    options: RepositoryOptions, repository_id: UUID, *, versions: Mapping[int, str], main: tuple[str, str] | None
) -> None:
    """Points the tags of versions at other commits, and ``main`` (from, to) if it is still there. May be repeated."""
    repository = pygit2.Repository(str(git.repository_path(options.root, repository_id)))
    for number, commit_id in versions.items():
        repository.references.create(f"refs/tags/v{number}", pygit2.Oid(hex=commit_id), force=True)
    if main and str(repository.references[BRANCH].target) == main[0]:
        repository.references[BRANCH].set_target(pygit2.Oid(hex=main[1]))
