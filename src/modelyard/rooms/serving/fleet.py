"""Replicas: the containers that answer. Starting and stopping them, and finding them again after a restart.

Everything here is slow and takes no session. One row stands for each container that was ever started; the rows are the
truth, and ``recover`` brings engine and rows together before the API opens.
"""

import contextlib
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.kit.errors import ModelyardError
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.images import service as images
from modelyard.rooms.repos import service as repos
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.errors import ContainerMissing, EngineUnavailable
from modelyard.rooms.runs.ports import ContainerSpec, Engine, Image, Limits, Mount, State
from modelyard.rooms.serving import metering, store
from modelyard.rooms.serving.errors import DeploymentMissing, ReplicaFailed
from modelyard.rooms.serving.ports import ServingOptions
from modelyard.rooms.serving.rules import ReplicaState
from modelyard.rooms.serving.tables import ReplicaRow
from modelyard.rooms.versions import service as versions

log = logging.getLogger("modelyard.serving")

LABELS = {"io.modelyard.kind": "box"}
MOUNT = "/run/modelyard"
SOCKET = "box.sock"
ENDED_KEPT = 5
LOG_KEPT = 1024**2
LOGS_SHOWN = 3
RECORDS = 20_000
"""Predictions that a box remembers until they are fetched; about 10 MB."""


@dataclass(frozen=True, slots=True)
class FleetTools:
    database: Database
    engine: Engine
    blobs: BlobStore
    options: ServingOptions
    clock: Clock


@dataclass(frozen=True, slots=True)
class Box:
    """A replica's container and the Unix socket that it answers on."""

    id: UUID
    repository_id: UUID
    version: int
    container: str
    socket: Path


@dataclass(frozen=True, slots=True)
class _Plan:
    image_digest: str
    workers: int
    keep_inputs: bool
    address: str
    limits: Limits
    network: bool


def start_box(tools: FleetTools, *, repository_id: UUID, version: int) -> Box:
    """Starts a container for the version; it has not loaded its model yet. Raises what the engine raises."""
    box = _box(tools, new_id(), repository_id, version)
    with tools.database.write() as session:
        plan = _plan(session, tools, repository_id, version)
        _insert(session, tools, box)
    try:
        box.socket.parent.mkdir(parents=True, exist_ok=True)
        box.socket.parent.chmod(0o777)  # the container's user is not ours; the folder above is closed to others
        tools.engine.create(_spec(tools, box, plan))
    except Exception as e:
        end_box(tools, box, state=ReplicaState.FAILED, reason=e.detail if isinstance(e, ModelyardError) else str(e))
        raise
    return box


def mark_ready(tools: FleetTools, box: Box) -> None:
    with tools.database.write() as session:
        row = store.replica(session, box.id)
        if row is None:
            raise ReplicaFailed("The deployment is gone.")
        row.state, row.ready_at = ReplicaState.READY.value, row.ready_at or tools.clock()


def why_ended(tools: FleetTools, box: Box) -> str | None:
    """Why the box's container is not running, in words; None while it runs, or while the engine cannot say."""
    try:
        container = tools.engine.wait(box.container, timeout=0)
    except ContainerMissing:
        return "its container is gone"
    except EngineUnavailable:
        return None
    if container.state is State.RUNNING:
        return None
    return container.reason or f"it exited with code {container.exit_code}"


def end_box(tools: FleetTools, box: Box, *, state: ReplicaState, reason: str | None = None, grace: float = 0) -> None:
    """Stops and removes the container, keeps the end of its log, and marks the replica. May be repeated."""
    text = b""
    with contextlib.suppress(ModelyardError):
        if grace:
            tools.engine.stop(box.container, grace=grace)
        _record_use(tools, box)
        text = _end_of_log(tools, box.container)
    tools.engine.remove(box.container)
    shutil.rmtree(box.socket.parent, ignore_errors=True)
    kept = tools.blobs.put([text]) if text else None
    with tools.database.write() as session:
        row = store.lock_replica(session, box.id)
        metering.forget(session, box.id)
        if row is None or row.ended_at is not None:
            return
        row.state, row.ended_at = state.value, tools.clock()
        row.reason = db.storable_text(reason) if reason else None
        if kept:
            content.record_blob(
                session, digest=kept.digest, size=kept.size, holder_id=box.repository_id, why=f"replica:{box.id}"
            )
            row.log_digest = kept.digest
        _forget_old(session, box.repository_id)
    if kept:
        content.ensure_held(tools.blobs, kept.digest, [text])


def sample_boxes(tools: FleetTools) -> None:
    """Records what the boxes used since they were read last; to be called once a minute. What a box used in its last
    moments, ``end_box`` records."""
    at = tools.clock()
    used = {container.name: container.usage for container in tools.engine.list(LABELS)}
    with tools.database.write() as session:
        alive = {row.id: row.container for row in store.alive_replicas(session)}
        for replica_id, name in sorted(alive.items()):
            if name in used:
                metering.record_use(session, replica_id, used[name], at=at)
        metering.forget_others(session, set(alive))


