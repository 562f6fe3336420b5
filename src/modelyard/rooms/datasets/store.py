"""Every query of the datasets room."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.datasets.schemas import Snapshot, SnapshotFile
from modelyard.rooms.datasets.tables import SnapshotFileRow, SnapshotRow

PAGE = 500
COLUMNS = (
    SnapshotFileRow.path,
    SnapshotFileRow.size,
    SnapshotFileRow.digest,
    SnapshotFileRow.crc32,
    SnapshotFileRow.stored,
)


def find(session: Session, repository_id: UUID, commit_id: str) -> Snapshot | None:
    query = sa.select(SnapshotRow).where(SnapshotRow.repository_id == repository_id, SnapshotRow.commit_id == commit_id)
    row = session.scalar(query)
    return (
        Snapshot(row.id, row.repository_id, row.commit_id, row.files, row.size, row.digest) if row is not None else None
    )


def insert(session: Session, values: dict[str, Any], files: Sequence[SnapshotFile]) -> bool:
    """False where the commit has its snapshot already."""
    if not db.insert_or_ignore(session, SnapshotRow, values):
        return False
    rows = [
        {
            "snapshot_id": values["id"],
            "path": file.path,
            "size": file.size,
            "digest": file.digest,
            "crc32": file.crc32,
            "stored": file.stored,
        }
        for file in files
    ]
    session.execute(sa.insert(SnapshotFileRow), rows)
    return True


def delete(session: Session, repository_id: UUID, commit_id: str) -> None:
    session.execute(
        sa.delete(SnapshotRow).where(SnapshotRow.repository_id == repository_id, SnapshotRow.commit_id == commit_id)
    )


def files(session: Session, snapshot_id: UUID) -> list[SnapshotFile]:
    """All of them, in no particular order."""
    query = sa.select(*COLUMNS).where(SnapshotFileRow.snapshot_id == snapshot_id)
    return [SnapshotFile(*row) for row in session.execute(query)]


def page(
    session: Session, snapshot_id: UUID, *, text: str | None, prefix: str, after: str | None, limit: int
) -> list[SnapshotFile]:
    """In the database's order of paths, behind ``after``."""
    query = sa.select(*COLUMNS).where(SnapshotFileRow.snapshot_id == snapshot_id)
    if prefix:
        query = query.where(SnapshotFileRow.path.startswith(prefix, autoescape=True))
    if text:
        query = query.where(db.contains(SnapshotFileRow.path, text))
    if after is not None:
        query = query.where(SnapshotFileRow.path > after)
    return [SnapshotFile(*row) for row in session.execute(query.order_by(SnapshotFileRow.path).limit(limit))]


def file(session: Session, snapshot_id: UUID, path: str) -> SnapshotFile | None:
    query = sa.select(*COLUMNS).where(SnapshotFileRow.snapshot_id == snapshot_id, SnapshotFileRow.path == path)
    row = session.execute(query).first()
    return SnapshotFile(*row) if row else None


def known_checksums(session: Session, repository_id: UUID, digests: Collection[str]) -> dict[str, int]:
    """CRC-32 of contents that an earlier snapshot of the repository has counted."""
    known: dict[str, int] = {}
    wanted = sorted(digests)
    for start in range(0, len(wanted), PAGE):
        query = (
            sa.select(SnapshotFileRow.digest, SnapshotFileRow.crc32)
            .join(SnapshotRow, SnapshotRow.id == SnapshotFileRow.snapshot_id)
            .where(SnapshotRow.repository_id == repository_id)
            .where(SnapshotFileRow.digest.in_(wanted[start : start + PAGE]))
        )
        known |= {row[0]: row[1] for row in session.execute(query)}
    return known
