"""Runs, as other rooms and the API see them: find, list, cancel, delete, and look at what they left."""

import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.paging import Page, decode_cursor, encode_cursor
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.accounts.schemas import Account, Principal, Role
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.content.schemas import OpenBlob
from modelyard.rooms.runs import queue, rules, store
from modelyard.rooms.runs.containers import KIND_RUN, LABEL_KIND
from modelyard.rooms.runs.errors import IsolationTooWeak, OutputMissing, RunMissing, RunStateInvalid
from modelyard.rooms.runs.executing import RunTools, execute
from modelyard.rooms.runs.ports import Engine
from modelyard.rooms.runs.presenting import present, present_output, present_runner, summarise
from modelyard.rooms.runs.queue import queue_run, require_room
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import (
    MetricPoint,
    MetricSeries,
    Output,
    Run,
    Runner,
    RunOrder,
    RunSummary,
)
from modelyard.rooms.runs.tables import OutputRow, RunRow

__all__ = ["RunOrder", "RunTools", "execute", "queue_run", "require_room"]

SHOWN_POINTS = 2_000
"""How many points of one metric are shown; of more, every n-th."""
READ_POINTS = 200_000


def require_trust(engine: Engine, creator: Account | None, *, trusted: Collection[str]) -> None:
    """Raises ``IsolationTooWeak`` unless the engine may execute code that ``creator`` brought (None: nobody known)."""
    username = creator.username if creator else None
    is_administrator = creator is not None and creator.role is Role.ADMINISTRATOR
    if not rules.may_run(engine.isolation, username=username, is_administrator=is_administrator, trusted=trusted):
        raise IsolationTooWeak(
            f"This machine isolates code only as '{engine.isolation}', which is not enough for strangers'.",
            remedy="Ask the administrator to name you in MODELYARD_TRUSTED_CREATORS, or to allow namespaces.",
        )


def get_run(session: Session, principal: Principal, run_id: UUID) -> Run:
    """A run of the caller's, or anybody's for administrators; raises ``RunMissing``."""
    return present(session, _row(session, principal, run_id))


def find_run(session: Session, run_id: UUID) -> Run | None:
    """Whoever asks; not for answers to callers."""
    row = store.get(session, run_id)
    return present(session, row) if row else None


def given_inputs(session: Session, run_id: UUID) -> dict[str, dict[str, Any]]:
    """What a run's inputs were asked for with, by name; whoever asks."""
    row = store.get(session, run_id)
    return {one["name"]: one["given"] for one in (row.inputs if row else None) or ()}


@dataclass(frozen=True, slots=True)
class GroupedRun:
    """A run of an experiment; ``inputs``: where each comes from, by name."""

    summary: RunSummary
    parameters: dict[str, Any]
    inputs: dict[str, str]


def set_experiment(session: Session, principal: Principal, run_id: UUID, experiment_id: UUID | None) -> Run:
    """Moves a run of the caller's into an experiment, or out of it."""
    row = _row(session, principal, run_id)
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


def count_unfinished(session: Session, account_id: UUID) -> int:
    """How many runs of the account wait or are being executed."""
    return store.count_unfinished(session, account_id)


def list_runs(
    session: Session,
    principal: Principal,
    *,
    everybody: bool = False,
    repository_id: UUID | None = None,
    experiment_id: UUID | None = None,
    states: Sequence[RunState] = (),
    cursor: str | None,
    limit: int,
) -> Page[RunSummary]:
    """The caller's, the newest first; with ``everybody`` those of all accounts (administrators)."""
    rows = store.page(
        session,
        account_id=None if everybody else own_id(principal),
        repository_id=repository_id,
        experiment_id=experiment_id,
        states=[state.value for state in states],
        before=decode_cursor(cursor, UUID)[0] if cursor else None,
        limit=limit + 1,
    )
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=summarise(session, rows[:limit]), next_cursor=more)


def cancel_run(session: Session, principal: Principal, run_id: UUID, *, clock: Clock, wake: Callable[[], None]) -> Run:
    """Asks for a run's end: TERM, and KILL after a while. One that has ended stays as it is."""
    _row(session, principal, run_id)
    return present(session, queue.cancel_run(session, run_id, clock=clock, wake=wake))


def delete_run(session: Session, principal: Principal, run_id: UUID) -> None:
    """Forgets a run and gives up what it left; raises ``RunStateInvalid`` while it is under way."""
    row = _row(session, principal, run_id)
    if RunState(row.state) not in rules.ENDED:
        raise RunStateInvalid(f"The run is {row.state}.", remedy="Cancel it first.")
    _forget(session, row)


def list_outputs(session: Session, run_id: UUID, *, cursor: str | None, limit: int) -> Page[Output]:
    """What the run left, by path."""
    after = decode_cursor(cursor, str)[0] if cursor else None
    rows = store.outputs(session, run_id, after=after, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].path) if len(rows) > limit else None
    return Page(items=[present_output(row) for row in rows[:limit]], next_cursor=more)


