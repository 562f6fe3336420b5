"""What a repository's commits hold. Takes no session: Git is the ledger of files."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

from modelyard.rooms.repos import amending, comparing, git
from modelyard.rooms.repos.git import CommitFacts, LfsPointer
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Commit, Comparison, TreeEntry


def commit_files(
    options: RepositoryOptions,
    repository_id: UUID,
    folder: Path,
    *,
    pointers: Mapping[str, LfsPointer],
    message: str,
    author: str,
    at: datetime,
    base: str | None = None,
) -> str:
    """Commits a folder as the new state of ``main``; returns the commit's id. Takes no session: Git is the ledger.

    Raises ``BranchMoved`` where ``main`` is not at ``base`` any more, if that is given.
    """
    path = git.repository_path(options.root, repository_id)
    return git.commit_folder(path, folder, pointers=pointers, message=message, author=author, at=at, base=base)


def head(options: RepositoryOptions, repository_id: UUID) -> str:
    """The commit that ``main`` is at; ``git.NOTHING`` before the first."""
    return git.head(git.repository_path(options.root, repository_id))


def checkout(options: RepositoryOptions, repository_id: UUID, revision: str, folder: Path) -> dict[str, LfsPointer]:
    """Writes a revision's files into ``folder``; those kept by LFS are not written but returned, path → pointer."""
    pointers: dict[str, LfsPointer] = {}
    for name, data in git.walk_files(git.repository_path(options.root, repository_id), revision):
        if pointer := LfsPointer.parse(data):
            pointers[name] = pointer
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return pointers


def walk_files(options: RepositoryOptions, repository_id: UUID, revision: str) -> Iterator[tuple[str, bytes]]:
    """Every file of a revision as (path, bytes that Git holds)."""
    return git.walk_files(git.repository_path(options.root, repository_id), revision)


def list_paths(options: RepositoryOptions, repository_id: UUID, revision: str) -> list[str]:
    """The path of every file of a revision."""
    return list(git.walk_paths(git.repository_path(options.root, repository_id), revision))


def find_commit(options: RepositoryOptions, repository_id: UUID, *, revision: str) -> Commit:
    """The commit that a branch, a tag or an (abbreviated) id names; raises ``RevisionMissing``."""
    return _commit(git.find_commit(git.repository_path(options.root, repository_id), revision))


def file_reader(options: RepositoryOptions, repository_id: UUID, revision: str) -> Callable[[str], bytes]:
    """A function that reads files of one revision; for many of them."""
    return git.reader(git.repository_path(options.root, repository_id), revision)


def version_commit(options: RepositoryOptions, repository_id: UUID, number: int) -> str:
    """The commit that a ready version's tag names; raises ``RevisionMissing``."""
    return git.resolve(git.repository_path(options.root, repository_id), f"refs/tags/v{number}")


def write_version_tag(options: RepositoryOptions, repository_id: UUID, *, number: int, commit_id: str) -> None:
    git.write_tag(git.repository_path(options.root, repository_id), f"v{number}", commit_id)


def delete_version_tag(options: RepositoryOptions, repository_id: UUID, *, number: int) -> None:
    git.delete_tag(git.repository_path(options.root, repository_id), f"v{number}")


def write_overlay_tag(
    options: RepositoryOptions,
    repository_id: UUID,
    *,
    tag: str,
    base: str,
    changes: Mapping[str, bytes | None],
    message: str,
    author: str,
) -> str:
    """A tag of the platform at a commit upon ``base``; see ``amending.write_overlay_tag``."""
    path = git.repository_path(options.root, repository_id)
    return amending.write_overlay_tag(path, tag=tag, base=base, changes=changes, message=message, author=author)


def delete_tag(options: RepositoryOptions, repository_id: UUID, tag: str) -> None:
    """Removes a tag; one that is absent is no error."""
    git.delete_tag(git.repository_path(options.root, repository_id), tag)


def list_files(options: RepositoryOptions, repository_id: UUID, *, revision: str, folder: str) -> list[TreeEntry]:
    entries = git.list_folder(git.repository_path(options.root, repository_id), revision, folder)
    return [
        TreeEntry(
            path=e.path,
            name=e.path.rsplit("/", 1)[-1],
            type="folder" if e.is_folder else "file",
            size=e.size,
            lfs=e.pointer is not None,
        )
        for e in entries
    ]


def read_file(options: RepositoryOptions, repository_id: UUID, *, revision: str, path: str) -> bytes:
    """What Git holds of a file; see ``git.LfsPointer`` for files kept by LFS."""
    return git.read_file(git.repository_path(options.root, repository_id), revision, path)


def list_commits(options: RepositoryOptions, repository_id: UUID, *, revision: str, limit: int) -> list[Commit]:
    facts = git.history(git.repository_path(options.root, repository_id), revision, limit=limit)
    return [_commit(found) for found in facts]


def changed_paths(options: RepositoryOptions, repository_id: UUID, *, base: str) -> list[str]:
    """The paths of files that differ between a commit and ``main``."""
    return comparing.changed_paths(git.repository_path(options.root, repository_id), base)


def compare(options: RepositoryOptions, repository_id: UUID, *, base: str, head: str) -> Comparison:
    """What differs between two revisions, file by file; raises ``RevisionMissing``."""
    return comparing.compare(git.repository_path(options.root, repository_id), base, head)


def _commit(facts: CommitFacts) -> Commit:
    return Commit(id=facts.id, message=facts.message, author=facts.author, at=facts.at)
