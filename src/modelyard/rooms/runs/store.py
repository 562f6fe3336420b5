"""Every query of the runs room."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.runs.rules import ENDED
from modelyard.rooms.runs.tables import RunRow


def insert(session: Session, values: dict[str, Any]) -> None:
    """Adds a run; one with the same id is left as it is."""
    db.insert_or_ignore(session, RunRow, values)


def get(session: Session, id: UUID) -> RunRow | None:
    return session.get(RunRow, id)


def get_for_update(session: Session, id: UUID) -> RunRow | None:
    return session.scalar(db.lock_row(sa.select(RunRow).where(RunRow.id == id)))


def unfinished(session: Session) -> list[RunRow]:
    return list(session.scalars(sa.select(RunRow).where(RunRow.state.not_in([s.value for s in ENDED]))))


def of_repository(session: Session, repository_id: UUID, *, version: int | None) -> list[RunRow]:
    query = sa.select(RunRow).where(RunRow.repository_id == repository_id)
    if version is not None:
        query = query.where(RunRow.version == version)
    return list(session.scalars(query.order_by(RunRow.id.desc())))


def delete_of(session: Session, repository_id: UUID, *, version: int) -> None:
    session.execute(sa.delete(RunRow).where(RunRow.repository_id == repository_id, RunRow.version == version))