@dataclass(slots=True)
class OpenOutput:
    """A file that a run left, to be read from anywhere."""

    path: str
    size: int
    digest: str
    crc32: int
    media_type: str
    blobs: BlobStore

    def read(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        return self.blobs.open(self.digest, offset=start, length=length)


def open_output(session: Session, *, blobs: BlobStore, run_id: UUID, path: str) -> OpenOutput:
    """Raises ``OutputMissing``."""
    row = store.output(session, run_id, path)
    if row is None:
        raise OutputMissing(f"The run left no {path!r}.", remedy="Look at the list of its outputs.", field="path")
    return _open(row, blobs)


def all_outputs(session: Session, run_id: UUID, *, prefix: str = "") -> list[Output]:
    """All that the run left whose path begins with ``prefix``, by path."""
    return [present_output(row) for row in store.outputs(session, run_id, prefix=prefix)]


def open_outputs(session: Session, *, blobs: BlobStore, run_id: UUID, prefix: str = "") -> list[OpenOutput]:
    """All that the run left whose path begins with ``prefix``, by path."""
    return [_open(row, blobs) for row in store.outputs(session, run_id, prefix=prefix)]


def open_log(
    session: Session, *, blobs: BlobStore, run_id: UUID, offset: int = 0, length: int | None = None
) -> OpenBlob | None:
    """The log of a run that has ended; None where it wrote nothing."""
    row = store.get(session, run_id)
    holder = (row.account_id or row.repository_id) if row else None
    if row is None or holder is None or row.log_digest is None:
        return None
    return content.open_granted(
        session, store=blobs, holder_id=holder, digest=row.log_digest, offset=offset, length=length
    )


def read_log(session: Session, *, store_: BlobStore, run_id: UUID, limit: int = 1024**2) -> bytes:
    """The end of a run's log, ``limit`` bytes at most; empty where there is none."""
    blob = open_log(session, blobs=store_, run_id=run_id)
    return b"".join(blob.chunks)[-limit:] if blob else b""


def read_metrics(session: Session, run_id: UUID) -> list[MetricSeries]:
    """What the present attempt reported, a series for each name, in the order in which the names came up."""
    row = store.get(session, run_id)
    if row is None:
        return []
    found: dict[str, list[MetricPoint]] = {}
    for point in store.metrics(session, run_id, attempt=row.attempt, limit=READ_POINTS):
        found.setdefault(point.name, []).append(MetricPoint(step=point.step, value=point.value, at=point.at))
    return [_series(name, points) for name, points in found.items()]


@dataclass(frozen=True, slots=True)
class DueKeep:
    """Outputs that are to become a version of a dataset."""

    account_id: UUID
    dataset: str
    message: str


def ask_to_keep(session: Session, run_id: UUID, wanted: dict[str, Any]) -> Run:
    """Notes that the outputs are to become a version."""
    row = _locked(session, run_id)
    row.keep_as, row.keep_due = wanted, True
    session.flush()
    return present(session, row)


def due_keep(session: Session, run_id: UUID) -> DueKeep | None:
    """What is to become of the outputs; None where that was done, or was never asked for."""
    row = store.get_for_update(session, run_id)
    if row is None or not row.keep_due or row.keep_as is None or row.account_id is None:
        return None
    return DueKeep(row.account_id, row.keep_as["dataset"], row.keep_as.get("message") or "")


def note_kept(session: Session, run_id: UUID, *, version: int | None = None, problem: str | None = None) -> None:
    """What has become of the outputs; the run may be gone meanwhile."""
    row = store.get_for_update(session, run_id)
    if row is None or row.keep_as is None:
        return
    told = {"version": version} if version is not None else {"problem": problem}
    row.keep_as, row.keep_due = {**row.keep_as, **told}, False


def due_keeps(session: Session) -> list[UUID]:
    """Runs whose outputs are to become a version; for the sweep."""
    return store.due_keeps(session)


def list_runners(session: Session) -> list[Runner]:
    taken = store.taken(session)
    return [present_runner(row, taken.get(row.id, [])) for row in store.runners(session)]


def checks_of(session: Session, repository_id: UUID, *, version: int | None = None) -> list[Run]:
    """What was executed to make the repository's versions."""
    return [present(session, row) for row in store.of_repository(session, repository_id, version=version)]


def delete_checks(session: Session, repository_id: UUID, *, version: int | None = None) -> None:
    """Forgets what was executed to make versions, and gives up what that had stored."""
    for row in store.of_repository(session, repository_id, version=version):
        _forget(session, row)


def remove_strays(tools: RunTools) -> list[str]:
    """Removes containers of runs that have ended or were never known, and their folders; returns their names."""
    with tools.database.read() as session:
        alive = {rules.container_name(id.hex, attempt) for id, attempt in store.active(session)}
    strays = [c.name for c in tools.engine.list({LABEL_KIND: KIND_RUN}) if c.name not in alive]
    for name in strays:
        tools.engine.remove(name)
    for folder in tools.scratch.iterdir():
        if f"run-{folder.name}" not in alive:
            _remove(folder)
    return strays


def _open(row: OutputRow, blobs: BlobStore) -> OpenOutput:
    return OpenOutput(row.path, row.size, row.digest, row.crc32, present_output(row).media_type, blobs)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _forget(session: Session, row: RunRow) -> None:
    if holder := row.account_id or row.repository_id:
        content.revoke(session, holder_id=holder, why=rules.why(row.id))
    store.delete(session, [row.id])


def _locked(session: Session, run_id: UUID) -> RunRow:
    row = store.get_for_update(session, run_id)
    if row is None:
        raise RunMissing(f"There is no run {run_id}.")
    return row


def _row(session: Session, principal: Principal, run_id: UUID) -> RunRow:
    row = store.get(session, run_id)
    mine = row is not None and row.account_id is not None and row.account_id == principal.account_id
    if row is None or not (mine or (principal.role is Role.ADMINISTRATOR and row.account_id is not None)):
        raise RunMissing(f"There is no run {run_id}.", remedy="See the list of your runs.")
    return row


def _series(name: str, points: list[MetricPoint]) -> MetricSeries:
    return MetricSeries(name=name, points=_thinned(points), last=points[-1].value, total=len(points))


def _thinned(points: list[MetricPoint]) -> list[MetricPoint]:
    """So many that a chart can show them; the last one always."""
    shown = points[:: -(-len(points) // SHOWN_POINTS)]
    return shown if shown[-1] is points[-1] else [*shown, points[-1]]
