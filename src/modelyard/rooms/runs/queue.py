"""The queue: runs wait in it, runners take them, and every write of a runner is guarded by the attempt it took.

Nothing here knows on which machine a runner is.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.kit.clock import Clock
from modelyard.rooms.runs import rules, store
from modelyard.rooms.runs.errors import AttemptOutdated, RunMissing, RunTooLarge
from modelyard.rooms.runs.rules import Outcome, RunState
from modelyard.rooms.runs.schemas import Input, QueuedRun, Resources
from modelyard.rooms.runs.tables import RunnerRow, RunRow

LOOKED_AT = 100
"""How many of the waiting are looked at in one go."""
LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """One attempt at a run, taken by a runner: everything that it needs to know to execute it.

    ``taken_up``: the runner had it before it was restarted; ``begun``: its container had been started then.
    """

    run_id: UUID
    attempt: int
    account_id: UUID
    image_digest: str
    command: tuple[str, ...] | None
    environment: dict[str, str]
    parameters: dict[str, Any]
    inputs: tuple[Input, ...]
    resources: Resources
    taken_up: bool = False
    begun: bool = False


@dataclass(slots=True)
class Room:
    """What a runner has free, and the labels it can serve."""

    cpus: float
    memory_bytes: int
    gpus: int = 0
    labels: frozenset[str] = field(default_factory=frozenset)
    runs: int = 1_000

    def fits(self, wanted: Resources) -> bool:
        return (
            self.runs > 0
            and wanted.cpus <= self.cpus
            and wanted.memory_bytes <= self.memory_bytes
            and wanted.gpus <= self.gpus
        )

    def take(self, wanted: Resources) -> None:
        self.cpus -= wanted.cpus
        self.memory_bytes -= wanted.memory_bytes
        self.gpus -= wanted.gpus
        self.runs -= 1


def register_runner(
    session: Session,
    *,
    id: UUID,
    name: str,
    labels: Sequence[str],
    room: Room,
    isolation: str,
    clock: Clock,
) -> UUID:
    """Makes the runner of this name known, or says anew what it has; returns its id."""
    row = store.runner_named(session, name)
    if row is None:
        row = RunnerRow(id=id, name=name, created_at=clock())
        session.add(row)
    row.labels, row.isolation, row.seen_at = sorted(labels), isolation, clock()
    row.cpus, row.memory_bytes, row.gpus = room.cpus, room.memory_bytes, room.gpus
    session.flush()
    return row.id


def queue_run(session: Session, run: QueuedRun, *, clock: Clock, wake: Callable[[], None]) -> RunRow:
    """Queues a run; one with the same id is left as it is. ``wake`` is called once it is durable.

    Raises ``RunTooLarge`` where no runner could ever take it.
    """
    require_room(store.runners(session), run.resources, run.labels)
    store.insert(
        session,
        {
            "id": run.id,
            "account_id": run.account_id,
            "repository_id": run.repository_id,
            "address": run.address,
            "version": run.version,
            "purpose": run.purpose.value,
            "title": run.title,
            "state": RunState.QUEUED.value,
            "attempt": 0,
            "max_attempts": run.max_attempts,
            "image_digest": run.image_digest,
            "command": list(run.command) if run.command is not None else None,
            "environment": dict(run.environment),
            "parameters": dict(run.parameters),
            "inputs": [one.model_dump(mode="json") for one in run.inputs],
            "resources": run.resources.model_dump(mode="json"),
            "labels": list(run.labels),
            "place": -run.priority,
            "experiment_id": run.experiment_id,
            "reproduces": run.reproduces,
            "keep_as": dict(run.keep_as) if run.keep_as else None,
            "created_at": clock(),
        },
    )
    db.after_commit(session, wake)
    row = store.get(session, run.id)
    assert row is not None
    return row


def require_room(runners: Collection[RunnerRow], wanted: Resources, labels: Collection[str]) -> None:
    """Raises ``RunTooLarge`` unless some runner has the labels and, empty, room for what is wanted."""
    suited = [one for one in runners if set(labels) <= set(one.labels)]
    if not suited:
        raise RunTooLarge(
            f"No runner has the labels {', '.join(sorted(labels))}.", remedy="Ask for others.", field="labels"
        )
    for name, most in (
        ("cpus", max(one.cpus for one in suited)),
        ("memory_bytes", max(one.memory_bytes for one in suited)),
        ("gpus", max(one.gpus for one in suited)),
    ):
        if getattr(wanted, name) > most:
            raise RunTooLarge(
                f"{name} may be {most:g} at most: no runner has more.",
                remedy="Ask for less.",
                field=f"resources.{name}",
            )
    if not any(Room(one.cpus, one.memory_bytes, one.gpus).fits(wanted) for one in suited):
        raise RunTooLarge("No runner has all of it together.", remedy="Ask for less.", field="resources")


def claim_runs(session: Session, runner_id: UUID, room: Room, *, per_account: int, clock: Clock) -> list[Lease]:
    """Takes the next runs that fit, the most urgent and then the oldest first, each as its next attempt.

    None is overtaken by a smaller one for want of room, so that none waits for ever. ``per_account``: how many of one
    account may be under way.
    """
    now, under_way, leases = clock(), store.under_way(session), []
    full = {account for account, count in under_way.items() if count >= per_account}
    for row in store.waiting(session, now, full=full, limit=LOOKED_AT):
        wanted, account_id = Resources.model_validate(row.resources or {}), row.account_id
        if account_id is None or not set(row.labels or ()) <= room.labels:
            continue
        if under_way.get(account_id, 0) >= per_account:
            continue
        if not room.fits(wanted):
            break
        room.take(wanted)
        under_way[account_id] = under_way.get(account_id, 0) + 1
        leases.append(_take(session, row, runner_id, now))
    session.flush()
    return leases


def take_up(session: Session, runner_id: UUID) -> list[Lease]:
    """What the runner had before it was restarted, as the same attempts."""
    return [_lease(row, taken_up=True) for row in store.of_runner(session, runner_id)]


def renew_leases(session: Session, runner_id: UUID, *, clock: Clock) -> None:
    """Says that the runner lives and works on all that it has."""
    now = clock()
    store.extend_leases(session, runner_id, now + LEASE)
    if row := store.runner(session, runner_id):
        row.seen_at = now


def begin_attempt(session: Session, lease: Lease, *, isolation: str, clock: Clock) -> None:
    """Its container was started."""
    row = current(session, lease)
    if RunState(row.state) is RunState.RUNNING:
        return
    rules.require_step(RunState(row.state), RunState.RUNNING)
    row.state, row.isolation = RunState.RUNNING.value, isolation
    row.started_at = row.started_at or clock()


def note_progress(session: Session, lease: Lease, *, progress: float | None, text: str | None) -> None:
    row = current(session, lease)
    if progress is not None:
        row.progress, row.progress_text = progress, text


def cancel_run(session: Session, run_id: UUID, *, clock: Clock, wake: Callable[[], None]) -> RunRow:
    """Ends a run: at once where it waits; else its runner is told. One that has ended stays as it is."""
    row = store.get_for_update(session, run_id)
    if row is None:
        raise RunMissing(f"There is no run {run_id}.")
    if RunState(row.state) in rules.ENDED:
        return row
    row.cancelled_at = row.cancelled_at or clock()
    if RunState(row.state) is RunState.QUEUED:
        row.state, row.ended_at = RunState.CANCELLED.value, clock()
    db.after_commit(session, wake)
    session.flush()
    return row


def sweep_lost(session: Session, *, but: UUID, clock: Clock) -> list[UUID]:
    """Queues again what runners had taken that have not been heard of; ``but`` is the one that asks."""
    found = store.expired(session, clock(), but=but)
    for id in found:
        row = store.get_for_update(session, id)
        if row is not None and RunState(row.state) in rules.ACTIVE:
            end_attempt(session, row, Outcome.LOST, reason="its runner was not heard of any more", clock=clock)
    return found


def end_attempt(session: Session, row: RunRow, outcome: Outcome, *, reason: str | None, clock: Clock) -> RunState:
    """Notes how the present attempt ended and where the run goes; the caller holds the row's lock."""
    now, losses = clock(), row.losses + (outcome is Outcome.LOST)
    if noted := store.attempt(session, row.id, row.attempt):
        noted.outcome, noted.reason, noted.ended_at = outcome.value, reason, now
    state = rules.state_after(
        outcome,
        attempt=row.attempt,
        max_attempts=row.max_attempts,
        losses=losses,
        cancelled=row.cancelled_at is not None,
    )
    rules.require_step(RunState(row.state), state)
    row.state, row.losses, row.reason = state.value, losses, reason
    row.lease_expires_at = None
    if state is RunState.QUEUED:
        row.not_before, row.runner_id = now + rules.pause_before(row.attempt), None
        row.progress = row.progress_text = None
    else:
        row.ended_at = now
    return state


