"""Erasing a repository, durably: what it held is given up, then its Git repository and rows go."""

from dataclasses import dataclass
from uuid import UUID

from modelyard.kit import durable
from modelyard.kit.db import Database
from modelyard.kit.durable import part, step, workflow
from modelyard.rooms.content import service as content
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.ports import RepositoryOptions

QUEUE = "erasures"


@dataclass(frozen=True, slots=True)
class EraseTools:
    database: Database
    repositories: RepositoryOptions


def enqueue_erasure(repository_id: str) -> None:
    durable.enqueue(QUEUE, erase_repository, repository_id, id=f"erase-{repository_id}")


@workflow(name="erase_repository")
def erase_repository(repository_id: str) -> None:
    give_up_blobs(repository_id)
    remove_repository(repository_id)


@step(name="give_up_blobs")
def give_up_blobs(repository_id: str) -> None:
    """Revokes every grant; garbage collection frees what nobody else holds."""
    with part(EraseTools).database.write() as session:
        content.revoke(session, holder_id=UUID(repository_id))


@step(name="remove_repository")
def remove_repository(repository_id: str) -> None:
    tools = part(EraseTools)
    with tools.database.write() as session:
        repos.finish_deletion(session, repository_id=UUID(repository_id), options=tools.repositories)
