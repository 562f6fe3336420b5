"""Clauses that filter lists to what a principal may see, and the questions that other rooms ask."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock, system_clock
from modelyard.rooms.access import rules, store
from modelyard.rooms.access.errors import NotOwner, RoleMissing
from modelyard.rooms.access.schemas import MemberRole, MemberScope, Membership, Visibility
from modelyard.rooms.accounts.schemas import Principal


def readable(
    principal: Principal, *, id: Any, owner_id: Any, visibility: Any, require_sign_in: bool
) -> sa.ColumnElement[bool]:
    """A WHERE clause over the given columns: rows of repositories that the principal may read."""
    within = id == principal.only_repository if principal.only_repository else sa.true()
    if principal.is_administrator:
        return within
    levels = rules.visible_levels(principal, require_sign_in=require_sign_in)
    allowed = [visibility.in_([level.value for level in levels])] if levels else []
    if not principal.is_anonymous:
        allowed += [
            owner_id == principal.account_id,
            owner_id.in_(store.organisations_of(principal)),
            id.in_(store.repositories_of(principal)),
        ]
    return sa.and_(within, sa.or_(sa.false(), *allowed))


def maintained(principal: Principal, *, id: Any, owner_id: Any) -> sa.ColumnElement[bool]:
    """A WHERE clause: rows of repositories that the principal, an administrator too, answers for as a maintainer."""
    roles = (MemberRole.MAINTAINER, MemberRole.OWNER)
    return sa.or_(
        owner_id == principal.account_id,
        owner_id.in_(store.organisations_of(principal, *roles)),
        id.in_(store.repositories_of(principal, *roles)),
    )


def may_read(
    principal: Principal, *, id: UUID, role: MemberRole | None, visibility: str, require_sign_in: bool
) -> bool:
    """Whether the principal, who has this role there, may read the repository at all."""
    if principal.only_repository not in (None, id):
        return False
    return rules.may_read(principal, role=role, visibility=Visibility(visibility), require_sign_in=require_sign_in)


def roles_in(session: Session, principal: Principal, owners: Mapping[UUID, UUID]) -> dict[UUID, MemberRole | None]:
    """What the principal is in each repository (id → id of its owner), in one query at most; None for nothing.

    The owner's account and administrators are owners of everything.
    """
    known = {id: _role_without_asking(principal, owner_id) for id, owner_id in owners.items()}
    asked = {id: owners[id] for id, role in known.items() if role is None}
    if principal.is_anonymous or not asked:
        return known
    found = store.roles(session, principal, repositories=asked.keys(), organisations=set(asked.values()))
    roles = {id: MemberRole(role) for id, role in found.items()}
    return known | {id: rules.highest(roles.get(id), roles.get(owner)) for id, owner in asked.items()}


def role_in_account(session: Session, principal: Principal, account_id: UUID) -> MemberRole | None:
    """What the principal is in an account: of their own the owner, of an organisation what its members are."""
    role = _role_without_asking(principal, account_id)
    if role is not None or principal.is_anonymous:
        return role
    found = store.roles(session, principal, repositories=(), organisations=(account_id,))
    return MemberRole(found[account_id]) if account_id in found else None


def organisations_of(session: Session, principal: Principal) -> dict[UUID, MemberRole]:
    """What the principal belongs to, and as what."""
    if principal.is_anonymous:
        return {}
    return {id: MemberRole(role) for id, role in store.organisations_with_roles(session, principal)}


def require_role(
    principal: Principal, needed: MemberRole, *, id: UUID, role: MemberRole | None, address: str = "it"
) -> None:
    """Raises ``NotOwner`` unless the principal, whose role there is ``role``, may do what takes the ``needed`` one."""
    if principal.only_repository not in (None, id) or not rules.allows(role, needed):
        raise NotOwner(
            f"This takes the role '{needed}' in {address}; yours is '{role or 'none'}'.",
            remedy="Ask its owner or an administrator.",
        )


def allows(role: MemberRole | None, needed: MemberRole) -> bool:
    """Whether who has the role (None: none) may do what takes the ``needed`` one."""
    return rules.allows(role, needed)


def highest(*roles: MemberRole | None) -> MemberRole | None:
    """The one that allows most; None where there is none."""
    return rules.highest(*roles)


def members(session: Session, scope: MemberScope, *, now: datetime) -> list[Membership]:
    """Those whose membership has not ended, in the order in which they came."""
    return [_membership(row) for row in store.members(session, scope, now=now)]


def find_member(session: Session, scope: MemberScope, account_id: UUID, *, now: datetime) -> Membership | None:
    """None where the account never was a member, or is none any more."""
    row = store.member(session, scope, account_id)
    over = row is None or (row.expires_at is not None and row.expires_at <= now)
    return None if row is None or over else _membership(row)


def put_member(
    session: Session,
    scope: MemberScope,
    account_id: UUID,
    *,
    role: MemberRole,
    expires_at: datetime | None,
    now: datetime,
) -> Membership:
    """Makes the account a member, or changes what it is."""
    store.put_member(session, scope, account_id, role=role.value, expires_at=expires_at, now=now)
    row = store.member(session, scope, account_id)
    assert row is not None  # put just now
    return _membership(row)


def remove_member(session: Session, scope: MemberScope, account_id: UUID) -> bool:
    """False where it was none."""
    return store.delete_member(session, scope, account_id)


def remove_members(session: Session, scope: MemberScope) -> None:
    """All of them."""
    store.delete_members(session, scope)


def forget_ended_members(session: Session, *, clock: Clock = system_clock) -> int:
    """Removes memberships that have ended, which count for nothing; says how many. Call it now and then."""
    return store.delete_ended_members(session, now=clock())


def require_creator(principal: Principal) -> None:
    if not rules.may_create(principal):
        raise RoleMissing("Readers cannot create.", remedy="Ask an administrator for the role 'creator'.")


def forget_answers(session: Session, *, clock: Clock = system_clock) -> int:
    """Removes answers kept for an ``Idempotency-Key`` longer than a day; says how many. Call it now and then."""
    return store.delete_answers(session, before=clock() - rules.ANSWERS_KEPT_FOR)


def _role_without_asking(principal: Principal, owner_id: UUID) -> MemberRole | None:
    if principal.is_administrator:
        return MemberRole.OWNER
    return MemberRole.OWNER if not principal.is_anonymous and principal.account_id == owner_id else None


def _membership(row: store.Membership) -> Membership:
    return Membership(row.account_id, MemberRole(row.role), row.expires_at, row.created_at)
