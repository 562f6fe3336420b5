"""Verbs on experiments: make, find, change, delete; compare their runs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.ids import new_id
from modelyard.kit.paging import Page, decode_cursor, encode_cursor
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.experiments import store
from modelyard.rooms.experiments.errors import ExperimentExists, ExperimentMissing, NotInExperiment
from modelyard.rooms.experiments.schemas import (
    ComparedRun,
    Experiment,
    ExperimentChange,
    ExperimentTable,
    MetricSummary,
    NewExperiment,
    RunCurve,
)
from modelyard.rooms.experiments.tables import ExperimentRow
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.schemas import Run

COMPARED = 200
"""How many runs of an experiment are compared: the newest."""


def create_experiment(session: Session, principal: Principal, wanted: NewExperiment, *, clock: Clock) -> Experiment:
    """Raises ``ExperimentExists``."""
    experiment_id = new_id()
    values = {
        "id": experiment_id,
        "account_id": own_id(principal),
        "name": wanted.name,
        "description": wanted.description,
        "columns": [],
        "created_at": clock(),
    }
    if not store.insert(session, values):
        raise _exists(wanted.name)
    return get_experiment(session, principal, experiment_id)


def get_experiment(session: Session, principal: Principal, experiment_id: UUID) -> Experiment:
    """One of the caller's, or anybody's for administrators; raises ``ExperimentMissing``."""
    row = _row(session, principal, experiment_id)
    return _present(session, [row])[0]


def list_experiments(session: Session, principal: Principal, *, cursor: str | None, limit: int) -> Page[Experiment]:
    """The caller's, the newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = store.page(session, own_id(principal), before=before, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=_present(session, rows[:limit]), next_cursor=more)


def change_experiment(
    session: Session, principal: Principal, experiment_id: UUID, change: ExperimentChange
) -> Experiment:
    """Raises ``ExperimentExists`` for the name of another, ``NotInExperiment`` for a run that is not in it."""
    row = _row(session, principal, experiment_id)
    given = change.model_fields_set
    if change.name is not None and change.name != row.name:
        if store.named(session, row.account_id, change.name):
            raise _exists(change.name)
        row.name = change.name
    if change.description is not None:
        row.description = change.description
    if change.columns is not None:
        row.columns = list(dict.fromkeys(change.columns))
    if "pinned" in given:
        if change.pinned is not None:
            require_in(session, principal, experiment_id, change.pinned)
        row.pinned_id = change.pinned
    session.flush()
    return _present(session, [row])[0]


def delete_experiment(session: Session, principal: Principal, experiment_id: UUID) -> None:
    """Its runs stay."""
    row = _row(session, principal, experiment_id)
    runs.leave_experiment(session, row.id)
    store.delete(session, row.id)


def put_run(session: Session, principal: Principal, experiment_id: UUID, run_id: UUID) -> Run:
    """Moves a run of the caller's into the experiment."""
    row = _row(session, principal, experiment_id)
    return runs.set_experiment(session, principal, run_id, row.id)


def take_run(session: Session, principal: Principal, experiment_id: UUID, run_id: UUID) -> Run:
    """Moves a run out of the experiment; a pin on it goes too."""
    row = _row(session, principal, experiment_id)
    require_in(session, principal, experiment_id, run_id)
    if row.pinned_id == run_id:
        row.pinned_id = None
    return runs.set_experiment(session, principal, run_id, None)


def compare(session: Session, principal: Principal, experiment_id: UUID) -> ExperimentTable:
    """The newest runs of an experiment beside each other."""
    row = _row(session, principal, experiment_id)
    found = runs.runs_of_experiment(session, row.id, limit=COMPARED)
    metrics = runs.summarise_metrics(session, [run.summary.id for run in found])
    rows = [
        ComparedRun(
            run=run.summary,
            parameters=run.parameters,
            metrics={
                name: MetricSummary(last=last, lowest=lowest, highest=highest)
                for name, (last, lowest, highest) in metrics.get(run.summary.id, {}).items()
            },
            inputs=run.inputs,
            seconds=_seconds(run.summary.started_at, run.summary.ended_at),
            is_pinned=run.summary.id == row.pinned_id,
        )
        for run in found
    ]
    return ExperimentTable(columns=_columns(rows), rows=rows)


def read_curves(session: Session, principal: Principal, experiment_id: UUID, *, metric: str) -> list[RunCurve]:
    """One metric of every run over its steps."""
    row = _row(session, principal, experiment_id)
    found = runs.runs_of_experiment(session, row.id, limit=COMPARED)
    curves = runs.read_curves(session, [run.summary.id for run in found], metric=metric)
    return [
        RunCurve(run_id=run.summary.id, title=run.summary.title, points=curves[run.summary.id])
        for run in found
        if run.summary.id in curves
    ]


def require_own(session: Session, principal: Principal, experiment_id: UUID) -> None:
    """Raises ``ExperimentMissing`` unless the caller may put runs into it."""
    _row(session, principal, experiment_id)


def require_in(session: Session, principal: Principal, experiment_id: UUID, run_id: UUID) -> Run:
    """Raises ``NotInExperiment`` unless the run is one of the experiment."""
    run = runs.get_run(session, principal, run_id)
    if run.experiment_id != experiment_id:
        raise NotInExperiment("The run is not one of this experiment.", remedy="Put it in first.", field="run")
    return run


def _columns(rows: list[ComparedRun]) -> list[str]:
    """All parameters and then all metrics, in the order in which they come up."""
    found: dict[str, None] = {}
    for row in rows:
        found |= dict.fromkeys(f"parameters.{name}" for name in row.parameters)
    for row in rows:
        found |= dict.fromkeys(f"metrics.{name}" for name in row.metrics)
    return list(found)


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    return (end - begin).total_seconds() if begin and end else None


def _present(session: Session, rows: list[ExperimentRow]) -> list[Experiment]:
    counts = runs.count_by_experiment(session, [row.id for row in rows])
    return [Experiment(**_fields(row), runs=counts.get(row.id, 0)) for row in rows]


def _fields(row: ExperimentRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "columns": row.columns,
        "pinned": row.pinned_id,
        "created_at": row.created_at,
    }


def _row(session: Session, principal: Principal, experiment_id: UUID) -> ExperimentRow:
    row = store.get(session, experiment_id)
    if row is None or not (row.account_id == principal.account_id or principal.is_administrator):
        raise ExperimentMissing("There is no such experiment.", remedy="See the list of your experiments.")
    return row


def _exists(name: str) -> ExperimentExists:
    return ExperimentExists(f"You have an experiment {name!r} already.", remedy="Choose another name.", field="name")
