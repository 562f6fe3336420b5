"""Executing containers and keeping what they did. ``execute`` is slow: call it outside any session."""

import contextlib
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.accounts.schemas import Account, Role
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs import rules, store
from modelyard.rooms.runs.errors import AttemptOutdated, ContainerExists, IsolationTooWeak
from modelyard.rooms.runs.ports import Container, ContainerSpec, Engine, Image, Limits, Mount, State
from modelyard.rooms.runs.results import read_result
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import Purpose, Run
from modelyard.rooms.runs.tables import RunRow

LABEL_KIND = "io.modelyard.kind"
LABEL_RUN = "io.modelyard.run"
KIND_RUN = "run"
LOG_POLL_S = 0.1
LOG_CHUNK = 1024**2
LOG_LIMIT = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class RunTools:
    """What executing a run needs. ``scratch`` is a folder for the runs' own folders (host side of ``/out``)."""

    database: Database
    engine: Engine
    blobs: BlobStore
    scratch: Path
    clock: Clock


@dataclass(frozen=True, slots=True)
class RunOrder:
    """One thing to execute. ``id`` is chosen by the caller: ordering the same id again continues the same run.

    The container finds ``/out`` writable; the JSON object it leaves in ``/out/result.json`` becomes the run's result.
    ``timeout`` in seconds. It gets a network only where ``network`` says so.
    """

    id: UUID
    repository_id: UUID
    version: int
    purpose: Purpose
    image: Image
    command: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    timeout: float = 600.0
    network: bool = False


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
    try:
        container = _start(tools, order, run.attempt, folder)
        _advance(tools, run, RunState.RUNNING, isolation=container.isolation.value)
        container = _follow(tools, run, container, order.timeout, on_log)
        return _finish(tools, run, container, folder)
    except Exception as e:
        _fail(tools, run, str(e))
        raise
    finally:
        with contextlib.suppress(Exception):
            tools.engine.remove(rules.container_name(order.id.hex, run.attempt))
        shutil.rmtree(folder, ignore_errors=True)


def require_trust(engine: Engine, creator: Account | None, *, trusted: Collection[str]) -> None:
    """Raises ``IsolationTooWeak`` unless the engine may execute code that ``creator`` brought (None: nobody known)."""
    username = creator.username if creator else None
    is_administrator = creator is not None and creator.role is Role.ADMINISTRATOR
    if not rules.may_run(engine.isolation, username=username, is_administrator=is_administrator, trusted=trusted):
        raise IsolationTooWeak(
            f"This machine isolates code only as '{engine.isolation}', which is not enough for strangers'.",
            remedy="Ask the administrator to name you in MODELYARD_TRUSTED_CREATORS, or to allow namespaces.",
        )


def read_log(session: Session, *, store_: BlobStore, run_id: UUID, limit: int = 1024**2) -> bytes:
    """The end of a run's log, ``limit`` bytes at most; empty where there is none."""
    row = store.get(session, run_id)
    if row is None or row.log_digest is None:
        return b""
    blob = content.open_granted(session, store=store_, holder_id=row.repository_id, digest=row.log_digest)
    return b"".join(blob.chunks)[-limit:]


def get_run(session: Session, run_id: UUID) -> Run | None:
    row = store.get(session, run_id)
    return _present(row) if row else None


def list_runs(session: Session, repository_id: UUID, *, version: int | None = None) -> list[Run]:
    return [_present(row) for row in store.of_repository(session, repository_id, version=version)]


def delete_runs(session: Session, repository_id: UUID, *, version: int) -> None:
    """Forgets the runs of a version and gives up what they had stored."""
    for row in store.of_repository(session, repository_id, version=version):
        content.revoke(session, holder_id=repository_id, why=f"run:{row.id}")
    store.delete_of(session, repository_id, version=version)


def remove_strays(tools: RunTools) -> list[str]:
    """Removes containers of runs that have ended or were never known, and their folders; returns their names."""
    with tools.database.read() as session:
        alive = {rules.container_name(row.id.hex, row.attempt) for row in store.unfinished(session)}
    strays = [c.name for c in tools.engine.list({LABEL_KIND: KIND_RUN}) if c.name not in alive]
    for name in strays:
        tools.engine.remove(name)
    for folder in tools.scratch.iterdir():
        if f"run-{folder.name}" not in alive:
            shutil.rmtree(folder, ignore_errors=True)
    return strays


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
    return _present(row)


