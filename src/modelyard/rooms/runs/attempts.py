"""One attempt at a queued run, from its lease to its end: inputs laid out, container followed, what it left kept."""

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore, StoredBlob
from modelyard.rooms.images import service as images
from modelyard.rooms.runs import driving, queue, rules, store
from modelyard.rooms.runs.charging import charge
from modelyard.rooms.runs.containers import Execution, follow_container, start_container
from modelyard.rooms.runs.errors import ContainerMissing
from modelyard.rooms.runs.outputs import Left, collect_outputs
from modelyard.rooms.runs.ports import Container, Engine, Image, State
from modelyard.rooms.runs.queue import Lease
from modelyard.rooms.runs.results import read_result
from modelyard.rooms.runs.rules import Outcome, RunState
from modelyard.rooms.runs.staging import StagingTools, stage_inputs
from modelyard.rooms.runs.tables import RunRow
from modelyard.rooms.runs.telling import MetricsReader
from modelyard.rooms.runs.watching import LOG_FILE, AttemptWatch, Orders, write_points


@dataclass(frozen=True, slots=True)
class AttemptTools:
    """What an attempt needs. ``scratch``: where each has a folder, until it has ended.

    ``keep`` is told, after the commit, of runs whose outputs are to become a version of a dataset.
    """

    database: Database
    engine: Engine
    blobs: BlobStore
    staging: StagingTools
    scratch: Path
    clock: Clock
    keep: Callable[[UUID], None] = lambda _: None


def carry_out(tools: AttemptTools, lease: Lease, orders: Orders) -> None:
    """Brings the attempt to its end. May be called again for the same lease after a crash.

    Raises what the engine raises, ``AttemptOutdated``, and ``RunnerLeaves`` with all left as it is.
    """
    execution = _execution(tools, lease)
    container = _start(tools, lease, execution)
    with contextlib.closing(
        AttemptWatch(tools.database, lease, orders, folder=execution.folder, clock=tools.clock)
    ) as watch:
        if container is not None:
            _begin(tools, lease, container)
            container = follow_container(
                tools.engine,
                container,
                watch,
                timeout=lease.resources.timeout_seconds,
                clock=tools.clock,
                offset=watch.log_size,
            )
        _finish(tools, lease, container, watch.metrics, orders)


def clear_attempt(tools: AttemptTools, lease: Lease) -> None:
    """Removes the attempt's container and folder; never raises."""
    with contextlib.suppress(Exception):
        tools.engine.remove(rules.container_name(lease.run_id.hex, lease.attempt))
    shutil.rmtree(attempt_folder(tools.scratch, lease.run_id.hex, lease.attempt), ignore_errors=True)


def attempt_folder(scratch: Path, run_id: str, attempt: int) -> Path:
    return scratch / f"{run_id}-{attempt}"


def _execution(tools: AttemptTools, lease: Lease) -> Execution:
    image = images.find_image(tools.blobs, lease.image_digest)
    return Execution(
        run_id=lease.run_id,
        attempt=lease.attempt,
        image=Image(digest=image.digest, config=image.config, layers=image.layers),
        folder=attempt_folder(tools.scratch, lease.run_id.hex, lease.attempt),
        limits=lease.resources.limits(),
        timeout=lease.resources.timeout_seconds,
        command=lease.command,
        environment=lease.environment,
        network=lease.resources.network,
    )


def _start(tools: AttemptTools, lease: Lease, execution: Execution) -> Container | None:
    """The attempt's container; None where it had been started before and is gone."""
    if lease.taken_up:
        try:
            return tools.engine.wait(execution.name, timeout=0)
        except ContainerMissing:
            if lease.begun:
                return None
    stage_inputs(tools.staging, lease, execution.folder)
    with driving.explained(lease.command):
        return start_container(tools.engine, execution)


def _begin(tools: AttemptTools, lease: Lease, container: Container) -> None:
    if not lease.begun:
        with tools.database.write() as session:
            queue.begin_attempt(session, lease, isolation=container.isolation.value, clock=tools.clock)


