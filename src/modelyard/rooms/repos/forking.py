"""Copies of repositories: their branches with their large files, without versions, stars and feedback."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.ids import new_id
from modelyard.rooms.access import service as access
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import StorageBounds
from modelyard.rooms.repos import branching, folders, git, service, store, upkeep
from modelyard.rooms.repos.errors import RepositoryExists
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.presenting import present, write_entry
from modelyard.rooms.repos.schemas import NewFork, Repository

LFS = "lfs"
UNFINISHED = ("tmp_", "incoming-")


@dataclass(frozen=True, slots=True)
class PreparedFork:
    """A copy of a Git repository that is not a repository yet: a draft of ``size`` bytes, which a start-up removes."""

    repository_id: UUID
    draft: Path
    size: int


def prepare_fork(options: RepositoryOptions, *, principal: Principal, source: Repository) -> PreparedFork:
    """Copies what Git holds. Slow: call it outside any transaction. Objects never change, so they are linked."""
    access.require_creator(principal)
    identity = new_id()
    path = git.repository_path(options.root, identity)
    draft = folders.make_draft(path)
    origin = git.repository_path(options.root, source.id)
    branches = branching.branches(origin)  # before its objects are: these are then there
    while not _link_objects(origin / "objects", draft / "objects"):
        pass  # packs were consolidated meanwhile: what took their place is there now
    for branch, commit_id in branches.items():
        branching.set_branch(draft, branch, commit_id)
    return PreparedFork(identity, draft, upkeep.measure(draft))


def record_fork(
    session: Session,
    options: RepositoryOptions,
    bounds: StorageBounds,
    *,
    principal: Principal,
    source: Repository,
    wanted: NewFork,
    fork: PreparedFork,
    clock: Clock,
) -> Repository:
    """Makes the copy a repository of the caller's, or of the owner that is wanted. Raises ``RepositoryExists``,
    ``NotOwner``, ``OwnerInvalid``, a ``QuotaExceeded`` where the owner may not hold so much, and ``RepositoryMissing``
    where the source has gone meanwhile; the draft is gone then."""
    try:
        made = _record(session, principal, source, wanted, fork, clock)
        bounds.require_room(made.owner_id, service.stored_bytes(session, made))
        folders.keep_draft(git.repository_path(options.root, made.id))  # last: what fails before leaves a draft
        return made
    except Exception:
        shutil.rmtree(fork.draft, ignore_errors=True)
        raise


def _record(
    session: Session,
    principal: Principal,
    source: Repository,
    wanted: NewFork,
    fork: PreparedFork,
    clock: Clock,
) -> Repository:
    service.require_present(session, source.id)
    now, name = clock(), wanted.name or source.name
    values = {
        "id": fork.repository_id,
        "owner_id": service.owner_for_new(session, principal, wanted.owner),
        "name": name,
        "kind": source.kind.value,
        "visibility": wanted.visibility.value,
        "title": source.title,
        "description": source.description,
        "tags": source.tags,
        "forked_from": source.id,
        "next_version": 1,
        "git_bytes": fork.size,
        "deleting": False,
        "created_at": now,
        "updated_at": now,
    }
    if not store.insert(session, values):
        raise RepositoryExists(
            f"There is a repository '{name}' already.", remedy="Give the copy another name.", field="name"
        )
    content.copy_grants(session, source_id=source.id, target_id=fork.repository_id, why=LFS, clock=clock)
    row = store.get(session, fork.repository_id)
    assert row is not None  # inserted just now
    write_entry(session, row, data_types=tuple(source.data_types))
    made = present(session, [row], principal)[0]
    service.tell(session, principal, Action.REPOSITORY_CREATED, made, fork_of=source.address)
    return made


def _link_objects(source: Path, target: Path) -> bool:
    """Files under their own names; what is being written or received just now has a name that begins with ``tmp_``.
    Says whether every file was still there."""
    complete = True
    for folder, inner, names in os.walk(source):
        inner[:] = [name for name in inner if not name.startswith(UNFINISHED)]
        place = target / Path(folder).relative_to(source)
        place.mkdir(exist_ok=True)
        for name in names:
            if not name.startswith(UNFINISHED) and not name.endswith(".keep"):
                complete &= _link(Path(folder) / name, place / name)
        _sync(place)
    return complete


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except FileExistsError:
        return True
    except FileNotFoundError:
        return False
    except OSError:
        shutil.copyfile(source, target)
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
