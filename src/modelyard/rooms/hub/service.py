"""Commits, listings and refs as Hugging Face's client knows them, on the repositories that there are."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.content import service as content
from modelyard.rooms.hub import rules
from modelyard.rooms.hub.errors import HubRequestInvalid
from modelyard.rooms.hub.policies import Committer
from modelyard.rooms.hub.rules import HubCommit
from modelyard.rooms.hub.schemas import PlannedFile
from modelyard.rooms.repos import attributes, lfs
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import BranchMoved, FileMissing, RevisionMissing
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.repos.ports import PushedRefs, RefChange, RepositoryOptions
from modelyard.rooms.repos.schemas import Commit, Repository
from modelyard.rooms.repos.trees import TreeItem
from modelyard.rooms.sources import service as sources

MAIN = "main"
TRIES = 5
PAGE = 5000
HEADS, TAGS = "refs/heads/", "refs/tags/"


@dataclass(frozen=True, slots=True)
class HubTools:
    """What commits by this door work with."""

    database: Database
    repositories: RepositoryOptions
    pushed: PushedRefs
    clock: Clock


def find_commit(options: RepositoryOptions, repository: Repository, revision: str) -> Commit | None:
    """What a revision is; None for ``main`` before the first commit. Raises ``RevisionMissing``."""
    try:
        commit_id = repos.resolve(options, repository.id, revision)
    except RevisionMissing:
        if revision in (MAIN, "HEAD") and not any(repos.refs(options, repository.id)):
            return None
        raise
    return repos.list_commits(options, repository.id, revision=commit_id, limit=1)[0]


def show_repository(
    options: RepositoryOptions, repository: Repository, revision: str, *, blobs: bool
) -> dict[str, Any]:
    """What is said of a repository at a revision, with its files."""
    commit = find_commit(options, repository, revision)
    items: Iterable[TreeItem] = (
        repos.list_tree(options, repository.id, commit.id, recursive=True) if commit is not None else ()
    )
    siblings = [rules.show_sibling(item, blobs=blobs) for item in items if not item.is_folder]
    return rules.show_repository(repository, commit=commit, siblings=siblings)


def list_tree(
    options: RepositoryOptions, repository: Repository, revision: str, folder: str, *, recursive: bool, start: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of a listing from item ``start`` on, and the commit where there is more to come."""
    commit = find_commit(options, repository, revision)
    if commit is None:
        return [], None
    items = repos.list_tree(options, repository.id, commit.id, folder, recursive=recursive)
    page = list(islice(items, start, start + PAGE + 1))
    return [rules.show_item(item) for item in page[:PAGE]], commit.id if len(page) > PAGE else None


def find_items(
    options: RepositoryOptions, repository: Repository, revision: str, paths: Sequence[str]
) -> list[dict[str, Any]]:
    """Those of the paths that there are."""
    commit = find_commit(options, repository, revision)
    if commit is None:
        return []
    found = (repos.find_item(options, repository.id, commit.id, path.strip("/")) for path in paths)
    return [rules.show_item(item) for item in found if item is not None]


def find_file(
    options: RepositoryOptions, repository: Repository, revision: str, path: str
) -> tuple[Commit, TreeItem | None]:
    """A file at a revision, None where it has none of that path; raises ``RevisionMissing``."""
    commit = find_commit(options, repository, revision)
    if commit is None:
        raise RevisionMissing(f"There is no revision {revision!r}: nothing was committed yet.", field="revision")
    item = repos.find_item(options, repository.id, commit.id, path)
    return commit, None if item is None or item.is_folder else item


