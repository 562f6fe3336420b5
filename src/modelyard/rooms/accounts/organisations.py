"""Accounts that people belong to instead of signing in. Who belongs to them, as what, is known one storey up."""

from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.db import insert_or_ignore
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import rules, service, store
from modelyard.rooms.accounts.errors import OrganisationMissing, UsernameTaken
from modelyard.rooms.accounts.schemas import Account, AccountKind, Role
from modelyard.rooms.accounts.tables import AccountRow


def create_organisation(session: Session, *, username: str, display_name: str, clock: Clock) -> Account:
    """Raises ``UsernameRefused`` or ``UsernameTaken``."""
    rules.check_username(username)
    values = {
        "id": new_id(),
        "username": username,
        "display_name": display_name,
        "kind": AccountKind.ORGANISATION.value,
        "role": Role.CREATOR.value,
        "password_hash": None,
        "disabled": False,
        "created_at": clock(),
    }
    if not insert_or_ignore(session, AccountRow, values):
        raise UsernameTaken(f"The name '{username}' is taken.", remedy="Choose another name.", field="username")
    return get_organisation(session, username)


def get_organisation(session: Session, username: str) -> Account:
    """Raises ``OrganisationMissing`` for what is a person, or was deleted."""
    return service.account_of(_required(session, username))


def rename_organisation(session: Session, username: str, *, display_name: str) -> Account:
    row = _required(session, username)
    row.display_name = display_name
    return service.account_of(row)


def lock_organisation(session: Session, organisation_id: UUID) -> None:
    """Until this transaction ends nobody else changes who owns it, or deletes it; raises ``OrganisationMissing``."""
    row = store.account_for_update(session, organisation_id)
    if row is None or row.disabled or row.kind != AccountKind.ORGANISATION.value:
        raise OrganisationMissing


def close_organisation(session: Session, organisation_id: UUID) -> None:
    """It is gone for everybody; its name is not given again."""
    row = store.account_for_update(session, organisation_id)
    if row is not None:
        row.disabled = True


def _required(session: Session, username: str) -> AccountRow:
    row = store.account_named(session, username)
    if row is None or row.disabled or row.kind != AccountKind.ORGANISATION.value:
        raise OrganisationMissing(f"There is no organisation '{username[:60]}'.", remedy="Check the name.")
    return row
