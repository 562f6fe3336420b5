"""Every query of the access room."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit.db import insert_or_ignore
from modelyard.rooms.access.schemas import MemberRole, MemberScope
from modelyard.rooms.access.tables import KeptAnswerRow, OrganisationMemberRow, RepositoryMemberRow
from modelyard.rooms.accounts.schemas import Principal

Membership = RepositoryMemberRow | OrganisationMemberRow


def repositories_of(principal: Principal, *roles: MemberRole) -> sa.Select[Any]:
    """The ids of the repositories that the principal is a member of (as one of ``roles``, where there are any), as a
    subquery that is carried out once."""
    return _ids(RepositoryMemberRow, RepositoryMemberRow.repository_id, principal, roles)


def organisations_of(principal: Principal, *roles: MemberRole) -> sa.Select[Any]:
    """The same of organisations."""
    return _ids(OrganisationMemberRow, OrganisationMemberRow.organisation_id, principal, roles)


def roles(
    session: Session, principal: Principal, *, repositories: Collection[UUID], organisations: Collection[UUID]
) -> dict[UUID, str]:
    """The principal's role in each of these that they are a member of, in one query; ids of both kinds differ."""
    member, belongs = RepositoryMemberRow, OrganisationMemberRow
    query = sa.union_all(
        sa.select(member.repository_id.label("id"), member.role).where(
            _current(member, principal), member.repository_id.in_(repositories)
        ),
        sa.select(belongs.organisation_id.label("id"), belongs.role).where(
            _current(belongs, principal), belongs.organisation_id.in_(organisations)
        ),
    )
    return {row.id: row.role for row in session.execute(query)}


def members(session: Session, scope: MemberScope, *, now: datetime, owners: bool = False) -> list[Membership]:
    """Those whose membership has not ended, in the order in which they came; with ``owners`` only those."""
    table, column = _table(scope), _column(scope)
    query = sa.select(table).where(column == scope.id, _lasts(table, now))
    query = query.where(table.role == MemberRole.OWNER.value) if owners else query
    return list(session.scalars(query.order_by(table.created_at, table.account_id)))


def member(session: Session, scope: MemberScope, account_id: UUID) -> Membership | None:
    """Also one that has ended."""
    if scope.is_organisation:
        return session.get(OrganisationMemberRow, (account_id, scope.id))
    return session.get(RepositoryMemberRow, (account_id, scope.id))


def put_member(
    session: Session, scope: MemberScope, account_id: UUID, *, role: str, expires_at: datetime | None, now: datetime
) -> None:
    values = {"account_id": account_id, _column(scope).key: scope.id, "created_at": now}
    insert_or_ignore(session, _table(scope), values | {"role": role, "expires_at": expires_at})
    row = member(session, scope, account_id)
    assert row is not None  # just now, or before
    row.role, row.expires_at = role, expires_at
    session.flush()


def delete_member(session: Session, scope: MemberScope, account_id: UUID) -> bool:
    table = _table(scope)
    query = sa.delete(table).where(table.account_id == account_id, _column(scope) == scope.id)
    return session.execute(query.returning(table.account_id)).first() is not None


def delete_members(session: Session, scope: MemberScope) -> None:
    session.execute(sa.delete(_table(scope)).where(_column(scope) == scope.id))


def delete_ended_members(session: Session, *, now: datetime) -> int:
    ended = (sa.delete(table).where(table.expires_at <= now) for table in (RepositoryMemberRow, OrganisationMemberRow))
    return sum(session.execute(statement).rowcount for statement in ended)  # type: ignore[attr-defined]


def organisations_with_roles(session: Session, principal: Principal) -> list[tuple[UUID, str]]:
    """What the principal belongs to, and as what."""
    row = OrganisationMemberRow
    found = session.execute(sa.select(row.organisation_id, row.role).where(_current(row, principal)))
    return [(id, role) for id, role in found]


def kept_answer(session: Session, account_id: UUID, key: str) -> KeptAnswerRow | None:
    return session.get(KeptAnswerRow, (account_id, key))


def keep_answer(session: Session, **values: Any) -> bool:
    """Keeps an answer unless the key has one already; a transaction that is about to give it one is waited for."""
    return insert_or_ignore(session, KeptAnswerRow, values)


def delete_answers(session: Session, *, before: datetime) -> int:
    result = session.execute(sa.delete(KeptAnswerRow).where(KeptAnswerRow.created_at < before))
    return int(result.rowcount)  # type: ignore[attr-defined]


def _ids(table: type[Membership], column: Any, principal: Principal, roles: Sequence[MemberRole]) -> sa.Select[Any]:
    query = sa.select(column).where(_current(table, principal))
    return query.where(table.role.in_([role.value for role in roles])) if roles else query


def _current(table: type[Membership], principal: Principal) -> sa.ColumnElement[bool]:
    return sa.and_(table.account_id == principal.account_id, _lasts(table, principal.asked_at))


def _lasts(table: type[Membership], now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(table.expires_at.is_(None), table.expires_at > now)


def _table(scope: MemberScope) -> type[Membership]:
    return OrganisationMemberRow if scope.is_organisation else RepositoryMemberRow


def _column(scope: MemberScope) -> Any:
    return OrganisationMemberRow.organisation_id if scope.is_organisation else RepositoryMemberRow.repository_id