def _finish(
    tools: AttemptTools, lease: Lease, container: Container | None, metrics: MetricsReader, orders: Orders
) -> None:
    """Keeps what the attempt left, and ends it, in one transaction: there is no result without its end."""
    folder = attempt_folder(tools.scratch, lease.run_id.hex, lease.attempt)
    outcome, reason = _verdict(container, orders, told=driving.reason_in(folder / LOG_FILE, lease.command))
    log = _store_log(tools.blobs, folder / LOG_FILE)
    left = collect_outputs(tools.blobs, folder / "out") if outcome is not Outcome.LOST else Left(())
    if outcome is Outcome.SUCCEEDED and left.refused:
        outcome, reason = Outcome.FAILED, left.refused
    result, points = read_result(folder / "out" / "result.json"), metrics.read(all_of_it=True)
    with tools.database.write() as session:
        row = queue.current(session, lease)
        _pass_through_finishing(row)
        write_points(session, lease, points, tools.clock)
        _keep_usage(session, row, container, tools.clock)
        if container is not None:
            row.exit_code = container.exit_code
        if log:
            _grant(session, lease, log)
        _note_log(session, row, log)
        state = queue.end_attempt(session, row, outcome, reason=reason, clock=tools.clock)
        if state in rules.ENDED:
            row.result = result
            _keep_outputs(session, lease, left)
        if state is RunState.SUCCEEDED and row.keep_as:
            row.keep_due = True
            db.after_commit(session, lambda: tools.keep(lease.run_id))
    content.require_held(tools.blobs, [*(file.digest for file in left.files), *([log.digest] if log else [])])


def _verdict(container: Container | None, orders: Orders, *, told: str | None) -> tuple[Outcome, str | None]:
    if container is None:
        return Outcome.LOST, "its container is gone"
    assert container.state is State.EXITED
    outcome = rules.outcome_of(container.exit_code, container.reason, cancelled=_was_stopped(container, orders))
    if outcome is Outcome.LOST:
        return outcome, "its container was ended from outside"
    if outcome is Outcome.FAILED:
        return outcome, container.reason or told or f"exit code {container.exit_code}"
    return outcome, None


def _was_stopped(container: Container, orders: Orders) -> bool:
    return orders.cancelled and (container.reason == "stopped" or container.exit_code != 0)


def _pass_through_finishing(row: RunRow) -> None:
    if RunState(row.state) is RunState.RUNNING:
        rules.require_step(RunState.RUNNING, RunState.FINISHING)
        row.state = RunState.FINISHING.value


def _store_log(blobs: BlobStore, file: Path) -> StoredBlob | None:
    """The log as a blob; None for an empty one."""
    if not file.is_file() or not file.stat().st_size:
        return None
    with file.open("rb") as stream:
        return blobs.put(iter(lambda: stream.read(1024**2), b""))


def _note_log(session: Session, row: RunRow, log: StoredBlob | None) -> None:
    row.log_digest = log.digest if log else None
    if noted := store.attempt(session, row.id, row.attempt):
        noted.log_digest = row.log_digest


def _keep_usage(session: Session, row: RunRow, container: Container | None, clock: Clock) -> None:
    """What the attempt used: with the attempt, added to the run, and in the ledger."""
    noted = store.attempt(session, row.id, row.attempt)
    if container is None or noted is None or row.account_id is None:
        return
    used = container.usage
    noted.exit_code = container.exit_code
    noted.cpu_seconds, noted.memory_peak_bytes = used.cpu_seconds, used.memory_peak_bytes
    noted.gpu_seconds = used.gpu_seconds
    noted.memory_gb_seconds = used.memory_gb_seconds
    if used.cpu_seconds is not None:
        row.cpu_seconds = (row.cpu_seconds or 0.0) + used.cpu_seconds
    if used.memory_peak_bytes is not None:
        row.memory_peak_bytes = max(row.memory_peak_bytes or 0, used.memory_peak_bytes)
    charge(session, row, container, account_id=row.account_id, at=clock())


def _keep_outputs(session: Session, lease: Lease, left: Left) -> None:
    for file in left.files:
        _grant(session, lease, StoredBlob(file.digest, file.size))
    store.insert_outputs(
        session,
        lease.run_id,
        [{"path": f.path, "digest": f.digest, "size": f.size, "crc32": f.crc32} for f in left.files],
    )


def _grant(session: Session, lease: Lease, blob: StoredBlob) -> None:
    content.record_blob(
        session, digest=blob.digest, size=blob.size, holder_id=lease.account_id, why=rules.why(lease.run_id)
    )
