"""Every query of the packs room."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.packs.schemas import Pack, PackedIndex
from modelyard.rooms.packs.tables import PackedDatasetRow


def find(session: Session, repository_id: UUID, commit_id: str) -> PackedIndex | None:
    row = session.get(PackedDatasetRow, (repository_id, commit_id))
    return _index(row) if row is not None else None


def of_repository(session: Session, repository_id: UUID) -> list[PackedIndex]:
    """All of a repository, the oldest first."""
    query = sa.select(PackedDatasetRow).where(PackedDatasetRow.repository_id == repository_id)
    return [_index(row) for row in session.scalars(query.order_by(PackedDatasetRow.created_at))]


def insert(session: Session, index: PackedIndex, *, at: datetime) -> bool:
    """False where the commit has its index already."""
    values = {
        "repository_id": index.repository_id,
        "commit_id": index.commit_id,
        "index_digest": index.digest,
        "index_size": index.size,
        "items": index.items,
        "errors": index.errors,
        "classes": list(index.classes),
        "summary": _summary(index),
        "created_at": at,
    }
    return db.insert_or_ignore(session, PackedDatasetRow, values)


def delete(session: Session, repository_id: UUID, commit_id: str) -> None:
    session.execute(
        sa.delete(PackedDatasetRow).where(
            PackedDatasetRow.repository_id == repository_id, PackedDatasetRow.commit_id == commit_id
        )
    )


def _summary(index: PackedIndex) -> dict[str, Any]:
    return {**index.summary, "packs": [pack.to_json() for pack in index.packs]}


def _index(row: PackedDatasetRow) -> PackedIndex:
    told: Mapping[str, Any] = {name: value for name, value in row.summary.items() if name != "packs"}
    packs = tuple(Pack(**pack) for pack in row.summary["packs"])
    return PackedIndex(
        row.repository_id,
        row.commit_id,
        row.index_digest,
        row.index_size,
        row.items,
        row.errors,
        tuple(row.classes),
        told,
        packs,
    )