def current(session: Session, lease: Lease) -> RunRow:
    """The run's row, if this attempt is still the one that may write to it; raises ``AttemptOutdated``."""
    row = store.get_for_update(session, lease.run_id)
    if row is None or row.attempt != lease.attempt or RunState(row.state) not in rules.ACTIVE:
        raise AttemptOutdated
    return row


def _take(session: Session, row: RunRow, runner_id: UUID, now: datetime) -> Lease:
    rules.require_step(RunState(row.state), RunState.STARTING)
    row.state, row.attempt = RunState.STARTING.value, row.attempt + 1
    row.runner_id, row.lease_expires_at = runner_id, now + LEASE
    row.exit_code = row.reason = row.not_before = None
    values = {"run_id": row.id, "number": row.attempt, "runner_id": runner_id, "started_at": now}
    store.insert_attempt(session, values)
    return _lease(row)


def _lease(row: RunRow, *, taken_up: bool = False) -> Lease:
    assert row.account_id is not None  # only such are queued
    return Lease(
        run_id=row.id,
        attempt=row.attempt,
        account_id=row.account_id,
        image_digest=row.image_digest,
        command=tuple(row.command) if row.command is not None else None,
        environment=row.environment or {},
        parameters=row.parameters or {},
        inputs=tuple(Input.model_validate(one) for one in row.inputs or ()),
        resources=Resources.model_validate(row.resources or {}),
        taken_up=taken_up,
        begun=RunState(row.state) is not RunState.STARTING,
    )
