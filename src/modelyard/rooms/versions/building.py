"""A build's writes, each guarded by its attempt: what a later attempt has taken over is not touched (409)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.versions import rules, store
from modelyard.rooms.versions.errors import BuildOutdated
from modelyard.rooms.versions.rules import StageState, VersionState
from modelyard.rooms.versions.tables import VersionRow

REASON_LIMIT = 4000


@dataclass(frozen=True, slots=True)
class Build:
    """One attempt at building one version, as loaded at the start of a step."""

    version_id: UUID
    repository_id: UUID
    number: int
    attempt: int
    commit_id: str
    pushed_by: UUID | None
    platforms: tuple[str, ...]
    signature: Mapping[str, Any]
    card: Mapping[str, Any]
    project: Mapping[str, Any]
    image_digest: str | None
    lock: str | None


def pusher(database: Database, build: Build) -> str:
    """The name of who pushed, as commits have it."""
    if build.pushed_by is None:
        return "unknown"
    with database.read() as session:
        return accounts.get_account(session, build.pushed_by).username


def begin(session: Session, version_id: UUID, *, attempt: int, clock: Clock) -> Build:
    """Marks the version as building and loads what the step needs."""
    row = _current(session, version_id, attempt)
    rules.require_step(VersionState(row.state), VersionState.BUILDING)
    row.state = VersionState.BUILDING.value
    return Build(
        version_id=row.id,
        repository_id=row.repository_id,
        number=row.number,
        attempt=row.attempt,
        commit_id=row.commit_id,
        pushed_by=row.pushed_by,
        platforms=tuple(row.platforms),
        signature=row.signature,
        card=row.card,
        project=row.project,
        image_digest=row.image_digest,
        lock=row.lock,
    )


def report(session: Session, build: Build, *, stage: str, state: str, text: str, clock: Clock) -> None:
    """Adds an event to the build's story."""
    _current(session, build.version_id, build.attempt)
    text = db.storable_text(text)
    store.add_event(session, build.version_id, attempt=build.attempt, stage=stage, state=state, text=text, at=clock())


def record_image(session: Session, build: Build, *, digest: str, size: int, lock: str) -> None:
    """Keeps what was assembled, and the lock, so that assembling again gives the same image."""
    row = _current(session, build.version_id, build.attempt)
    row.image_digest, row.image_size, row.lock = digest, size, lock


def record_signature(session: Session, build: Build, *, signature: Mapping[str, Any]) -> None:
    """Keeps the signature that a run read from the loaded model."""
    row = _current(session, build.version_id, build.attempt)
    row.signature, row.project = dict(signature), {**row.project, "is_described": True}


def require_current(session: Session, build: Build) -> None:
    """Raises ``BuildOutdated`` where a later attempt has taken over, or the version is gone."""
    _current(session, build.version_id, build.attempt)


def record_operation(
    session: Session, build: Build, *, signature: Mapping[str, Any], operation: Mapping[str, Any]
) -> None:
    """Keeps how an image takes runs."""
    row = _current(session, build.version_id, build.attempt)
    row.signature, row.project = dict(signature), {**row.project, "operation": dict(operation)}


def record_notes(session: Session, build: Build, *, notes: Iterable[str]) -> None:
    """Keeps what the load check noted beside what the push did; once, however often the check is repeated."""
    row = _current(session, build.version_id, build.attempt)
    said = dict.fromkeys([*build.project.get("notes", ()), *notes])
    row.project = {**row.project, "notes": list(said)}


def record_contents(session: Session, build: Build, *, files: int, size: int) -> None:
    """Keeps how much a dataset's version holds."""
    row = _current(session, build.version_id, build.attempt)
    row.project = {**row.project, "contents": {"files": files, "size": size}}


def record_commit(session: Session, build: Build, *, commit_id: str) -> None:
    """Keeps the commit that an import of tables has made."""
    _current(session, build.version_id, build.attempt).commit_id = commit_id


def record_packs(
    session: Session, build: Build, *, commit_id: str, packed: Mapping[str, Any], notes: Iterable[str]
) -> None:
    """Keeps the commit that an import of images has made, how much is in it, and what there is to say of it."""
    row = _current(session, build.version_id, build.attempt)
    row.commit_id = commit_id
    row.project = {**row.project, "packed": dict(packed), "notes": list(notes)}


def publish(session: Session, build: Build, *, clock: Clock) -> None:
    """The version is ready."""
    row = _current(session, build.version_id, build.attempt)
    rules.require_step(VersionState(row.state), VersionState.READY)
    row.state, row.ready_at = VersionState.READY.value, clock()
    row.reason = row.remedy = None
    store.add_event(
        session,
        row.id,
        attempt=row.attempt,
        stage="publish",
        state=StageState.COMPLETE.value,
        text=f"tagged v{row.number}",
        at=clock(),
    )


def fail(session: Session, version_id: UUID, *, attempt: int, clock: Clock, reason: str, remedy: str) -> None:
    """The version has failed; the stage it was in too. Does nothing for an attempt that was overtaken."""
    row = store.get_for_update(session, version_id)
    if row is None or row.attempt != attempt or VersionState(row.state) in rules.ENDED:
        return
    row.state = VersionState.FAILED.value
    row.reason, row.remedy = db.storable_text(reason)[:REASON_LIMIT], db.storable_text(remedy)[:REASON_LIMIT]
    events, names = store.events(session, version_id, limit=100_000), rules.stage_names(row.project)
    running = [s for s in rules.stages_of(events, attempt=attempt, names=names) if s.state is StageState.RUNNING]
    for stage in running:
        store.add_event(
            session, version_id, attempt=attempt, stage=stage.name, state="failed", text=stage.text, at=clock()
        )


def _current(session: Session, version_id: UUID, attempt: int) -> VersionRow:
    row = store.get_for_update(session, version_id)
    if row is None or row.attempt != attempt:
        raise BuildOutdated
    return row
