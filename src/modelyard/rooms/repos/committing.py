"""How branches of bare Git repositories move on: commits of folders and of trees (pygit2), one writer at a time."""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from modelyard.rooms.repos import git
from modelyard.rooms.repos.errors import BranchMoved

PAUSES = (0.0, 0.02, 0.1, 0.3)
"""Seconds before the next try to move a branch that others move at this moment."""


def commit_folder(
    path: Path,
    folder: Path,
    *,
    pointers: Mapping[str, git.LfsPointer],
    message: str,
    author: str,
    at: datetime,
    base: str | None = None,
) -> str:
    """Commits the files of ``folder`` as the new state of ``main`` and returns the commit's id.

    Files named in ``pointers`` (relative POSIX paths) become LFS pointers. The same content again makes no new commit.
    With ``base``, what the folder was made from, it raises ``BranchMoved`` where ``main`` is at another commit by now.
    """
    with locked(path):
        repository = git.open_repository(path)
        tree = _write_tree(repository, folder, "", pointers)
        for pause in PAUSES:
            with suppress(BranchMoved):
                return write_commit(repository, git.BRANCH, tree, base=base, message=message, author=author, at=at)
            if base is not None and base != git.head(path):
                break
            time.sleep(pause)
        return write_commit(repository, git.BRANCH, tree, base=base, message=message, author=author, at=at)


def write_commit(
    repository: pygit2.Repository,
    ref: str,
    tree: pygit2.Oid,
    *,
    base: str | None,
    message: str,
    author: str,
    at: datetime,
) -> str:
    """Moves a branch on by a commit of ``tree`` and returns its id; the tree that is there already makes none.

    Raises ``BranchMoved`` where the branch is not at ``base`` (any, where that is None), or others move it just now.
    """
    parents = [repository.references[ref].target] if ref in repository.references else []
    if base is not None and base != (str(parents[0]) if parents else git.NOTHING):
        raise BranchMoved("Others pushed to this repository at the same time.", remedy="Push again.")
    if parents and repository[parents[0]].peel(pygit2.Commit).tree_id == tree:
        return str(parents[0])
    who = pygit2.Signature(author, f"{author}@users.modelyard", int(at.timestamp()), 0)
    try:  # libgit2 compares and swaps, as Git does when it takes a push
        return str(repository.create_commit(ref, who, who, message, tree, parents))
    except pygit2.GitError as e:
        raise BranchMoved("Others push to this repository just now.", remedy="Push again.") from e


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One writer of a branch at a time, across threads and processes. (Tags are made at once or not at all.)"""
    with Path(f"{path}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write_tree(
    repository: pygit2.Repository, folder: Path, prefix: str, pointers: Mapping[str, git.LfsPointer]
) -> pygit2.Oid:
    builder = repository.TreeBuilder()
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        name = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            inner = _write_tree(repository, Path(entry.path), f"{name}/", pointers)
            if len(repository[inner].peel(pygit2.Tree)):  # Git knows no empty folders
                builder.insert(entry.name, inner, FileMode.TREE)
        elif name in pointers:
            builder.insert(entry.name, repository.create_blob(pointers[name].to_bytes()), FileMode.BLOB)
        elif entry.is_file(follow_symlinks=False):
            mode = FileMode.BLOB_EXECUTABLE if entry.stat().st_mode & 0o100 else FileMode.BLOB
            builder.insert(entry.name, repository.create_blob_fromdisk(entry.path), mode)
    return builder.write()
