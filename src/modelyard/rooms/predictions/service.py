"""Verbs on predictions: storing what boxes report, listing, forgetting."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.paging import Page, decode_cursor, encode_cursor
from modelyard.rooms.predictions import rules, store
from modelyard.rooms.predictions.errors import PredictionMissing
from modelyard.rooms.predictions.schemas import Prediction
from modelyard.rooms.predictions.tables import PredictionRow
from modelyard.rooms.repos import service as repos
from modelyard.rooms.usage import service as usage
from modelyard.rooms.usage.schemas import Entry, UsageKind

KEPT = timedelta(days=90)
REFUSED = 400
"""From this status on nothing was predicted."""


def store_reports(
    session: Session, *, repository_id: UUID, version: int, reports: list[Any], keep_inputs: bool, now: datetime
) -> None:
    """Stores what a box reports, once each; what no box of ours would say is left out. Those that were answered count
    as the repository's owner's.

    Without ``keep_inputs``, inputs and outputs are left out even where the box sent them.
    """
    read = (rules.read_report(report, now=now, keep_inputs=keep_inputs) for report in reports)
    place = {"repository_id": repository_id, "version": version}
    new = store.insert(session, [place | row for row in read if row is not None])
    answered = [row.id for row in new if row.status < REFUSED]
    owner_id = repos.owner_of(session, repository_id)
    if not answered or owner_id is None:
        return
    entry = Entry(
        account_id=owner_id,
        kind=UsageKind.PREDICTIONS,
        quantity=len(answered),
        source=f"predictions:{repository_id}:{min(answered)}",  # which was new, so it began no batch before
        at=now,
        repository_id=repository_id,
        version=version,
    )
    usage.record(session, entry)


def get_prediction(session: Session, repository_id: UUID, id: UUID) -> Prediction:
    """Raises ``PredictionMissing``."""
    row = store.prediction(session, repository_id, id)
    if row is None:
        raise PredictionMissing(
            f"{id} is not known.", remedy="Boxes report a few seconds after they answered; ask again, or list."
        )
    return _prediction(row)


def list_predictions(
    session: Session,
    repository_id: UUID,
    *,
    version: int | None = None,
    status: int | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Prediction]:
    """The newest first."""
    (before,) = decode_cursor(cursor, UUID) if cursor else (None,)
    rows = store.predictions(session, repository_id, version=version, status=status, before=before, limit=limit + 1)
    items = [_prediction(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(rows) > limit else None)


def forget_old(session: Session, *, now: datetime) -> None:
    """Removes predictions older than ``KEPT``."""
    store.delete_before(session, now - KEPT)


def _prediction(row: PredictionRow) -> Prediction:
    return Prediction(
        id=row.id,
        version=row.version,
        predicted_at=row.predicted_at,
        status=row.status,
        seconds=row.seconds,
        size=row.size,
        input_digest=row.input_digest,
        inputs=rules.read_json(row.inputs),
        output=rules.read_json(row.output),
    )
