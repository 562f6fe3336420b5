"""Verbs on members: list, change, remove, leave. Invitations, organisations and transfers have files of their own."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.rooms.access import service as access
from modelyard.rooms.access.schemas import MemberRole, MemberScope, Membership
from modelyard.rooms.accounts import organisations
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Account, AccountKind, Principal
from modelyard.rooms.audit.schemas import Action
from modelyard.rooms.members import rules, store
from modelyard.rooms.members.errors import MemberMissing
from modelyard.rooms.members.places import Place, require, tell
from modelyard.rooms.members.schemas import Member, MemberChange
from modelyard.rooms.repos.schemas import Repository


def list_repository_members(session: Session, principal: Principal, repository: Repository) -> list[Member]:
    """Its owner, its own members, and those of the organisation that it belongs to, each with what they are there."""
    owner = accounts.get_account(session, repository.owner_id)
    own = access.members(session, MemberScope(repository.id), now=principal.asked_at)
    if owner.kind is AccountKind.PERSON:
        return [_owner(owner, repository), *_shown(session, own)]
    through = access.members(session, MemberScope(owner.id, is_organisation=True), now=principal.asked_at)
    return [*_shown(session, through, through=owner.username), *_shown(session, own)]


def list_members(session: Session, principal: Principal, place: Place) -> list[Member]:
    """Those of the place itself, in the order in which they came."""
    return _shown(session, access.members(session, place.scope, now=principal.asked_at))


def change_member(
    session: Session, *, principal: Principal, place: Place, username: str, change: MemberChange, clock: Clock
) -> Member:
    """Makes a member something else; raises ``MemberMissing``, ``NotOwner``, ``RoleTooHigh``, ``LastOwner``,
    ``MembershipInvalid``."""
    require(principal, place, MemberRole.OWNER)
    rules.check_gift(change.role, own=place.role)
    rules.check_end(change.expires_at, now=clock())
    before = _member(session, principal, place, username)
    _keep_an_owner(session, principal, place, before.account_id, change)
    after = access.put_member(
        session, place.scope, before.account_id, role=change.role, expires_at=change.expires_at, now=clock()
    )
    until = change.expires_at.isoformat() if change.expires_at else None
    told = {"member": username, "before": before.role, "after": change.role, "until": until}
    tell(session, principal, Action.MEMBER_CHANGED, place, **told)
    return _shown(session, [after])[0]


def remove_member(session: Session, *, principal: Principal, place: Place, username: str) -> None:
    """Owners remove anybody, everybody themselves; raises ``MemberMissing``, ``NotOwner``, ``LastOwner``."""
    if username != principal.username:
        require(principal, place, MemberRole.OWNER)
    member = _member(session, principal, place, username)
    _keep_an_owner(session, principal, place, member.account_id, None)
    access.remove_member(session, place.scope, member.account_id)
    tell(session, principal, Action.MEMBER_REMOVED, place, member=username, before=member.role)


def forget_what_ended(session: Session, *, clock: Clock) -> int:
    """Removes memberships, invitations and transfers whose time is over; says how many. Call it now and then."""
    return access.forget_ended_members(session, clock=clock) + store.delete_expired(session, now=clock())


def _keep_an_owner(
    session: Session, principal: Principal, place: Place, account_id: UUID, change: MemberChange | None
) -> None:
    """A repository has its owner besides its members; an organisation has nobody else."""
    if not place.scope.is_organisation:
        return
    organisations.lock_organisation(session, place.scope.id)
    members = access.members(session, place.scope, now=principal.asked_at)
    role, until = (change.role, change.expires_at) if change else (None, None)
    rules.check_owner_stays(members, account_id, role=role, expires_at=until)


def _member(session: Session, principal: Principal, place: Place, username: str) -> Membership:
    account_id = accounts.find_account_id(session, username)
    found = access.find_member(session, place.scope, account_id, now=principal.asked_at) if account_id else None
    if found is None:
        raise MemberMissing(
            f"'{username[:60]}' is no member of {place.name} itself.", remedy="See the list of its members."
        )
    return found


def _shown(session: Session, members: Collection[Membership], *, through: str | None = None) -> list[Member]:
    known = accounts.present_accounts(session, {member.account_id for member in members})
    return [
        Member(
            username=known[member.account_id].username,
            display_name=known[member.account_id].display_name,
            role=member.role,
            expires_at=member.expires_at,
            since=member.created_at,
            through=through,
        )
        for member in members
    ]


def _owner(owner: Account, repository: Repository) -> Member:
    return Member(
        username=owner.username,
        display_name=owner.display_name,
        role=MemberRole.OWNER,
        expires_at=None,
        since=repository.created_at,
        through=owner.username,
    )
