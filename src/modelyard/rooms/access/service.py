"""Clauses that filter lists to what a principal may see, and the questions that other rooms ask."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock, system_clock
from modelyard.rooms.access import rules, store
from modelyard.rooms.access.errors import NotOwner, RoleMissing
from modelyard.rooms.access.schemas import Visibility
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
        allowed.append(owner_id == principal.account_id)
    return sa.and_(within, sa.or_(sa.false(), *allowed))


def may_read(principal: Principal, *, id: UUID, owner_id: UUID, visibility: str, require_sign_in: bool) -> bool:
    """Whether the principal may read the repository at all."""
    if principal.only_repository not in (None, id):
        return False
    return rules.may_read(
        principal, owner_id=owner_id, visibility=Visibility(visibility), require_sign_in=require_sign_in
    )


def require_owner(principal: Principal, *, id: UUID, owner_id: UUID) -> None:
    """Raises ``NotOwner`` unless the principal may change the repository."""
    if principal.only_repository not in (None, id) or not rules.owns(principal, owner_id=owner_id):
        raise NotOwner(remedy="Ask its owner or an administrator.")


def require_creator(principal: Principal) -> None:
    if not rules.may_create(principal):
        raise RoleMissing("Readers cannot create.", remedy="Ask an administrator for the role 'creator'.")


def owns(principal: Principal, *, owner_id: UUID) -> bool:
    """Whether the principal may change what the account owns."""
    return rules.owns(principal, owner_id=owner_id)


def forget_answers(session: Session, *, clock: Clock = system_clock) -> int:
    """Removes answers kept for an ``Idempotency-Key`` longer than a day; says how many. Call it now and then."""
    return store.delete_answers(session, before=clock() - rules.ANSWERS_KEPT_FOR)
