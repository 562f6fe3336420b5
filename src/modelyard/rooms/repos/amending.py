"""Commits made from another commit and a list of changes, without a folder of files."""

from collections.abc import Mapping
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from modelyard.rooms.repos import git
from modelyard.rooms.repos.git import LfsPointer

Changes = Mapping[str, "bytes | LfsPointer | None"]
"""Path → new content, the pointer to it, or None for a file that goes."""


def write_overlay_tag(path: Path, *, tag: str, base: str, changes: Changes, message: str, author: str) -> str:
    """Points a tag at a new commit upon ``base``, at its time, so that the same again is the same commit; returns it.

    Raises ``ValueError`` where the tag points elsewhere already.
    """
    repository = pygit2.Repository(str(path))
    parent = repository[base].peel(pygit2.Commit)
    who = pygit2.Signature(author, f"{author}@users.modelyard", parent.commit_time, 0)
    tree = _write_tree(repository, parent, changes)
    commit_id = str(repository.create_commit(None, who, who, message, tree, [parent.id]))
    git.write_tag(path, tag, commit_id)
    return commit_id


def _write_tree(repository: pygit2.Repository, parent: pygit2.Commit | None, changes: Changes) -> pygit2.Oid:
    index = pygit2.Index()
    if parent is not None:
        index.read_tree(parent.tree)
    for name in sorted(changes, key=lambda name: changes[name] is not None):  # what goes goes first
        change = changes[name]
        if change is None:
            index.remove(name)
        else:
            data = change.to_bytes() if isinstance(change, LfsPointer) else change
            index.add(pygit2.IndexEntry(name, repository.create_blob(data), _mode(index, name)))
    return index.write_tree(repository)


def _mode(index: pygit2.Index, name: str) -> FileMode:
    """A script that is changed stays one that can be executed."""
    executable = name in index and index[name].mode == FileMode.BLOB_EXECUTABLE
    return FileMode.BLOB_EXECUTABLE if executable else FileMode.BLOB
