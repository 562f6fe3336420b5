"""What a repository's commits hold. Takes no session: Git is the ledger of files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.repos import amending, branching, committing, comparing, git, receiving, trees
from modelyard.rooms.repos.amending import Changes
from modelyard.rooms.repos.errors import PathTaken
from modelyard.rooms.repos.git import CommitFacts, LfsPointer
from modelyard.rooms.repos.ports import RefChange, RepositoryOptions
from modelyard.rooms.repos.receiving import Finish
from modelyard.rooms.repos.schemas import (
    Branch,
    Commit,
    CommitChanges,
    Comparison,
    GitTag,
    NewBranch,
    NewCommit,
    TreeEntry,
)
from modelyard.rooms.repos.trees import TreeItem
from modelyard.rooms.sources import service as sources

MAIN = "main"


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
    return committing.commit_folder(path, folder, pointers=pointers, message=message, author=author, at=at, base=base)


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


def commit_changes(
    options: RepositoryOptions,
    repository_id: UUID,
    changes: Changes,
    *,
    branch: str,
    base: str | None,
    message: str,
    author: str,
    at: datetime,
) -> RefChange:
    """A commit upon a branch; see ``amending.commit_changes``. Does not ask who may."""
    path = git.repository_path(options.root, repository_id)
    return amending.commit_changes(path, changes, branch=branch, base=base, message=message, author=author, at=at)


def require_ref(ref: str, *, maintains: bool) -> None:
    """Raises ``RefRefused`` where somebody who ``maintains`` the repository, or does not, may not move the ref."""
    amending.require_ref(ref, deletes=False, maintains=maintains)


def create_ref(
    options: RepositoryOptions,
    repository_id: UUID,
    ref: str,
    *,
    revision: str,
    maintains: bool,
    principal: Principal,
    finish: Finish,
) -> Sequence[str]:
    """A new branch or tag (``refs/…``), and then ``finish``, whose words are returned; a crash in between does not keep
    it from happening. Raises ``RefRefused``, ``RefExists`` and ``RevisionMissing``."""
    amending.require_ref(ref, deletes=False, maintains=maintains)
    path = git.repository_path(options.root, repository_id)
    change = RefChange(ref=ref, old=git.NOTHING, new=git.resolve(path, revision))
    with receiving.journaled(options.root, repository_id, principal, change):
        amending.create_ref(path, change)
        return finish([change])


def delete_ref(options: RepositoryOptions, repository_id: UUID, ref: str, *, maintains: bool) -> RefChange:
    """A branch or tag goes; raises ``RefRefused`` and ``RevisionMissing``."""
    amending.require_ref(ref, deletes=True, maintains=maintains)
    return amending.delete_ref(git.repository_path(options.root, repository_id), ref)


def resolve(options: RepositoryOptions, repository_id: UUID, revision: str) -> str:
    """The commit id of a branch, tag or commit; raises ``RevisionMissing``."""
    return git.resolve(git.repository_path(options.root, repository_id), revision)


def list_tree(
    options: RepositoryOptions, repository_id: UUID, commit_id: str, folder: str = "", *, recursive: bool
) -> Iterator[TreeItem]:
    """What is in a folder of a commit, with Git's ids; raises ``FileMissing``."""
    return trees.list_tree(git.repository_path(options.root, repository_id), commit_id, folder, recursive=recursive)


def find_item(options: RepositoryOptions, repository_id: UUID, commit_id: str, path: str) -> TreeItem | None:
    """One file or folder of a commit; None where there is none."""
    return trees.find_item(git.repository_path(options.root, repository_id), commit_id, path)


def refs(options: RepositoryOptions, repository_id: UUID) -> tuple[dict[str, str], dict[str, str]]:
    """Branches and tags: name → commit id."""
    path = git.repository_path(options.root, repository_id)
    return branching.branches(path), git.tags(path)


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


def list_commits(
    options: RepositoryOptions,
    repository_id: UUID,
    *,
    revision: str,
    beyond: str | None = None,
    limit: int,
    skip: int = 0,
) -> list[Commit]:
    path = git.repository_path(options.root, repository_id)
    facts = git.history(path, revision, beyond=beyond, skip=skip, limit=limit)
    return [_commit(found) for found in facts]


def changed_paths(options: RepositoryOptions, repository_id: UUID, *, base: str) -> list[str]:
    """The paths of files that differ between a commit and ``main``."""
    return comparing.changed_paths(git.repository_path(options.root, repository_id), base)


def compare(options: RepositoryOptions, repository_id: UUID, *, base: str, head: str) -> Comparison:
    """What differs between two revisions, file by file; raises ``RevisionMissing``."""
    return comparing.compare(git.repository_path(options.root, repository_id), base, head)


def show_commit(options: RepositoryOptions, repository_id: UUID, *, revision: str) -> CommitChanges:
    """A commit and what it changed; raises ``RevisionMissing``."""
    path = git.repository_path(options.root, repository_id)
    commit = _commit(git.find_commit(path, revision))
    return CommitChanges(commit=commit, changes=comparing.changes_of(path, commit.id))


def list_branches(options: RepositoryOptions, repository_id: UUID) -> list[Branch]:
    """``main`` first, the others by name."""
    path = git.repository_path(options.root, repository_id)
    found = branching.branches(path)
    ordered = sorted(found, key=lambda name: (name != MAIN, name))
    return [_branch(path, name, found[name]) for name in ordered]


def list_tags(options: RepositoryOptions, repository_id: UUID) -> list[GitTag]:
    """By name, those of versions included."""
    found = git.tags(git.repository_path(options.root, repository_id))
    return [GitTag(name=name, commit=found[name]) for name in sorted(found)]


def create_branch(options: RepositoryOptions, repository_id: UUID, wanted: NewBranch) -> Branch:
    """Raises ``RevisionMissing``, ``BranchExists``, ``BranchNameInvalid``."""
    path = git.repository_path(options.root, repository_id)
    commit_id = git.resolve(path, wanted.revision)
    branching.create_branch(path, wanted.name, commit_id)
    return _branch(path, wanted.name, commit_id)


def delete_branch(options: RepositoryOptions, repository_id: UUID, name: str) -> None:
    """Raises ``BranchMissing``, ``BranchProtected``."""
    branching.delete_branch(git.repository_path(options.root, repository_id), name)


def commit_texts(
    options: RepositoryOptions, repository_id: UUID, wanted: NewCommit, *, author: str, at: datetime
) -> Commit:
    """Raises ``BranchMoved`` where the branch is not at the base any more, and what is wrong with a path."""
    sources.check_paths([change.path for change in wanted.changes])
    if refused := next((c.path for c in wanted.changes if sources.is_junk(c.path)), None):
        raise PathTaken(f"{refused} is left by a program and no content.", remedy="Choose another name.", field="path")
    path = git.repository_path(options.root, repository_id)
    changes = {c.path: None if c.content is None else c.content.encode(errors="replace") for c in wanted.changes}
    change = amending.commit_changes(
        path, changes, branch=wanted.branch, base=wanted.base, message=wanted.message, author=author, at=at
    )
    return _commit(git.find_commit(path, change.new))


def _branch(path: Path, name: str, commit_id: str) -> Branch:
    return Branch(name=name, commit=_commit(git.find_commit(path, commit_id)), protected=name == MAIN)


def _commit(facts: CommitFacts) -> Commit:
    return Commit(id=facts.id, message=facts.message, author=facts.author, at=facts.at, parents=list(facts.parents))
