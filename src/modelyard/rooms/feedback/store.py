"""Every query of the feedback room."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.feedback.tables import FeedbackRow, ReplyRow, UseRow

Condition = sa.ColumnElement[bool]


def add_use(session: Session, values: dict[str, Any]) -> bool:
    """False where it is remembered already."""
    return db.insert_or_ignore(session, UseRow, values)


def use_column() -> Any:
    """The column of uses that holds the repository, for clauses of other rooms."""
    return UseRow.repository_id


def uses(
    session: Session,
    account_id: UUID,
    *,
    how: str | None,
    allowed: Condition,
    before: tuple[Any, UUID, int, str] | None,
    limit: int,
) -> list[UseRow]:
    """What an account tried, the latest first."""
    key = sa.tuple_(UseRow.at, UseRow.repository_id, UseRow.version, UseRow.how)
    query = sa.select(UseRow).where(UseRow.account_id == account_id, allowed)
    if how:
        query = query.where(UseRow.how == how)
    if before:
        query = query.where(key < _literals(before, UseRow.at, UseRow.repository_id, UseRow.version, UseRow.how))
    order = (UseRow.at.desc(), UseRow.repository_id.desc(), UseRow.version.desc(), UseRow.how.desc())
    return list(session.scalars(query.order_by(*order).limit(limit)))


def wanted(
    session: Session, account_id: UUID, *, allowed: Condition, before: tuple[Any, UUID, int] | None, limit: int
) -> list[Any]:
    """(repository, version, when, how) that the account tried, was not silent by choice, and said nothing about."""
    at = sa.func.max(UseRow.at).label("at")
    said = sa.exists().where(
        FeedbackRow.account_id == account_id,
        FeedbackRow.repository_id == UseRow.repository_id,
        FeedbackRow.version == UseRow.version,
    )
    query = (
        sa.select(UseRow.repository_id, UseRow.version, at, sa.func.min(UseRow.how).label("how"))
        .where(UseRow.account_id == account_id, allowed, ~said)
        .group_by(UseRow.repository_id, UseRow.version)
        .having(sa.func.max(sa.cast(UseRow.declined, sa.Integer)) == 0)
    )
    if before:
        key = sa.tuple_(at, UseRow.repository_id, UseRow.version)
        query = query.having(key < _literals(before, UseRow.at, UseRow.repository_id, UseRow.version))
    query = query.order_by(at.desc(), UseRow.repository_id.desc(), UseRow.version.desc())
    return list(session.execute(query.limit(limit)))


def decline(session: Session, account_id: UUID, repository_id: UUID, version: int) -> None:
    query = sa.update(UseRow).where(
        UseRow.account_id == account_id, UseRow.repository_id == repository_id, UseRow.version == version
    )
    session.execute(query.values(declined=True))


def tried(session: Session, repository_id: UUID, accounts: Collection[UUID]) -> set[tuple[UUID, int]]:
    """(account, version) of those who used a version of the repository."""
    query = sa.select(UseRow.account_id, UseRow.version).where(
        UseRow.repository_id == repository_id, UseRow.account_id.in_(accounts)
    )
    return {(row[0], row[1]) for row in session.execute(query)}


def insert(session: Session, values: dict[str, Any]) -> bool:
    """False where the account has said something of this type on the version already."""
    return db.insert_or_ignore(session, FeedbackRow, values)


def get(session: Session, id: UUID) -> FeedbackRow | None:
    return session.get(FeedbackRow, id)


def delete(session: Session, row: FeedbackRow | ReplyRow) -> None:
    session.delete(row)
    session.flush()


def page(
    session: Session,
    *,
    repository_id: UUID | None = None,
    account_id: UUID | None = None,
    filters: dict[str, Any],
    allowed: Condition | None = None,
    before: UUID | None,
    limit: int,
) -> list[FeedbackRow]:
    """The newest first."""
    query = sa.select(FeedbackRow)
    if repository_id:
        query = query.where(FeedbackRow.repository_id == repository_id)
    if account_id:
        query = query.where(FeedbackRow.account_id == account_id)
    if allowed is not None:
        query = query.where(allowed)
    for name, value in filters.items():
        if value is not None:
            query = query.where(getattr(FeedbackRow, name) == value)
    if before:
        query = query.where(FeedbackRow.id < before)
    return list(session.scalars(query.order_by(FeedbackRow.id.desc()).limit(limit)))


def feedback_column() -> Any:
    return FeedbackRow.repository_id


def counts(session: Session, repository_id: UUID, column: str) -> dict[Any, int]:
    """How many feedbacks have each value of a column."""
    value = getattr(FeedbackRow, column)
    query = sa.select(value, sa.func.count()).where(FeedbackRow.repository_id == repository_id).group_by(value)
    return {row[0]: row[1] for row in session.execute(query)}


def rating(session: Session, repository_id: UUID) -> tuple[float | None, int]:
    """The mean over accounts of what each said last, and how many accounts those are."""
    last = sa.func.row_number().over(
        partition_by=FeedbackRow.account_id, order_by=(FeedbackRow.updated_at.desc(), FeedbackRow.id.desc())
    )
    ranked = (
        sa.select(FeedbackRow.rating, last.label("place")).where(FeedbackRow.repository_id == repository_id).subquery()
    )
    query = sa.select(sa.func.avg(ranked.c.rating), sa.func.count()).where(ranked.c.place == 1)
    mean, count = session.execute(query).one()
    return (float(mean) if mean is not None else None), count


def add_reply(session: Session, row: ReplyRow) -> None:
    session.add(row)
    session.flush()


def get_reply(session: Session, id: UUID) -> ReplyRow | None:
    return session.get(ReplyRow, id)


def replies(session: Session, feedback_ids: Sequence[UUID]) -> list[ReplyRow]:
    """The oldest first."""
    query = sa.select(ReplyRow).where(ReplyRow.feedback_id.in_(feedback_ids)).order_by(ReplyRow.id)
    return list(session.scalars(query)) if feedback_ids else []


def count_replies(session: Session, feedback_id: UUID) -> int:
    return session.scalar(sa.select(sa.func.count()).where(ReplyRow.feedback_id == feedback_id)) or 0


def _literals(values: Sequence[Any], *columns: Any) -> Any:
    return sa.tuple_(*(sa.literal(value, column.type) for value, column in zip(values, columns, strict=True)))
