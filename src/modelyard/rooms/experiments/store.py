"""Every query of the experiments room."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.experiments.tables import ExperimentRow


def insert(session: Session, values: dict[str, Any]) -> bool:
    """Says whether it was added: an account has one of each name."""
    return db.insert_or_ignore(session, ExperimentRow, values)


def get(session: Session, id: UUID) -> ExperimentRow | None:
    return session.get(ExperimentRow, id)


def named(session: Session, account_id: UUID, name: str) -> ExperimentRow | None:
    query = sa.select(ExperimentRow).where(ExperimentRow.account_id == account_id, ExperimentRow.name == name)
    return session.scalar(query)


def page(session: Session, account_id: UUID, *, before: UUID | None, limit: int) -> list[ExperimentRow]:
    """The newest first: ids sort by time."""
    query = sa.select(ExperimentRow).where(ExperimentRow.account_id == account_id)
    if before is not None:
        query = query.where(ExperimentRow.id < before)
    return list(session.scalars(query.order_by(ExperimentRow.id.desc()).limit(limit)))


def delete(session: Session, id: UUID) -> None:
    session.execute(sa.delete(ExperimentRow).where(ExperimentRow.id == id))
