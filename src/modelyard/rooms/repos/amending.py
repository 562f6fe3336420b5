"""Commits made from another commit and a list of changes, without a folder of files; branches and tags by name."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath

import pygit2
from pygit2.enums import FileMode

from modelyard.rooms.repos import branching, committing, git, receiving_hook
from modelyard.rooms.repos.errors import (
    BranchMoved,
    FileMissing,
    GitPathRefused,
    PathTaken,
    RefExists,
    RefRefused,
    RevisionMissing,
)
from modelyard.rooms.repos.git import HEADS, NOTHING, LfsPointer
from modelyard.rooms.repos.ports import RefChange
from modelyard.rooms.repos.receiving_hook import Command

Changes = Mapping[str, "bytes | LfsPointer | None"]
"""Path → new content, the pointer to it, or None for a file that goes; a path that ends with ``/`` is a folder."""


def commit_changes(
    path: Path,
    changes: Changes,
    *,
    branch: str,
    base: str | None,
    message: str,
    author: str,
    at: datetime,
) -> RefChange:
    """Commits upon a branch, which is made by the first commit of a repository; without any change nothing is done.

    ``base`` is where the branch has to be, ``NOTHING`` for one that is new. Raises ``BranchMoved`` where it is not, or
    others were quicker; ``RevisionMissing`` for a branch that there is not, ``FileMissing`` for what was to go,
    ``PathTaken`` where a folder would have to be a file or the other way round, ``GitPathRefused``.
    """
    repository, ref = git.open_repository(path), f"{HEADS}{branch}"
    old = branching.target_of(path, ref)
    if base not in (None, old):
        raise BranchMoved(f"{branch} is not at {base} any more.", remedy="Look at what came, and try again.")
    if old == NOTHING and base != NOTHING and not git.is_empty(path):
        raise RevisionMissing(f"There is no branch {branch!r}.", field="revision")
    tree = _write_tree(repository, repository[old].peel(pygit2.Commit) if old != NOTHING else None, changes)
    with committing.locked(path):
        new = committing.write_commit(repository, ref, tree, base=old, message=message, author=author, at=at)
    return RefChange(ref=ref, old=old, new=new)


def create_ref(path: Path, change: RefChange) -> None:
    """Makes a branch or a tag; raises ``RefExists``."""
    repository = pygit2.Repository(str(path))
    try:
        repository.references.create(change.ref, pygit2.Oid(hex=change.new))
    except pygit2.AlreadyExistsError as e:
        raise RefExists(f"There is {change.ref} already.", remedy="Choose another name.") from e
    except (ValueError, pygit2.GitError) as e:
        raise RefRefused(f"{change.ref!r} cannot be used as a name.", remedy="Choose another one.") from e


def delete_ref(path: Path, ref: str) -> RefChange:
    """Removes a branch or a tag; raises ``RevisionMissing``."""
    old = branching.target_of(path, ref)
    if old == NOTHING:
        raise RevisionMissing(f"There is no {ref}.", field="revision")
    pygit2.Repository(str(path)).references.delete(ref)
    return RefChange(ref=ref, old=old, new=NOTHING)


def require_ref(ref: str, *, deletes: bool, maintains: bool) -> None:
    """Holds every door to the rules that pushes by Git have; raises ``RefRefused``."""
    if not ref.isprintable() or not pygit2.reference_is_valid_name(ref):
        raise RefRefused(f"{ref!r} cannot be used as a name.", remedy="Choose another one.")
    command = Command(old=NOTHING, new=NOTHING if deletes else "1" * 40, ref=ref)
    if reason := receiving_hook.why_refused(command, maintains=maintains):
        raise RefRefused(f"{ref}: {reason}.", remedy="Choose another branch or tag.")


def write_overlay_tag(path: Path, *, tag: str, base: str, changes: Changes, message: str, author: str) -> str:
    """Points a tag at a new commit upon ``base``, at its time, so that the same again is the same commit; returns it.

    Raises ``ValueError`` where the tag points elsewhere already.
    """
    at = git.find_commit(path, base).at
    commit_id = commit_upon(path, base, changes, message=message, author=author, at=at)
    git.write_tag(path, tag, commit_id)
    return commit_id


def commit_upon(path: Path, base: str, changes: Changes, *, message: str, author: str, at: datetime) -> str:
    """A commit upon another one, on no branch yet. The same arguments give the same commit."""
    repository = git.open_repository(path)
    parent = repository[base].peel(pygit2.Commit)
    who = pygit2.Signature(author, f"{author}@users.modelyard", int(at.timestamp()), 0)
    tree = _write_tree(repository, parent, changes)
    return str(repository.create_commit(None, who, who, message, tree, [parent.id]))


def _write_tree(repository: pygit2.Repository, parent: pygit2.Commit | None, changes: Changes) -> pygit2.Oid:
    index = pygit2.Index()
    if parent is not None:
        index.read_tree(parent.tree)
    for name in (name for name, change in changes.items() if change is None):  # what goes goes first
        _remove(index, name)
    written = {name: change for name, change in changes.items() if change is not None}
    _require_free(index, written)
    for name, change in written.items():
        data = change.to_bytes() if isinstance(change, LfsPointer) else change
        _add(index, pygit2.IndexEntry(name, repository.create_blob(data), _mode(index, name)))
    return index.write_tree(repository)


def _require_free(index: pygit2.Index, names: Iterable[str]) -> None:
    """Raises ``PathTaken`` where a file has to be a folder, or a folder a file, for these files to be there."""
    files = {entry.path for entry in index}.union(names)
    folders = {parent.as_posix() for file in files for parent in PurePosixPath(file).parents}
    if taken := min(files & folders, default=None):
        raise PathTaken(f"{taken} cannot be a file and a folder.", remedy="Choose another name.", field="path")


def _add(index: pygit2.Index, entry: pygit2.IndexEntry) -> None:
    try:
        index.add(entry)
    except (ValueError, OSError, pygit2.GitError) as e:
        raise GitPathRefused(f"{entry.path!r} cannot be a file.", remedy="Choose another name.", field="path") from e


def _remove(index: pygit2.Index, name: str) -> None:
    gone = [entry.path for entry in index if entry.path.startswith(name)] if name.endswith("/") else [name]
    if not gone or (gone == [name] and name not in index):
        raise FileMissing(f"A file with this name doesn't exist: {name}", field="path")
    for path in gone:
        index.remove(path)


def _mode(index: pygit2.Index, name: str) -> FileMode:
    """A script that is changed stays one that can be executed."""
    executable = name in index and index[name].mode == FileMode.BLOB_EXECUTABLE
    return FileMode.BLOB_EXECUTABLE if executable else FileMode.BLOB
