"""What changed between two revisions, file by file (pygit2)."""

from collections.abc import Iterator
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus

from modelyard.rooms.repos import git
from modelyard.rooms.repos.schemas import Comparison, FileChange, FileSide

MAX_CHANGES = 1000
"""So many changed files are named at most; a dataset of images may change in all of them."""

STATUSES = {
    DeltaStatus.ADDED: "added",
    DeltaStatus.DELETED: "removed",
    DeltaStatus.RENAMED: "renamed",
}


def compare(path: Path, base: str, head: str) -> Comparison:
    """The files that differ between two revisions, by path; raises ``RevisionMissing``."""
    repository = git.open_repository(path)
    old, new = git.resolve(path, base), git.resolve(path, head)
    return _compared(repository, repository.diff(old, new), old, new)


def changes_of(path: Path, commit_id: str) -> Comparison:
    """What a commit changed in its first parent; everything is added in one that has none."""
    repository = git.open_repository(path)
    commit = repository[commit_id].peel(pygit2.Commit)
    if commit.parent_ids:
        return compare(path, str(commit.parent_ids[0]), commit_id)
    return _compared(repository, commit.tree.diff_to_tree(swap=True), git.NOTHING, commit_id)


def changed_paths(path: Path, base: str) -> list[str]:
    """The paths that differ between a commit and ``main``, those of both sides; raises ``RevisionMissing``."""
    old, new = git.resolve(path, base), git.head(path)
    if new in (old, git.NOTHING):
        return []
    diff = pygit2.Repository(str(path)).diff(old, new)
    return sorted({name for delta in diff.deltas for name in (delta.old_file.path, delta.new_file.path)})


def _compared(repository: pygit2.Repository, diff: pygit2.Diff, old: str, new: str) -> Comparison:
    diff.find_similar()
    changes = sorted(_changes(repository, diff), key=lambda change: change.path)
    return Comparison(base=old, head=new, files=changes[:MAX_CHANGES], total=len(changes))


def _changes(repository: pygit2.Repository, diff: pygit2.Diff) -> Iterator[FileChange]:
    for delta in diff.deltas:
        status = STATUSES.get(delta.status, "changed")
        before = None if status == "added" else _side(repository, delta.old_file)
        after = None if status == "removed" else _side(repository, delta.new_file)
        yield FileChange(path=delta.new_file.path, status=status, before=before, after=after)


def _side(repository: pygit2.Repository, file: pygit2.DiffFile) -> FileSide:
    blob = repository.get(file.id)
    if not isinstance(blob, pygit2.Blob):  # a submodule's commit, which is elsewhere
        return FileSide(path=file.path, size=0, lfs=False)
    pointer = git.LfsPointer.parse(blob.data) if blob.size <= git.LFS_POINTER_LIMIT else None
    return FileSide(path=file.path, size=pointer.size if pointer else blob.size, lfs=pointer is not None)
