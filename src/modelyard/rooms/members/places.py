"""What somebody can be a member of, with what is needed to decide and to tell of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.access import service as access
from modelyard.rooms.access.schemas import MemberRole, MemberScope
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Account, Principal
from modelyard.rooms.audit import service as audit
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.repos.schemas import Repository


@dataclass(frozen=True, slots=True)
class Place:
    """A repository or an organisation. ``role`` is the caller's there, ``owner_id`` whose it is (its own id for an
    organisation), ``name`` its address."""

    scope: MemberScope
    owner_id: UUID
    name: str
    role: MemberRole | None

    @property
    def repository_id(self) -> UUID | None:
        return None if self.scope.is_organisation else self.scope.id

    @property
    def organisation_id(self) -> UUID | None:
        return self.scope.id if self.scope.is_organisation else None


def repository_place(repository: Repository) -> Place:
    return Place(MemberScope(repository.id), repository.owner_id, repository.address, repository.role)


def organisation_place(session: Session, principal: Principal, organisation: Account) -> Place:
    role = access.role_in_account(session, principal, organisation.id)
    return Place(MemberScope(organisation.id, is_organisation=True), organisation.id, organisation.username, role)


def role_of(session: Session, account_id: UUID, place: Place) -> MemberRole | None:
    """What an account is there now, whoever asks; None for one that is disabled."""
    account = accounts.get_account(session, account_id)
    if account.disabled:
        return None
    principal = Principal(account.id, account.username, account.role)
    if place.repository_id is None:
        return access.role_in_account(session, principal, place.owner_id)
    return access.roles_in(session, principal, {place.repository_id: place.owner_id})[place.repository_id]


def require(principal: Principal, place: Place, needed: MemberRole) -> None:
    """Raises ``NotOwner`` unless the caller, whose role the place holds, may do what takes the ``needed`` one."""
    access.require_role(principal, needed, id=place.scope.id, role=place.role, address=place.name)


def tell(session: Session, principal: Principal, action: Action, place: Place, **details: Any) -> None:
    """Writes to the audit log, in this transaction, what the principal does there."""
    audit.record(
        session,
        principal,
        action,
        subject=place.name,
        owner_id=place.owner_id,
        repository_id=place.repository_id,
        **details,
    )
