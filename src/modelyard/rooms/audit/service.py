"""Writing events, in the transaction of what they tell of, and reading them."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.kit.paging import Page, decode_cursor, encode_cursor
from modelyard.rooms.audit import store
from modelyard.rooms.audit.ports import Actor
from modelyard.rooms.audit.schemas import Action, AuditEvent, AuditQuery
from modelyard.rooms.audit.tables import AuditEventRow

CSV_COLUMNS = ("at", "actor", "via", "credential", "address", "action", "subject", "details")
CSV_PAGE = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would calculate."""


def record(
    session: Session,
    actor: Actor,
    action: Action,
    *,
    subject: str,
    owner_id: UUID | None = None,
    repository_id: UUID | None = None,
    **details: Any,
) -> None:
    """Writes what ``actor`` does, to be committed with it. ``details`` are what JSON can hold.

    ``owner_id``: whose the thing is, who may read the event for ever.
    """
    store.insert(
        session,
        id=new_id(),
        at=actor.asked_at,
        actor_id=actor.account_id,
        actor=actor.username,
        via=str(actor.via),
        credential=actor.credential,
        address=actor.address,
        action=action.value,
        owner_id=owner_id,
        repository_id=repository_id,
        subject=subject[:200],
        details=details,
    )


def list_events(session: Session, wanted: AuditQuery, *, cursor: str | None, limit: int) -> Page[AuditEvent]:
    """The latest first; raises ``BadCursor``."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = store.page(session, wanted, before=before, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[_event(row) for row in rows[:limit]], next_cursor=more)


def as_csv(database: Database, wanted: AuditQuery) -> Iterator[str]:
    """All of them as a table with a head, the latest first, in pieces, each read in a session of its own.

    No cell is one that a spreadsheet calculates.
    """
    yield _line(CSV_COLUMNS)
    before: UUID | None = None
    while rows := _page(database, wanted, before):
        yield "".join(_line(_cells(row)) for row in rows)
        before = rows[-1].id


def _page(database: Database, wanted: AuditQuery, before: UUID | None) -> list[AuditEventRow]:
    with database.read() as session:
        return store.page(session, wanted, before=before, limit=CSV_PAGE)


def _cells(row: AuditEventRow) -> list[str]:
    values = _event(row).model_dump(mode="json")
    values["details"] = json.dumps(values["details"], ensure_ascii=False)
    return [_harmless("" if values[name] is None else str(values[name])) for name in CSV_COLUMNS]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _line(cells: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _event(row: AuditEventRow) -> AuditEvent:
    return AuditEvent.model_validate(row, from_attributes=True)