def recover(tools: FleetTools) -> list[Box]:
    """After a restart: the boxes that still run. Rows without a container are ended, other containers removed."""
    containers = {c.name: c for c in tools.engine.list(LABELS)}
    with tools.database.read() as session:
        rows = list(store.alive_replicas(session))
    boxes = [_box(tools, row.id, row.repository_id, row.version) for row in rows]
    running = []
    for box in boxes:
        container = containers.pop(box.container, None)
        if container is not None and container.state is State.RUNNING:
            running.append(box)
        else:
            end_box(tools, box, state=ReplicaState.FAILED, reason="it was not running when the server started")
    for name in containers:
        log.warning("removing the stray container %s", name)
        tools.engine.remove(name)
    _remove_stray_folders(tools, running)
    return running


def read_log(tools: FleetTools, repository_id: UUID, *, version: int | None, limit: int = 256 * 1024) -> str:
    """The logs of the newest replicas (of a version), oldest first, ``limit`` bytes at most from their end.

    Each begins with a line that says which replica it is and how it ended.
    """
    with tools.database.read() as session:
        rows = list(store.replicas_of_version(session, repository_id, version, limit=LOGS_SHOWN))
    parts: list[bytes] = []
    room = limit
    for row in rows:
        text = _headline(row) + _log_of(tools, row)[-room:]
        parts.append(text)
        room -= len(text)
        if room <= 0:
            break
    return b"".join(reversed(parts)).decode(errors="replace")


def _headline(row: ReplicaRow) -> bytes:
    ended = f", {row.state} {row.ended_at:%Y-%m-%d %H:%M:%S}Z" if row.ended_at else ""
    reason = f": {row.reason}" if row.reason else ""
    return f"--- v{row.version}, started {row.started_at:%Y-%m-%d %H:%M:%S}Z{ended}{reason} ---\n".encode()


def _log_of(tools: FleetTools, row: ReplicaRow) -> bytes:
    text = b""
    with contextlib.suppress(ModelyardError):
        if row.log_digest:
            with tools.database.read() as session:
                blob = content.open_granted(
                    session, store=tools.blobs, holder_id=row.repository_id, digest=row.log_digest
                )
                text = b"".join(blob.chunks)
        elif row.ended_at is None:
            text = _end_of_log(tools, row.container)
    return text if text.endswith(b"\n") or not text else text + b"\n"


def _record_use(tools: FleetTools, box: Box) -> None:
    at = tools.clock()
    used = tools.engine.wait(box.container, timeout=0).usage
    with tools.database.write() as session:
        metering.record_use(session, box.id, used, at=at)


def _end_of_log(tools: FleetTools, container: str) -> bytes:
    """The last ``LOG_KEPT`` bytes; an engine gives a log from its beginning."""
    end, offset = b"", 0
    while chunk := tools.engine.logs(container, offset=offset, limit=LOG_KEPT):
        end, offset = (end + chunk)[-LOG_KEPT:], offset + len(chunk)
    return end


def _plan(session: Session, tools: FleetTools, repository_id: UUID, version: int) -> _Plan:
    deployment = store.deployment(session, repository_id)
    if deployment is None:
        raise DeploymentMissing
    repository = repos.get_repository(session, repository_id)
    found = versions.get_ready_version(session, repository_id, version)
    assert found.image is not None  # a ready version has one
    pusher = accounts.find_account(session, found.pushed_by) if found.pushed_by else None
    runs.require_trust(tools.engine, pusher, trusted=tools.options.trusted_creators)
    limits, network = versions.get_limits(session, repository_id, version)
    return _Plan(found.image.digest, deployment.workers, deployment.keep_inputs, repository.address, limits, network)


def _insert(session: Session, tools: FleetTools, box: Box) -> None:
    values = {"id": box.id, "repository_id": box.repository_id, "version": box.version, "container": box.container}
    state = {"state": ReplicaState.STARTING.value, "started_at": tools.clock()}
    store.add_replica(session, values | state | {"isolation": tools.engine.isolation.value})


def _spec(tools: FleetTools, box: Box, plan: _Plan) -> ContainerSpec:
    found = images.find_image(tools.blobs, plan.image_digest)
    return ContainerSpec(
        name=box.container,
        image=Image(digest=found.digest, config=found.config, layers=found.layers),
        env={
            "MODELYARD_SOCKET": f"{MOUNT}/{SOCKET}",
            "MODELYARD_REPOSITORY": plan.address,
            "MODELYARD_VERSION": str(box.version),
            "MODELYARD_WORKERS": str(plan.workers),
            "MODELYARD_RECORDS": str(RECORDS),
            "MODELYARD_KEEP_INPUTS": str(int(plan.keep_inputs)),
        },
        labels=LABELS | {"io.modelyard.replica": str(box.id)},
        mounts=[Mount(box.socket.parent, MOUNT, read_only=False)],
        limits=plan.limits,
        network=plan.network,
    )


def _box(tools: FleetTools, replica_id: UUID, repository_id: UUID, version: int) -> Box:
    short = replica_id.hex[-12:]
    socket = tools.options.sockets / short / SOCKET
    return Box(replica_id, repository_id, version, f"box-{replica_id.hex}", socket)


def _forget_old(session: Session, repository_id: UUID) -> None:
    for row in store.ended_beyond(session, repository_id, keep=ENDED_KEPT):
        content.revoke(session, holder_id=repository_id, why=f"replica:{row.id}")
        store.delete_replica(session, row)


def _remove_stray_folders(tools: FleetTools, running: list[Box]) -> None:
    known = {box.socket.parent.name for box in running}
    for folder in tools.options.sockets.iterdir():
        if folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)
