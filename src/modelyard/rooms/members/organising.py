"""Organisations: made, described, closed."""

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.rooms.access import service as access
from modelyard.rooms.access.errors import SignInRequired
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.access.schemas import MemberRole, MemberScope
from modelyard.rooms.accounts import organisations
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import Account, Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.members import store
from modelyard.rooms.members.errors import OrganisationNotEmpty
from modelyard.rooms.members.places import Place, organisation_place, require, tell
from modelyard.rooms.members.schemas import NewOrganisation, Organisation, OrganisationChange
from modelyard.rooms.repos import service as repos


def create_organisation(
    session: Session, *, principal: Principal, wanted: NewOrganisation, clock: Clock
) -> Organisation:
    """The caller is its first owner. Raises ``UsernameRefused``, ``UsernameTaken``."""
    made = organisations.create_organisation(
        session, username=wanted.username, display_name=wanted.display_name, clock=clock
    )
    scope = MemberScope(made.id, is_organisation=True)
    access.put_member(session, scope, own_id(principal), role=MemberRole.OWNER, expires_at=None, now=clock())
    tell(session, principal, Action.ORGANISATION_CREATED, Place(scope, made.id, made.username, MemberRole.OWNER))
    return _shown(made, MemberRole.OWNER)


def get_organisation(session: Session, *, principal: Principal, username: str, options: AccountOptions) -> Organisation:
    """For everybody, or every account where the site requires sign-in. Raises ``OrganisationMissing``."""
    if principal.is_anonymous and options.require_sign_in:
        raise SignInRequired(remedy="Sign in, or send a token in the Authorization header.")
    found = organisations.get_organisation(session, username)
    return _shown(found, access.role_in_account(session, principal, found.id))


def list_mine(session: Session, principal: Principal) -> list[Organisation]:
    """What the caller belongs to, by name."""
    roles = access.organisations_of(session, principal)
    known = accounts.present_accounts(session, roles)
    return sorted((_shown(known[id], role) for id, role in roles.items()), key=lambda found: found.username)


def change_organisation(
    session: Session, *, principal: Principal, place: Place, change: OrganisationChange
) -> Organisation:
    """Raises ``NotOwner``."""
    require(principal, place, MemberRole.OWNER)
    changed = organisations.rename_organisation(session, place.name, display_name=change.display_name)
    tell(session, principal, Action.ORGANISATION_CHANGED, place, fields=["display_name"])
    return _shown(changed, place.role)


def delete_organisation(session: Session, *, principal: Principal, place: Place) -> None:
    """Closes it for good; its name is not given again. Raises ``NotOwner``, and ``OrganisationNotEmpty`` while it owns
    repositories."""
    require(principal, place, MemberRole.OWNER)
    organisations.lock_organisation(session, place.scope.id)
    if repos.owns_any(session, place.scope.id):
        raise OrganisationNotEmpty(
            f"'{place.name}' has repositories.", remedy="Transfer or delete them first, also those you may not see."
        )
    access.remove_members(session, place.scope)
    store.delete_invitations(session, place.scope)
    organisations.close_organisation(session, place.scope.id)
    tell(session, principal, Action.ORGANISATION_DELETED, place)


def find_place(
    session: Session, principal: Principal, username: str, *, needed: MemberRole = MemberRole.READER
) -> Place:
    """The organisation, for a member who is at least ``needed``; raises ``OrganisationMissing``, ``NotOwner``."""
    place = organisation_place(session, principal, organisations.get_organisation(session, username))
    require(principal, place, needed)
    return place


def _shown(account: Account, role: MemberRole | None) -> Organisation:
    return Organisation(
        username=account.username, display_name=account.display_name, role=role, created_at=account.created_at
    )
