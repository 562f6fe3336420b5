"""Invitations: written, listed, taken back, accepted, declined."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.ids import new_id, new_secret
from modelyard.rooms.access import service as access
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.access.schemas import MemberRole, MemberScope
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.members import rules, store
from modelyard.rooms.members.errors import AlreadyMember, MemberInvitationMissing
from modelyard.rooms.members.places import Place, require, role_of, tell
from modelyard.rooms.members.schemas import CreatedMemberInvitation, MemberInvitation, NewMemberInvitation
from modelyard.rooms.members.tables import MemberInvitationRow
from modelyard.rooms.repos import service as repos


def invite(
    session: Session,
    *,
    principal: Principal,
    place: Place,
    wanted: NewMemberInvitation,
    options: AccountOptions,
    clock: Clock,
) -> CreatedMemberInvitation:
    """Offers a role to an account, or to whoever opens the link, whose secret is in the answer and nowhere else.

    Another invitation of the same account takes the place of the one before. Raises ``NotOwner``, ``RoleTooHigh``,
    ``AccountMissing``, ``NotAPerson``, ``AlreadyMember``, ``MembershipInvalid``.
    """
    require(principal, place, MemberRole.OWNER)
    rules.check_gift(wanted.role, own=place.role)
    rules.check_end(wanted.member_until, now=clock(), field="member_until")
    invited = _invited(session, principal, place, wanted.username)
    secret, now = None if invited else new_secret("my_member"), clock()
    row = MemberInvitationRow(
        id=new_id(),
        repository_id=place.repository_id,
        organisation_id=place.organisation_id,
        account_id=invited,
        secret_hash=accounts.secret_digest(secret) if secret else None,
        role=wanted.role.value,
        member_until=wanted.member_until,
        created_by=own_id(principal),
        created_at=now,
        expires_at=now + timedelta(days=wanted.expires_in_days),
    )
    store.add_invitation(session, row)
    tell(session, principal, Action.MEMBER_INVITED, place, member=wanted.username, role=wanted.role)
    url = f"{options.public_url.rstrip('/')}/join?invitation={quote(secret)}" if secret else None
    return CreatedMemberInvitation(**present(session, [row])[0].model_dump(), secret=secret, url=url)


def list_invitations(session: Session, *, principal: Principal, place: Place) -> list[MemberInvitation]:
    """The open ones, newest first; raises ``NotOwner``."""
    require(principal, place, MemberRole.OWNER)
    return present(session, store.invitations_to(session, place.scope, now=principal.asked_at))


def withdraw(session: Session, *, principal: Principal, place: Place, invitation_id: UUID) -> None:
    """Takes an invitation to this place back; raises ``NotOwner``, ``MemberInvitationMissing``."""
    require(principal, place, MemberRole.OWNER)
    row = store.invitation(session, invitation_id, now=principal.asked_at)
    if row is None or _scope(row) != place.scope:
        raise MemberInvitationMissing
    tell(session, principal, Action.MEMBER_INVITATION_ENDED, place, how="withdrawn", role=row.role)
    store.delete_invitation(session, row)


def list_mine(session: Session, principal: Principal) -> list[MemberInvitation]:
    """The open ones that name the caller, newest first."""
    return present(session, store.invitations_for(session, own_id(principal), now=principal.asked_at))


def look_at_link(session: Session, principal: Principal, *, secret: str) -> MemberInvitation:
    """What a link offers; raises ``MemberInvitationMissing``."""
    return present(session, [_linked(session, principal, secret)])[0]


def accept(session: Session, *, principal: Principal, invitation_id: UUID, clock: Clock) -> MemberInvitation:
    """Raises ``MemberInvitationMissing`` for one that is not the caller's."""
    return _join(session, principal, _own(session, principal, invitation_id), clock)


def accept_link(session: Session, *, principal: Principal, secret: str, clock: Clock) -> MemberInvitation:
    """It works once; raises ``MemberInvitationMissing``, and ``AlreadyMember`` for who would gain nothing by it."""
    return _join(session, principal, _linked(session, principal, secret), clock)


