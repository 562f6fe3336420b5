"""Every query of the DVC room."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.dvc.rules import Layout, ObjectName
from modelyard.rooms.dvc.tables import DvcObjectRow

PAGE = 500


def insert(session: Session, repository_id: UUID, name: ObjectName, digest: str) -> bool:
    """False where the repository has the name already."""
    values = {"repository_id": repository_id, "layout": name.layout.value, "name": name.name, "digest": digest}
    return db.insert_or_ignore(session, DvcObjectRow, values)


def digest_of(session: Session, repository_id: UUID, name: ObjectName) -> str | None:
    row = session.get(DvcObjectRow, (repository_id, name.layout.value, name.name))
    return row.digest if row else None


def names_of(session: Session, repository_id: UUID, digests: Collection[str]) -> dict[str, str]:
    """Digest → MD5, as far as it is known, in the layout of DVC 3."""
    wanted = sorted(digests)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), PAGE):
        query = sa.select(DvcObjectRow.digest, DvcObjectRow.name).where(
            DvcObjectRow.repository_id == repository_id,
            DvcObjectRow.layout == Layout.MD5.value,
            DvcObjectRow.digest.in_(wanted[start : start + PAGE]),
        )
        found |= {digest: name.removesuffix(".dir") for digest, name in session.execute(query)}
    return found
