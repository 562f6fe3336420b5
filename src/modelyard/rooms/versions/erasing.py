"""Erasing a repository, durably: its rows and grants go at once, then its Git repository."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import db, durable
from modelyard.kit.db import Database
from modelyard.kit.durable import part, step, workflow
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.content import service as content
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.runs import service as runs
from modelyard.rooms.usage import service as usage

QUEUE = "erasures"


@dataclass(frozen=True, slots=True)
class EraseTools:
    database: Database
    repositories: RepositoryOptions


def begin_erasure(session: Session, *, principal: Principal, repository: Repository) -> None:
    """Takes the repository out of sight; the rest follows the commit. What it used is still shown under its name."""
    usage.keep_name(session, repository.id, repository.address)
    repos.begin_deletion(session, principal=principal, repository=repository)
    db.after_commit(session, lambda: enqueue_erasure(str(repository.id)))


def enqueue_erasure(repository_id: str) -> None:
    """Starts an erasure, once; to be called after the commit. One that cannot be started is left to the sweep."""
    with durable.left_to_sweep(f"erasure of {repository_id}"):
        durable.enqueue(QUEUE, erase_repository, repository_id, id=_identity(repository_id))


def resume_erasure(repository_id: str) -> None:
    """For the sweep: starts the erasure of a repository that is still there, anew where it was broken off for good."""
    identity = _identity(repository_id)
    if durable.has_ended(identity):
        identity = f"{identity}-{new_id()}"
    durable.enqueue(QUEUE, erase_repository, repository_id, id=identity)


@workflow(name="erase_repository")
def erase_repository(repository_id: str) -> None:
    forget_repository(repository_id)
    remove_git(repository_id)


@step(name="forget_repository")
def forget_repository(repository_id: str) -> None:
    """Removes the rows and revokes every grant; garbage collection frees what nobody else holds.

    In one transaction and in this order: a build that is still under way writes its grants only with its version's row.
    """
    with part(EraseTools).database.write() as session:
        runs.delete_checks(session, UUID(repository_id))
        repos.delete_rows(session, UUID(repository_id))
        content.revoke(session, holder_id=UUID(repository_id))


@step(name="remove_git")
def remove_git(repository_id: str) -> None:
    repos.delete_git(part(EraseTools).repositories, UUID(repository_id))


def _identity(repository_id: str) -> str:
    return f"erase-{repository_id}"
