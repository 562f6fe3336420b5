"""Every query of the predictions room."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.predictions.tables import PredictionRow


def insert(session: Session, rows: list[dict[str, Any]]) -> Sequence[Any]:
    """Those that are there already stay as they are; of the new ones, id, time and status."""
    returning = (PredictionRow.id, PredictionRow.predicted_at, PredictionRow.status)
    return db.insert_new(session, PredictionRow, rows, returning=returning)


def prediction(session: Session, repository_id: UUID, id: UUID) -> PredictionRow | None:
    return session.get(PredictionRow, (repository_id, id))


def predictions(
    session: Session, repository_id: UUID, *, version: int | None, status: int | None, before: UUID | None, limit: int
) -> Sequence[PredictionRow]:
    """The newest first: ids sort by time."""
    query = sa.select(PredictionRow).where(PredictionRow.repository_id == repository_id)
    if version is not None:
        query = query.where(PredictionRow.version == version)
    if status is not None:
        query = query.where(PredictionRow.status == status)
    if before is not None:
        query = query.where(PredictionRow.id < before)
    return session.scalars(query.order_by(PredictionRow.id.desc()).limit(limit)).all()


def delete_before(session: Session, moment: datetime) -> None:
    session.execute(sa.delete(PredictionRow).where(PredictionRow.predicted_at < moment))
