"""Every query of the versions room."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.versions.rules import ENDED, Event, VersionState
from modelyard.rooms.versions.tables import BuildEventRow, VersionRow


def insert(session: Session, values: dict[str, Any]) -> VersionRow:
    row = VersionRow(**values)
    session.add(row)
    session.flush()
    return row


def get(session: Session, id: UUID) -> VersionRow | None:
    return session.get(VersionRow, id)


def get_for_update(session: Session, id: UUID) -> VersionRow | None:
    return session.scalar(db.lock_row(sa.select(VersionRow).where(VersionRow.id == id)))


def find(session: Session, repository_id: UUID, number: int) -> VersionRow | None:
    query = sa.select(VersionRow).where(VersionRow.repository_id == repository_id, VersionRow.number == number)
    return session.scalar(query)


def page(session: Session, repository_id: UUID, *, below: int | None, limit: int) -> list[VersionRow]:
    """The highest numbers first."""
    query = sa.select(VersionRow).where(VersionRow.repository_id == repository_id)
    if below is not None:
        query = query.where(VersionRow.number < below)
    return list(session.scalars(query.order_by(VersionRow.number.desc()).limit(limit)))


def commit_in_use(session: Session, repository_id: UUID, commit_id: str) -> bool:
    """Whether a version is of this commit."""
    found = sa.exists().where(VersionRow.repository_id == repository_id, VersionRow.commit_id == commit_id)
    return bool(session.scalar(sa.select(found)))


def number_of_commit(session: Session, repository_id: UUID, commit_id: str) -> int | None:
    """The newest version of this commit."""
    query = sa.select(sa.func.max(VersionRow.number))
    return session.scalar(query.where(VersionRow.repository_id == repository_id, VersionRow.commit_id == commit_id))


def of_commit(session: Session, repository_id: UUID, commit_id: str) -> list[VersionRow]:
    """Versions of one commit, kept from changing until this transaction ends."""
    query = sa.select(VersionRow).where(VersionRow.repository_id == repository_id, VersionRow.commit_id == commit_id)
    return list(session.scalars(db.lock_row(query)))


def ready_packed(session: Session, repository_id: UUID) -> list[VersionRow]:
    """Ready versions of packed images, the oldest first."""
    query = sa.select(VersionRow).where(
        VersionRow.repository_id == repository_id, VersionRow.state == VersionState.READY.value
    )
    return [row for row in session.scalars(query.order_by(VersionRow.number)) if "packed" in row.project]


def has_unfinished(session: Session, repository_id: UUID) -> bool:
    """Whether a version of the repository is queued or being made."""
    found = sa.exists().where(
        VersionRow.repository_id == repository_id, VersionRow.state.not_in([state.value for state in ENDED])
    )
    return bool(session.scalar(sa.select(found)))


def has_image(session: Session, repository_id: UUID, digest: str) -> bool:
    """Whether a version is of this image."""
    found = sa.exists().where(VersionRow.repository_id == repository_id, VersionRow.image_digest == digest)
    return bool(session.scalar(sa.select(found)))


def latest_ready(session: Session, repository_id: UUID) -> VersionRow | None:
    query = sa.select(VersionRow).where(VersionRow.repository_id == repository_id, VersionRow.state == "ready")
    return session.scalar(query.order_by(VersionRow.number.desc()).limit(1))


def newest_published(session: Session, repository_id: UUID) -> VersionRow | None:
    """The highest number among what is ready and not taken back; a version that is no operation counts as published."""
    query = sa.select(VersionRow).where(VersionRow.repository_id == repository_id, VersionRow.state == "ready")
    rows = session.scalars(query.order_by(VersionRow.number.desc()).execution_options(yield_per=10))
    return next((row for row in rows if (row.project.get("operation") or {}).get("published", True)), None)


def latest_numbers(session: Session, repository_ids: Sequence[UUID]) -> dict[UUID, int]:
    query = (
        sa.select(VersionRow.repository_id, sa.func.max(VersionRow.number))
        .where(VersionRow.repository_id.in_(repository_ids))
        .group_by(VersionRow.repository_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def unfinished(session: Session) -> list[VersionRow]:
    return list(session.scalars(sa.select(VersionRow).where(VersionRow.state.not_in([s.value for s in ENDED]))))


def delete(session: Session, id: UUID) -> None:
    session.execute(sa.delete(VersionRow).where(VersionRow.id == id))


def add_event(
    session: Session, version_id: UUID, *, attempt: int, stage: str, state: str, text: str, at: datetime
) -> None:
    last = session.scalar(sa.select(sa.func.max(BuildEventRow.sequence)).where(BuildEventRow.version_id == version_id))
    session.add(
        BuildEventRow(
            version_id=version_id,
            sequence=(last or 0) + 1,
            attempt=attempt,
            stage=stage,
            state=state,
            text=text,
            at=at,
        )
    )
    session.flush()


def events(session: Session, version_id: UUID, *, after: int = 0, limit: int = 1000) -> list[Event]:
    query = sa.select(BuildEventRow).where(BuildEventRow.version_id == version_id, BuildEventRow.sequence > after)
    rows = session.scalars(query.order_by(BuildEventRow.sequence).limit(limit))
    return [Event(r.sequence, r.attempt, r.stage, r.state, r.text, r.at) for r in rows]


def stage_events(session: Session, version_ids: Sequence[UUID]) -> dict[UUID, list[Event]]:
    """The changes of state (without log lines) of several versions, in one query."""
    query = sa.select(BuildEventRow).where(BuildEventRow.version_id.in_(version_ids), BuildEventRow.state != "log")
    found: dict[UUID, list[Event]] = {id: [] for id in version_ids}
    for r in session.scalars(query.order_by(BuildEventRow.version_id, BuildEventRow.sequence)):
        found[r.version_id].append(Event(r.sequence, r.attempt, r.stage, r.state, r.text, r.at))
    return found
