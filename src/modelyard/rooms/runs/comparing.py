"""Metrics of runs, and runs beside each other in an experiment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.runs import store
from modelyard.rooms.runs.owning import own_row
from modelyard.rooms.runs.presenting import present, summarise
from modelyard.rooms.runs.schemas import MetricPoint, MetricSeries, Run, RunSummary

SHOWN_POINTS = 2_000
"""How many points of one metric are shown; of more, every n-th."""
READ_POINTS = 200_000


@dataclass(frozen=True, slots=True)
class GroupedRun:
    """A run of an experiment; ``inputs``: where each comes from, by name."""

    summary: RunSummary
    parameters: dict[str, Any]
    inputs: dict[str, str]


def set_experiment(session: Session, principal: Principal, run_id: UUID, experiment_id: UUID | None) -> Run:
    """Moves a run of the caller's into an experiment, or out of it."""
    row = own_row(session, principal, run_id)
    row.experiment_id = experiment_id
    session.flush()
    return present(session, row)


def leave_experiment(session: Session, experiment_id: UUID) -> None:
    """All runs of an experiment are in none."""
    store.leave_experiment(session, experiment_id)


def count_by_experiment(session: Session, experiment_ids: Sequence[UUID]) -> dict[UUID, int]:
    return store.count_by_experiment(session, experiment_ids)


def runs_of_experiment(session: Session, experiment_id: UUID, *, limit: int) -> list[GroupedRun]:
    """The newest first."""
    rows = store.of_experiment(session, experiment_id, limit=limit)
    return [
        GroupedRun(summary, row.parameters or {}, {one["name"]: one["source"] for one in row.inputs or ()})
        for row, summary in zip(rows, summarise(session, rows), strict=True)
    ]


def summarise_metrics(session: Session, run_ids: Sequence[UUID]) -> dict[UUID, dict[str, tuple[float, float, float]]]:
    """The last, the lowest and the highest value of every metric of each run's present attempt."""
    found: dict[UUID, dict[str, tuple[float, float, float]]] = {}
    for run_id, name, last, lowest, highest in store.metric_summaries(session, run_ids):
        found.setdefault(run_id, {})[name] = (last, lowest, highest)
    return found


def read_curves(session: Session, run_ids: Sequence[UUID], *, metric: str) -> dict[UUID, list[MetricPoint]]:
    """One metric of each run that has it."""
    found: dict[UUID, list[MetricPoint]] = {}
    for row in store.metrics_named(session, run_ids, metric):
        found.setdefault(row.run_id, []).append(MetricPoint(step=row.step, value=row.value, at=row.at))
    return {run_id: _thinned(points) for run_id, points in found.items()}


def read_metrics(session: Session, run_id: UUID) -> list[MetricSeries]:
    """What the present attempt reported, a series for each name, in the order in which the names came up."""
    row = store.get(session, run_id)
    if row is None:
        return []
    found: dict[str, list[MetricPoint]] = {}
    for point in store.metrics(session, run_id, attempt=row.attempt, limit=READ_POINTS):
        found.setdefault(point.name, []).append(MetricPoint(step=point.step, value=point.value, at=point.at))
    return [_series(name, points) for name, points in found.items()]


def _series(name: str, points: list[MetricPoint]) -> MetricSeries:
    return MetricSeries(name=name, points=_thinned(points), last=points[-1].value, total=len(points))


def _thinned(points: list[MetricPoint]) -> list[MetricPoint]:
    """So many that a chart can show them; the last one always."""
    shown = points[:: -(-len(points) // SHOWN_POINTS)]
    return shown if shown[-1] is points[-1] else [*shown, points[-1]]