def plan_files(
    options: RepositoryOptions, repository: Repository, revision: str, files: Sequence[PlannedFile]
) -> list[dict[str, Any]]:
    """Which files are to come by LFS: large ones, and those that ``.gitattributes`` gives to it. Of what is there
    already the id is told, by which the client sees that a file has not changed."""
    commit = find_commit(options, repository, revision)
    written = _attributes(options, repository, commit.id) if commit else ""
    planned = []
    for file in files:
        item = repos.find_item(options, repository.id, commit.id, file.path) if commit else None
        large = file.size >= options.lfs_threshold or attributes.is_lfs(written, file.path)
        oid = (item.pointer.oid if item.pointer else item.oid) if item else None
        mode = "lfs" if large else "regular"
        planned.append({"path": file.path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return planned


def commit(tools: HubTools, committer: Committer, branch: str, wanted: HubCommit) -> RefChange:
    """Commits upon a branch; slow: call it outside any transaction. Where others commit at the same time it goes upon
    theirs, unless the client named the commit that it means.

    Raises ``HubRequestInvalid`` for what cannot be committed, ``RefRefused``, ``RevisionMissing``, ``BranchMoved``.
    """
    repository = committer.repository
    repos.require_ref(f"{HEADS}{branch}", maintains=repos.maintains(committer.principal, repository))
    sources.check_paths([*wanted.files, *wanted.large])
    pointers = _pointers(tools, repository, wanted.large)
    for _ in range(TRIES - 1):
        with contextlib.suppress(BranchMoved):
            return _commit(tools, committer, branch, wanted, pointers)
        if wanted.parent is not None:
            break
    return _commit(tools, committer, branch, wanted, pointers)


def create_branch(tools: HubTools, committer: Committer, branch: str, revision: str) -> None:
    """Raises ``RefRefused``, ``RefExists`` and ``RevisionMissing``."""
    _create(tools, committer, f"{HEADS}{branch}", revision)


def create_tag(tools: HubTools, committer: Committer, tag: str, revision: str) -> Sequence[str]:
    """A tag asks for the next version of its commit, whichever door it comes through; answers what became of it."""
    return _create(tools, committer, f"{TAGS}{tag}", revision)


def delete_ref(tools: HubTools, committer: Committer, ref: str) -> None:
    """Raises ``RefRefused`` and ``RevisionMissing``."""
    maintains = repos.maintains(committer.principal, committer.repository)
    change = repos.delete_ref(tools.repositories, committer.repository.id, ref, maintains=maintains)
    tools.pushed.refs_changed(committer.principal, committer.repository, [change])


def _create(tools: HubTools, committer: Committer, ref: str, revision: str) -> Sequence[str]:
    maintains = repos.maintains(committer.principal, committer.repository)
    return repos.create_ref(
        tools.repositories,
        committer.repository.id,
        ref,
        revision=revision,
        maintains=maintains,
        principal=committer.principal,
        finish=partial(tools.pushed.refs_changed, committer.principal, committer.repository),
    )


def _commit(
    tools: HubTools, committer: Committer, branch: str, wanted: HubCommit, pointers: Mapping[str, LfsPointer]
) -> RefChange:
    repository, changes = committer.repository, dict[str, bytes | LfsPointer | None]()
    changes |= dict.fromkeys(wanted.removed) | wanted.files | dict(pointers)
    if pointers:
        changes[attributes.NAME] = _with_lfs(tools, repository, branch, wanted, pointers)
    change = repos.commit_changes(
        tools.repositories,
        repository.id,
        changes,
        branch=branch,
        base=wanted.parent,
        message=wanted.message or "Upload with huggingface_hub",
        author=committer.principal.username or "unknown",
        at=tools.clock(),
    )
    repos.after_change(tools.database, tools.repositories, repository.id)
    tools.pushed.refs_changed(committer.principal, repository, [change])
    return change


def _pointers(tools: HubTools, repository: Repository, large: Mapping[str, str]) -> dict[str, LfsPointer]:
    """The objects of a commit, which must have come before; from now on they are LFS's."""
    with tools.database.write() as session:
        repos.require_present(session, repository.id)
        sizes = content.held_sizes(session, holder_id=repository.id, digests={lfs.digest_of(o) for o in large.values()})
        for path, oid in large.items():
            if lfs.digest_of(oid) not in sizes:
                raise HubRequestInvalid(f"The object of {path} has not come: {oid}.", remedy="Upload it again.")
        lfs.keep_held(session, repository.id, set(large.values()), clock=tools.clock)
    return {path: LfsPointer(oid, sizes[lfs.digest_of(oid)]) for path, oid in large.items()}


def _with_lfs(
    tools: HubTools, repository: Repository, branch: str, wanted: HubCommit, pointers: Mapping[str, LfsPointer]
) -> bytes:
    """``.gitattributes`` that gives the commit's large files to LFS, so that a clone has them."""
    if attributes.NAME in wanted.files:
        written = wanted.files[attributes.NAME].decode("utf-8", "surrogateescape")
    else:
        found = repos.refs(tools.repositories, repository.id)[0].get(branch)
        written = _attributes(tools.repositories, repository, found) if found else ""
    missing = [path for path in pointers if not attributes.is_lfs(written, path)]
    return attributes.with_lfs(written, missing).encode("utf-8", "surrogateescape")


def _attributes(options: RepositoryOptions, repository: Repository, commit_id: str) -> str:
    try:
        data = repos.read_file(options, repository.id, revision=commit_id, path=attributes.NAME)
    except FileMissing:
        return ""
    return data.decode("utf-8", "surrogateescape")
