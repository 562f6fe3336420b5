"""Every query of the usage room."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.usage.tables import DayRow, MeterRow, NameRow, QuotaRow, RecordRow

INSERTED = (
    RecordRow.account_id,
    RecordRow.at,
    RecordRow.kind,
    RecordRow.repository_id,
    RecordRow.version,
    RecordRow.quantity,
)


def insert_records(session: Session, rows: list[dict[str, Any]]) -> Sequence[Any]:
    """Those that were not there, as ``INSERTED``."""
    return db.insert_new(session, RecordRow, rows, returning=INSERTED)


def add_to_days(session: Session, rows: list[dict[str, Any]]) -> None:
    """Adds to the sums of days; no two rows are of the same sum."""
    db.insert_or_add(session, DayRow, rows, column="quantity")


def day_sums(
    session: Session, account_id: UUID | None, *, since: date, until: date, by: Sequence[str], limit: int
) -> Sequence[Any]:
    """Sums by kind and the named columns of ``DayRow``, in their order; ``account_id`` None: of all accounts."""
    columns = [getattr(DayRow, name) for name in (*by, "kind")]
    query = sa.select(*columns, sa.func.sum(DayRow.quantity).label("quantity"))
    query = query.where(DayRow.day >= since, DayRow.day <= until)
    if account_id is not None:
        query = query.where(DayRow.account_id == account_id)
    return session.execute(query.group_by(*columns).order_by(*columns).limit(limit)).all()


def latest_runs(
    session: Session, account_id: UUID | None, *, since: datetime, until: datetime, limit: int
) -> Sequence[UUID | None]:
    """The runs of the latest ``limit`` records of runs, as often as they have some."""
    query = sa.select(RecordRow.run_id).where(
        RecordRow.run_id.is_not(None), RecordRow.at >= since, RecordRow.at < until
    )
    if account_id is not None:
        query = query.where(RecordRow.account_id == account_id)
    return session.scalars(query.order_by(RecordRow.at.desc(), RecordRow.id.desc()).limit(limit)).all()


def run_sums(session: Session, runs: Collection[UUID], *, since: datetime, until: datetime) -> Sequence[Any]:
    """Sums by run and kind, the latest runs first (ids sort by time)."""
    columns = (RecordRow.run_id, RecordRow.repository_id, RecordRow.version, RecordRow.kind)
    query = sa.select(*columns, sa.func.sum(RecordRow.quantity).label("quantity"))
    query = query.where(RecordRow.run_id.in_(runs), RecordRow.at >= since, RecordRow.at < until).group_by(*columns)
    return session.execute(query.order_by(RecordRow.run_id.desc(), RecordRow.kind)).all() if runs else ()


def records(
    session: Session,
    account_id: UUID | None,
    *,
    since: datetime,
    until: datetime,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[RecordRow]:
    """The latest first."""
    query = sa.select(RecordRow).where(RecordRow.at >= since, RecordRow.at < until)
    if account_id is not None:
        query = query.where(RecordRow.account_id == account_id)
    if before is not None:
        at, id = before
        position = (sa.literal(at, RecordRow.at.type), sa.literal(id, RecordRow.id.type))
        query = query.where(sa.tuple_(RecordRow.at, RecordRow.id) < sa.tuple_(*position))
    return session.scalars(query.order_by(RecordRow.at.desc(), RecordRow.id.desc()).limit(limit)).all()


def keep_name(session: Session, repository_id: UUID, name: str) -> None:
    db.insert_or_ignore(session, NameRow, {"repository_id": repository_id, "name": name})


def names(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    query = sa.select(NameRow.repository_id, NameRow.name).where(NameRow.repository_id.in_(ids))
    return {row.repository_id: row.name for row in session.execute(query)} if ids else {}


def quotas(session: Session, account_id: UUID) -> dict[str, float | None]:
    query = sa.select(QuotaRow.kind, QuotaRow.amount).where(QuotaRow.account_id == account_id)
    return {row.kind: row.amount for row in session.execute(query)}


def set_quotas(session: Session, account_id: UUID, amounts: dict[str, float | None]) -> None:
    """These instead of all that there were."""
    session.execute(sa.delete(QuotaRow).where(QuotaRow.account_id == account_id))
    rows = [QuotaRow(account_id=account_id, kind=kind, amount=amount) for kind, amount in amounts.items()]
    session.add_all(rows)
    session.flush()


def meters(session: Session, prefix: str) -> dict[str, MeterRow]:
    """Those whose names begin with ``prefix``, kept from changing until this transaction ends."""
    query = sa.select(MeterRow).where(MeterRow.name.startswith(prefix, autoescape=True)).order_by(MeterRow.name)
    return {row.name: row for row in session.scalars(db.lock_row(query))}


def meter(session: Session, name: str) -> MeterRow | None:
    return session.get(MeterRow, name)


def set_meter(session: Session, name: str, *, at: datetime, value: float) -> None:
    session.merge(MeterRow(name=name, at=at, value=value))
    session.flush()


def delete_meters(session: Session, names: Collection[str]) -> None:
    if names:
        session.execute(sa.delete(MeterRow).where(MeterRow.name.in_(names)))
