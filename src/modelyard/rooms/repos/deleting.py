"""Deleting a repository: out of sight at once, its rows and files afterwards."""

from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.repos import folders, git, receiving, store
from modelyard.rooms.repos.permissions import require_owner, tell
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.search import service as search


def begin_deletion(session: Session, *, principal: Principal, repository: Repository) -> None:
    """Takes the repository out of sight and frees its name at once; what it held goes with ``delete_rows``."""
    require_owner(principal, repository)
    tell(session, principal, Action.REPOSITORY_DELETED, repository)
    row = store.require(session, repository.id)
    row.deleting, row.name = True, row.id.hex
    search.remove_entry(session, row.id)


def delete_rows(session: Session, repository_id: UUID) -> None:
    """Removes the row, and with it every row that refers to it. May be repeated."""
    store.delete(session, repository_id)


def delete_git(options: RepositoryOptions, repository_id: UUID) -> None:
    """Removes the Git repository; may take long. May be repeated."""
    folders.delete(git.repository_path(options.root, repository_id))


def clear_remains(session: Session, options: RepositoryOptions) -> list[Path]:
    """For the start-up, while nobody writes: removes what a crash left in and among the Git repositories.

    One without a row goes only if it is empty, as a creation leaves it that was cut off before its commit: whoever
    restores a database of yesterday keeps today's content. Returns what was removed.
    """
    receiving.await_orphans(options)
    known = store.all_ids(session)
    cut_off = [path for id, path in folders.repositories(options.root) if id not in known and git.is_empty(path)]
    for path in cut_off:
        folders.delete(path)
    return cut_off + folders.clear_remains(options.root)


def repositories_to_delete(session: Session) -> list[UUID]:
    """Those whose deletion was begun; for the sweep at start-up."""
    return [row.id for row in store.deleting(session)]
