"""Changing what a repository is called, who sees it, what is said of it, and whose it is."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.repos import store
from modelyard.rooms.repos.errors import RepositoryExists
from modelyard.rooms.repos.permissions import lock_owner, require_maintainer, require_owner, tell
from modelyard.rooms.repos.presenting import present, write_entry
from modelyard.rooms.repos.schemas import Repository, RepositoryChange
from modelyard.rooms.repos.tables import RepositoryRow


def change_repository(
    session: Session, *, principal: Principal, repository: Repository, change: RepositoryChange, clock: Clock
) -> Repository:
    """Renames, shows or describes a repository; addresses of the old name stop working at once.

    Maintainers describe, owners also rename and decide who sees it: else ``NotOwner``.
    """
    require_maintainer(principal, repository)
    row = store.require(session, repository.id)
    values = change.model_dump(exclude_none=True, mode="json")
    if any(values.get(name, getattr(row, name)) != getattr(row, name) for name in ("name", "visibility")):
        require_owner(principal, repository)
    renamed = values.get("name", row.name) != row.name
    if renamed and store.name_taken(session, owner_id=row.owner_id, name=values["name"]):
        raise RepositoryExists(f"There is a repository '{values['name']}' already.", field="name")
    _tell_of_change(session, principal, repository, row, values)
    for name, value in values.items():
        setattr(row, name, value)
    row.updated_at = clock()
    write_entry(session, row)
    return present(session, [row], principal)[0]


def give_to(session: Session, *, principal: Principal, repository_id: UUID, owner_id: UUID, clock: Clock) -> Repository:
    """The repository belongs to another account from now on; addresses of the old owner stop working at once.

    Does not ask who may. Raises ``RepositoryMissing``, ``RepositoryExists``.
    """
    store.require_present(session, repository_id)
    row = store.require(session, repository_id)
    lock_owner(session, owner_id)
    if store.name_taken(session, owner_id=owner_id, name=row.name):
        raise RepositoryExists(f"There is a repository '{row.name}' there already.", remedy="Rename one of the two.")
    row.owner_id, row.updated_at = owner_id, clock()
    write_entry(session, row)
    return present(session, [row], principal)[0]


def _tell_of_change(
    session: Session, principal: Principal, repository: Repository, row: RepositoryRow, values: dict[str, Any]
) -> None:
    """Who sees it is told apart from all else, of which only the names of what changed are kept."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if visibility := changed.pop("visibility", None):
        tell(session, principal, Action.REPOSITORY_SHOWN, repository, before=row.visibility, after=visibility)
    if changed:
        renamed = {"name": changed["name"]} if "name" in changed else {}
        tell(session, principal, Action.REPOSITORY_CHANGED, repository, fields=sorted(changed), **renamed)