def decline(session: Session, *, principal: Principal, invitation_id: UUID) -> None:
    """Raises ``MemberInvitationMissing``."""
    row = _own(session, principal, invitation_id)
    tell(session, principal, Action.MEMBER_INVITATION_ENDED, _place(session, row), how="declined", role=row.role)
    store.delete_invitation(session, row)


def present(session: Session, rows: Sequence[MemberInvitationRow]) -> list[MemberInvitation]:
    ids = {id for row in rows for id in (row.account_id, row.created_by, row.organisation_id) if id}
    names = accounts.usernames(session, ids) if ids else {}
    repositories = repos.present_repositories(session, [row.repository_id for row in rows if row.repository_id], None)
    return [
        MemberInvitation(
            id=row.id,
            repository=repositories[row.repository_id].address if row.repository_id else None,
            organisation=names[row.organisation_id] if row.organisation_id else None,
            username=names[row.account_id] if row.account_id else None,
            role=MemberRole(row.role),
            member_until=row.member_until,
            invited_by=names[row.created_by],
            created_at=row.created_at,
            expires_at=row.expires_at,
        )
        for row in rows
        if row.repository_id is None or row.repository_id in repositories  # not while it is being deleted
    ]


def _invited(session: Session, principal: Principal, place: Place, username: str | None) -> UUID | None:
    if username is None:
        return None
    account_id = accounts.require_person(session, username).id
    is_owner = account_id == place.owner_id
    if is_owner or access.find_member(session, place.scope, account_id, now=principal.asked_at):
        raise AlreadyMember(f"'{username}' belongs to {place.name}.", remedy="Change the role instead.")
    store.delete_invitations(session, place.scope, to=account_id)
    return account_id


def _join(session: Session, principal: Principal, row: MemberInvitationRow, clock: Clock) -> MemberInvitation:
    place, role, mine = _place(session, row), MemberRole(row.role), own_id(principal)
    rules.check_end(row.member_until, now=clock())
    shown = present(session, [row])
    if not shown or not access.allows(role_of(session, row.created_by, place), MemberRole.OWNER):
        raise MemberInvitationMissing("Who wrote it may not invite any more.", remedy="Ask for a new one.")
    known = access.find_member(session, place.scope, mine, now=principal.asked_at)
    if mine == place.owner_id or (known and access.allows(known.role, role)):
        raise AlreadyMember(f"You belong to {place.name} already.", remedy="Leave the link to somebody else.")
    access.put_member(session, place.scope, mine, role=role, expires_at=row.member_until, now=clock())
    tell(session, principal, Action.MEMBER_JOINED, place, role=role, invited_by=shown[0].invited_by)
    store.delete_invitation(session, row)
    return shown[0]


def _own(session: Session, principal: Principal, invitation_id: UUID) -> MemberInvitationRow:
    row = store.invitation(session, invitation_id, now=principal.asked_at)
    if row is None or row.account_id != own_id(principal):
        raise MemberInvitationMissing("It was used, taken back, or is too old.", remedy="Ask for a new one.")
    return row


def _linked(session: Session, principal: Principal, secret: str) -> MemberInvitationRow:
    row = store.invitation_with(session, accounts.secret_digest(secret), now=principal.asked_at)
    if row is None:
        raise MemberInvitationMissing("It was used, taken back, or is too old.", remedy="Ask for a new one.")
    return row


def _scope(row: MemberInvitationRow) -> MemberScope:
    if row.organisation_id:
        return MemberScope(row.organisation_id, is_organisation=True)
    assert row.repository_id is not None  # one of the two
    return MemberScope(row.repository_id)


def _place(session: Session, row: MemberInvitationRow) -> Place:
    """The place as it is for everybody; raises ``RepositoryMissing``."""
    scope = _scope(row)
    if scope.is_organisation:
        return Place(scope, scope.id, accounts.get_account(session, scope.id).username, None)
    repository = repos.get_repository(session, scope.id)
    return Place(scope, repository.owner_id, repository.address, None)
