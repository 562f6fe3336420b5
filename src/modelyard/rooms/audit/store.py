"""Every query of the audit room. There is none that changes or removes an event."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.rooms.audit.schemas import AuditQuery
from modelyard.rooms.audit.tables import AuditEventRow


def insert(session: Session, **values: Any) -> None:
    session.add(AuditEventRow(**values))
    session.flush()


def page(session: Session, wanted: AuditQuery, *, before: UUID | None, limit: int) -> list[AuditEventRow]:
    """The latest first, ``limit`` at most, older than ``before``."""
    query = sa.select(AuditEventRow).where(*_conditions(wanted))
    if before:
        query = query.where(AuditEventRow.id < before)
    return list(session.scalars(query.order_by(AuditEventRow.id.desc()).limit(limit)))


def _conditions(wanted: AuditQuery) -> list[sa.ColumnElement[bool]]:
    row = AuditEventRow
    found = [getattr(row, name) == value for name, value in _exact(wanted).items() if value is not None]
    if wanted.action:
        found.append(sa.or_(row.action == wanted.action, row.action.startswith(f"{wanted.action}.", autoescape=True)))
    if wanted.since:
        found.append(row.at >= wanted.since)
    if wanted.until:
        found.append(row.at < wanted.until)
    return found


def _exact(wanted: AuditQuery) -> dict[str, Any]:
    return {"owner_id": wanted.owner_id, "repository_id": wanted.repository_id, "actor": wanted.actor}
