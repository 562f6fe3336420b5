"""Executing an order at once, in the caller's thread: checks of versions. What people ask for waits in ``queue``."""

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs import rules, store
from modelyard.rooms.runs.charging import charge
from modelyard.rooms.runs.containers import Execution, Watch, follow_container, start_container
from modelyard.rooms.runs.errors import AttemptOutdated
from modelyard.rooms.runs.ports import Container, Engine
from modelyard.rooms.runs.presenting import present
from modelyard.rooms.runs.results import read_result
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import Run, RunOrder
from modelyard.rooms.runs.tables import RunRow

LOG_LIMIT = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class RunTools:
    """What executing a run needs. ``scratch`` is a folder for the runs' own folders (host side of ``/out``)."""

    database: Database
    engine: Engine
    blobs: BlobStore
    scratch: Path
    clock: Clock


def execute(tools: RunTools, order: RunOrder, *, on_log: Callable[[str], None] = lambda _: None) -> Run:
    """Runs an order to its end and returns the ended run; one that has ended already is returned as it is.

    After a crash a second call takes up the container that still runs, or starts it anew. ``on_log`` is given lines as
    they come. Raises what the engine's ``create`` raises, and the run is then ``failed`` with that reason; raises
    ``AttemptOutdated`` soon after the run was deleted or overtaken. No container and no folder is left either way.
    """
    with tools.database.write() as session:
        run = _prepare(session, order, tools.clock)
    if run.state in rules.ENDED:
        return run
    folder = tools.scratch / f"{order.id.hex}-{run.attempt}"
    execution = _execution(order, run.attempt, folder)
    try:
        container = start_container(tools.engine, execution)
        _advance(tools, run, RunState.RUNNING, isolation=container.isolation.value)
        watch = _Lines(tools, run, on_log)
        container = follow_container(tools.engine, container, watch, timeout=order.timeout, clock=tools.clock)
        watch.flush()
        return _finish(tools, run, order, container, folder)
    except Exception as e:
        _fail(tools, run, str(e))
        raise
    finally:
        with contextlib.suppress(Exception):
            tools.engine.remove(execution.name)
        shutil.rmtree(folder, ignore_errors=True)


class _Lines(Watch):
    """Passes on whole lines, so that none is torn, and the rest once it has ended."""

    def __init__(self, tools: RunTools, run: Run, on_log: Callable[[str], None]) -> None:
        self._tools, self._run, self._on_log = tools, run, on_log
        self._rest = b""

    def on_log(self, data: bytes) -> None:
        lines, newline, self._rest = (self._rest + data).rpartition(b"\n")
        if newline:
            self._say(lines)

    def look(self) -> None:
        """Raises ``AttemptOutdated`` where the run was deleted or taken over."""
        with self._tools.database.read() as session:
            row = store.get(session, self._run.id)
            if row is None or row.attempt != self._run.attempt:
                raise AttemptOutdated

    def flush(self) -> None:
        if self._rest:
            self._say(self._rest)

    def _say(self, data: bytes) -> None:
        self._on_log(db.storable_text(data.decode(errors="replace")))


def _prepare(session: Session, order: RunOrder, clock: Clock) -> Run:
    store.insert(
        session,
        {
            "id": order.id,
            "repository_id": order.repository_id,
            "version": order.version,
            "purpose": order.purpose.value,
            "state": RunState.QUEUED.value,
            "attempt": 1,
            "image_digest": order.image.digest,
            "created_at": clock(),
        },
    )
    row = store.get_for_update(session, order.id)
    assert row is not None
    if RunState(row.state) not in rules.ENDED:
        rules.require_step(RunState(row.state), RunState.STARTING)
        row.state = RunState.STARTING.value
        row.started_at = row.started_at or clock()
    session.flush()
    return present(session, row)


def _execution(order: RunOrder, attempt: int, folder: Path) -> Execution:
    return Execution(
        run_id=order.id,
        attempt=attempt,
        image=order.image,
        folder=folder,
        limits=order.limits,
        timeout=order.timeout,
        command=order.command,
        environment=order.env,
        network=order.network,
    )


def _finish(tools: RunTools, run: Run, order: RunOrder, container: Container, folder: Path) -> Run:
    """Keeps what the run left. Its log is stored before the transaction, which is short."""
    _advance(tools, run, RunState.FINISHING)
    log = tools.engine.logs(container.name, limit=LOG_LIMIT)
    stored = tools.blobs.put([log])
    result = read_result(folder / "out" / "result.json")
    with tools.database.write() as session:
        row = _current(session, run)
        content.record_blob(
            session, digest=stored.digest, size=stored.size, holder_id=order.repository_id, why=rules.why(run.id)
        )
        row.state = rules.verdict(container.exit_code).value
        row.exit_code = container.exit_code
        row.reason = container.reason
        row.result = result
        row.log_digest = stored.digest
        row.cpu_seconds = container.usage.cpu_seconds
        row.memory_peak_bytes = container.usage.memory_peak_bytes
        row.ended_at = tools.clock()
        if order.charged_to:
            charge(session, row, container, account_id=order.charged_to, at=row.ended_at)
        session.flush()
        ended = present(session, row)
    content.ensure_held(tools.blobs, stored.digest, [log])
    return ended


def _advance(tools: RunTools, run: Run, state: RunState, *, isolation: str | None = None) -> None:
    with tools.database.write() as session:
        row = _current(session, run)
        if RunState(row.state) is state:
            return
        rules.require_step(RunState(row.state), state)
        row.state = state.value
        row.isolation = isolation or row.isolation


def _fail(tools: RunTools, run: Run, reason: str) -> None:
    with tools.database.write() as session:
        row = store.get_for_update(session, run.id)
        if row and row.attempt == run.attempt and RunState(row.state) not in rules.ENDED:
            row.state, row.reason, row.ended_at = RunState.FAILED.value, db.storable_text(reason), tools.clock()


def _current(session: Session, run: Run) -> RunRow:
    """The run's row, if this attempt is still the one that may write to it."""
    row = store.get_for_update(session, run.id)
    if row is None or row.attempt != run.attempt:
        raise AttemptOutdated
    return row
