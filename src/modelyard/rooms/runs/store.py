"""Every query of the runs room."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.runs.rules import ACTIVE, ENDED, RunState
from modelyard.rooms.runs.tables import AttemptRow, MetricRow, OutputRow, RunnerRow, RunRow

ACTIVE_STATES = sorted(ACTIVE)
ENDED_STATES = sorted(ENDED)


def insert(session: Session, values: dict[str, Any]) -> bool:
    """Adds a run; one with the same id is left as it is. Says whether it was added."""
    return db.insert_or_ignore(session, RunRow, values)


def get(session: Session, id: UUID) -> RunRow | None:
    return session.get(RunRow, id)


def get_for_update(session: Session, id: UUID) -> RunRow | None:
    return session.scalar(db.lock_row(sa.select(RunRow).where(RunRow.id == id)))


def unfinished(session: Session) -> list[RunRow]:
    return list(session.scalars(sa.select(RunRow).where(RunRow.state.not_in(ENDED_STATES))))


def active(session: Session) -> list[tuple[UUID, int]]:
    """(run, attempt) of all that are being executed."""
    found = session.execute(sa.select(RunRow.id, RunRow.attempt).where(RunRow.state.in_(ACTIVE_STATES)))
    return [(id, attempt) for id, attempt in found]


def of_repository(session: Session, repository_id: UUID, *, version: int | None) -> list[RunRow]:
    """What the repository itself asked for: checks of its versions."""
    query = sa.select(RunRow).where(RunRow.repository_id == repository_id, RunRow.account_id.is_(None))
    if version is not None:
        query = query.where(RunRow.version == version)
    return list(session.scalars(query.order_by(RunRow.id.desc())))


def delete(session: Session, ids: Collection[UUID]) -> None:
    session.execute(sa.delete(RunRow).where(RunRow.id.in_(ids)))


def page(
    session: Session,
    *,
    account_id: UUID | None,
    repository_id: UUID | None = None,
    experiment_id: UUID | None = None,
    states: Sequence[str] = (),
    before: UUID | None,
    limit: int,
) -> list[RunRow]:
    """The newest first: ids sort by time. Without ``account_id``: those of all accounts."""
    query = sa.select(RunRow)
    query = query.where(RunRow.account_id == account_id if account_id is not None else RunRow.account_id.is_not(None))
    if repository_id is not None:
        query = query.where(RunRow.repository_id == repository_id)
    if experiment_id is not None:
        query = query.where(RunRow.experiment_id == experiment_id)
    if states:
        query = query.where(RunRow.state.in_(states))
    if before is not None:
        query = query.where(RunRow.id < before)
    return list(session.scalars(query.order_by(RunRow.id.desc()).limit(limit)))


def count_unfinished(session: Session, account_id: UUID) -> int:
    states = [RunState.QUEUED.value, *ACTIVE_STATES]
    query = sa.select(sa.func.count()).where(RunRow.account_id == account_id, RunRow.state.in_(states))
    return session.scalar(query) or 0


def has_waiting(session: Session, now: datetime) -> bool:
    return bool(session.scalar(sa.select(sa.exists().where(*_due(now)))))


def waiting(session: Session, now: datetime, *, full: Collection[UUID], limit: int) -> list[RunRow]:
    """The next runs to be taken, locked; those that another transaction is taking are left out. ``full``: accounts
    that have as many runs under way as they may."""
    query = sa.select(RunRow).where(*_due(now))
    if full:
        query = query.where(RunRow.account_id.not_in(full))
    query = query.order_by(RunRow.place, RunRow.id).limit(limit)
    return list(session.scalars(db.lock_free_rows(query)))


def under_way(session: Session) -> dict[UUID, int]:
    """How many runs of each account are being executed."""
    query = (
        sa.select(RunRow.account_id, sa.func.count())
        .where(RunRow.state.in_(ACTIVE_STATES), RunRow.account_id.is_not(None))
        .group_by(RunRow.account_id)
    )
    return {account: count for account, count in session.execute(query) if account}


def due_keeps(session: Session) -> list[UUID]:
    return list(session.scalars(sa.select(RunRow.id).where(RunRow.keep_due)))


def of_runner(session: Session, runner_id: UUID) -> list[RunRow]:
    """What the runner has taken and not ended."""
    query = sa.select(RunRow).where(RunRow.runner_id == runner_id, RunRow.state.in_(ACTIVE_STATES))
    return list(session.scalars(query.order_by(RunRow.id)))


def held_by(session: Session, runner_id: UUID) -> dict[tuple[UUID, int], bool]:
    """(run, attempt) of what the runner has → whether its end was asked for."""
    query = sa.select(RunRow.id, RunRow.attempt, RunRow.cancelled_at).where(
        RunRow.runner_id == runner_id, RunRow.state.in_(ACTIVE_STATES)
    )
    return {(id, attempt): cancelled is not None for id, attempt, cancelled in session.execute(query)}


def extend_leases(session: Session, runner_id: UUID, until: datetime) -> None:
    session.execute(
        sa.update(RunRow)
        .where(RunRow.runner_id == runner_id, RunRow.state.in_(ACTIVE_STATES))
        .values(lease_expires_at=until)
    )


def expired(session: Session, now: datetime, *, but: UUID) -> list[UUID]:
    """Runs whose runner, another than ``but``, has not been heard of."""
    query = sa.select(RunRow.id).where(
        RunRow.state.in_(ACTIVE_STATES),
        RunRow.runner_id.is_not(None),
        RunRow.runner_id != but,
        RunRow.lease_expires_at < now,
    )
    return list(session.scalars(query))


def insert_attempt(session: Session, values: dict[str, Any]) -> None:
    """Adds an attempt; one that is there stays as it is."""
    db.insert_or_ignore(session, AttemptRow, values)


def attempt(session: Session, run_id: UUID, number: int) -> AttemptRow | None:
    return session.get(AttemptRow, (run_id, number))


def attempts(session: Session, run_id: UUID) -> list[AttemptRow]:
    query = sa.select(AttemptRow).where(AttemptRow.run_id == run_id)
    return list(session.scalars(query.order_by(AttemptRow.number)))


def insert_outputs(session: Session, run_id: UUID, rows: Iterable[Mapping[str, Any]]) -> None:
    db.insert_new(session, OutputRow, [{"run_id": run_id, **row} for row in rows], returning=[OutputRow.path])


def outputs(
    session: Session, run_id: UUID, *, prefix: str = "", after: str | None = None, limit: int | None = None
) -> list[OutputRow]:
    """By path."""
    query = sa.select(OutputRow).where(OutputRow.run_id == run_id)
    if prefix:
        query = query.where(OutputRow.path.startswith(prefix, autoescape=True))
    if after is not None:
        query = query.where(OutputRow.path > after)
    return list(session.scalars(query.order_by(OutputRow.path).limit(limit)))


def output(session: Session, run_id: UUID, path: str) -> OutputRow | None:
    return session.get(OutputRow, (run_id, path))


def insert_metrics(session: Session, rows: list[dict[str, Any]]) -> None:
    """Those that are there already stay as they are."""
    db.insert_new(session, MetricRow, rows, returning=[MetricRow.sequence])


def metrics(session: Session, run_id: UUID, *, attempt: int, after: int = 0, limit: int) -> list[MetricRow]:
    """By their order, after sequence number ``after``."""
    query = sa.select(MetricRow).where(
        MetricRow.run_id == run_id, MetricRow.attempt == attempt, MetricRow.sequence > after
    )
    return list(session.scalars(query.order_by(MetricRow.sequence).limit(limit)))


def metrics_named(session: Session, run_ids: Collection[UUID], name: str) -> list[MetricRow]:
    """One metric of the present attempts, by run and order."""
    query = (
        sa.select(MetricRow)
        .join(RunRow, sa.and_(RunRow.id == MetricRow.run_id, RunRow.attempt == MetricRow.attempt))
        .where(MetricRow.run_id.in_(run_ids), MetricRow.name == name)
    )
    return list(session.scalars(query.order_by(MetricRow.run_id, MetricRow.sequence)))


def metric_summaries(session: Session, run_ids: Collection[UUID]) -> list[tuple[UUID, str, float, float, float]]:
    """(run, metric, last, lowest, highest) of the present attempts, metrics in the order in which they came up."""
    sums = (
        sa.select(
            MetricRow.run_id,
            MetricRow.name,
            sa.func.min(MetricRow.sequence).label("first"),
            sa.func.max(MetricRow.sequence).label("last"),
            sa.func.min(MetricRow.value).label("lowest"),
            sa.func.max(MetricRow.value).label("highest"),
        )
        .join(RunRow, sa.and_(RunRow.id == MetricRow.run_id, RunRow.attempt == MetricRow.attempt))
        .where(MetricRow.run_id.in_(run_ids))
        .group_by(MetricRow.run_id, MetricRow.name)
        .subquery()
    )
    query = (
        sa.select(sums.c.run_id, sums.c.name, MetricRow.value, sums.c.lowest, sums.c.highest)
        .join(MetricRow, sa.and_(MetricRow.run_id == sums.c.run_id, MetricRow.sequence == sums.c.last))
        .order_by(sums.c.run_id, sums.c.first)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(query)]


def of_experiment(session: Session, experiment_id: UUID, *, limit: int) -> list[RunRow]:
    """The newest first."""
    query = sa.select(RunRow).where(RunRow.experiment_id == experiment_id)
    return list(session.scalars(query.order_by(RunRow.id.desc()).limit(limit)))


def count_by_experiment(session: Session, ids: Collection[UUID]) -> dict[UUID, int]:
    query = (
        sa.select(RunRow.experiment_id, sa.func.count())
        .where(RunRow.experiment_id.in_(ids))
        .group_by(RunRow.experiment_id)
    )
    return {id: count for id, count in session.execute(query) if id}


def leave_experiment(session: Session, id: UUID) -> None:
    session.execute(sa.update(RunRow).where(RunRow.experiment_id == id).values(experiment_id=None))


def runner(session: Session, id: UUID) -> RunnerRow | None:
    return session.get(RunnerRow, id)


def runner_named(session: Session, name: str) -> RunnerRow | None:
    return session.scalar(db.lock_row(sa.select(RunnerRow).where(RunnerRow.name == name)))


def runners(session: Session) -> list[RunnerRow]:
    return list(session.scalars(sa.select(RunnerRow).order_by(RunnerRow.name)))


def runner_names(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    found = session.execute(sa.select(RunnerRow.id, RunnerRow.name).where(RunnerRow.id.in_(ids)))
    return {row[0]: row[1] for row in found}


def taken(session: Session) -> dict[UUID, list[dict[str, Any]]]:
    """The resources of what is being executed, by runner."""
    query = sa.select(RunRow.runner_id, RunRow.resources).where(
        RunRow.state.in_(ACTIVE_STATES), RunRow.runner_id.is_not(None)
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for runner_id, resources in session.execute(query):
        found.setdefault(runner_id, []).append(resources or {})
    return found


def _due(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        RunRow.state == RunState.QUEUED.value,
        RunRow.account_id.is_not(None),
        sa.or_(RunRow.not_before.is_(None), RunRow.not_before <= now),
    )