def _start(tools: RunTools, order: RunOrder, attempt: int, folder: Path) -> Container:
    out = folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    out.chmod(0o777)  # the container's user is not ours
    spec = ContainerSpec(
        name=rules.container_name(order.id.hex, attempt),
        image=order.image,
        command=order.command,
        env=order.env,
        labels={LABEL_KIND: KIND_RUN, LABEL_RUN: str(order.id)},
        mounts=[Mount(out, "/out", read_only=False)],
        limits=order.limits,
        network=order.network,
    )
    try:
        return tools.engine.create(spec)
    except ContainerExists:
        return tools.engine.wait(spec.name, timeout=0)


def _follow(
    tools: RunTools, run: Run, container: Container, timeout: float, on_log: Callable[[str], None]
) -> Container:
    """Hands on the log while the container runs; stops it when its time is over."""
    offset, deadline = 0, container.started_at + timedelta(seconds=timeout)
    while container.state is State.RUNNING and tools.clock() < deadline:
        container = tools.engine.wait(container.name, timeout=LOG_POLL_S)
        offset += _hand_on(tools, container, offset, on_log)
        _require_current(tools, run)
    if container.state is State.RUNNING:
        stopped = tools.engine.stop(container.name, grace=2)
        container = replace(stopped, exit_code=stopped.exit_code or 1, reason=f"did not end within {timeout:g} s")
    while read := _hand_on(tools, container, offset, on_log):
        offset += read
    return container


def _hand_on(tools: RunTools, container: Container, offset: int, on_log: Callable[[str], None]) -> int:
    """Passes on whole lines, so that none is torn, and the rest once it has ended; returns the bytes consumed."""
    data = tools.engine.logs(container.name, offset=offset, limit=LOG_CHUNK)
    if container.state is State.RUNNING and len(data) < LOG_CHUNK:
        data = data[: data.rfind(b"\n") + 1]
    if data:
        on_log(db.storable_text(data.decode(errors="replace")).rstrip("\n"))
    return len(data)


def _finish(tools: RunTools, run: Run, container: Container, folder: Path) -> Run:
    """Keeps what the run left. Its log is stored before the transaction, which is short."""
    _advance(tools, run, RunState.FINISHING)
    log = tools.engine.logs(container.name, limit=LOG_LIMIT)
    stored = tools.blobs.put([log])
    result = read_result(folder / "out" / "result.json")
    with tools.database.write() as session:
        row = _current(session, run)
        content.record_blob(
            session, digest=stored.digest, size=stored.size, holder_id=run.repository_id, why=f"run:{run.id}"
        )
        row.state = rules.verdict(container.exit_code).value
        row.exit_code = container.exit_code
        row.reason = container.reason
        row.result = result
        row.log_digest = stored.digest
        row.cpu_seconds = container.usage.cpu_seconds
        row.memory_peak_bytes = container.usage.memory_peak_bytes
        row.ended_at = tools.clock()
        session.flush()
        ended = _present(row)
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


def _require_current(tools: RunTools, run: Run) -> None:
    """Raises ``AttemptOutdated`` where the run was deleted or taken over."""
    with tools.database.read() as session:
        row = store.get(session, run.id)
        if row is None or row.attempt != run.attempt:
            raise AttemptOutdated


def _current(session: Session, run: Run) -> RunRow:
    """The run's row, if this attempt is still the one that may write to it."""
    row = store.get_for_update(session, run.id)
    if row is None or row.attempt != run.attempt:
        raise AttemptOutdated
    return row


def _present(row: RunRow) -> Run:
    return Run(
        id=row.id,
        repository_id=row.repository_id,
        version=row.version,
        purpose=Purpose(row.purpose),
        state=RunState(row.state),
        attempt=row.attempt,
        isolation=row.isolation,
        exit_code=row.exit_code,
        reason=row.reason,
        result=row.result,
        cpu_seconds=row.cpu_seconds,
        memory_peak_bytes=row.memory_peak_bytes,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
