"""A small site for tests of runs: a database, an engine in memory, a runner, and runs to queue.

The image is empty; what its containers do is a Python function.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from contracts.engine_images import busybox_image
from fakes.blob_store import MemoryBlobStore
from fakes.engine import FakeEngine, Program, Running
from modelyard.kit.clock import system_clock
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal, Role, Scope, Via
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.datasets.service import DatasetTools
from modelyard.rooms.repos import store as repos
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.runs import service
from modelyard.rooms.runs.attempts import AttemptTools
from modelyard.rooms.runs.ports import Engine
from modelyard.rooms.runs.rules import ENDED
from modelyard.rooms.runs.runner import Runner, RunnerOptions
from modelyard.rooms.runs.schemas import Purpose, QueuedRun, Resources, Run
from modelyard.rooms.runs.staging import StagingTools
from support.waiting import until

OPTIONS = RunnerOptions(name="here", cpus=2, memory_bytes=8 * 1024**3, labels=("arch=x86_64",))


class Site:
    """``engine`` and ``blobs`` may be shared by several runners, one after the other, as by a restarted server."""

    def __init__(self, db: Database, folder: Path, engine: Engine, blobs: BlobStore) -> None:
        self.database, self.engine, self.blobs = db, engine, blobs
        self.scratch = folder / "runs"
        self.scratch.mkdir(exist_ok=True)
        self.account_id, self.repository_id = _owner_and_repository(db)
        self.image = _empty_image(blobs)
        self.runner: Runner | None = None
        self.links = False

    @property
    def principal(self) -> Principal:
        return Principal(self.account_id, "ada", Role.CREATOR, frozenset({Scope.READ, Scope.WRITE}), Via.TOKEN)

    def tools(self) -> AttemptTools:
        datasets = DatasetTools(self.database, self.blobs, RepositoryOptions(self.scratch), system_clock)
        staging = StagingTools(self.database, self.blobs, datasets, links=self.links)
        return AttemptTools(self.database, self.engine, self.blobs, staging, self.scratch, system_clock)

    @contextmanager
    def running(self, options: RunnerOptions = OPTIONS) -> Iterator[Runner]:
        """A runner that works meanwhile."""
        self.runner = runner = Runner(self.tools(), options)
        runner.start()
        try:
            yield runner
        finally:
            runner.close()
            self.runner = None

    def queue(self, **fields: Any) -> UUID:
        """Queues a run; returns its id."""
        values: dict[str, Any] = {
            "id": new_id(),
            "account_id": self.account_id,
            "repository_id": self.repository_id,
            "address": "ada/r",
            "version": 1,
            "purpose": Purpose.OPERATION,
            "image_digest": self.image,
            "parameters": {},
            "inputs": (),
            "resources": Resources(),
        }
        run = QueuedRun(**{**values, **fields})
        with self.database.write() as session:
            service.queue_run(session, run, clock=system_clock, wake=self.wake)
        return run.id

    def script(self, script: str, **fields: Any) -> UUID:
        """Queues a run of a shell script."""
        return self.queue(command=["/bin/sh", "-c", script], **fields)

    def wake(self) -> None:
        if self.runner:
            self.runner.wake()

    def cancel(self, run_id: UUID) -> None:
        with self.database.write() as session:
            service.cancel_run(session, self.principal, run_id, clock=system_clock, wake=self.wake)

    def get(self, run_id: UUID) -> Run:
        with self.database.read() as session:
            run = service.find_run(session, run_id)
        assert run is not None
        return run

    def ended(self, run_id: UUID) -> Run:
        """The run once it has ended, and nothing of it is left with the engine."""
        run = until(lambda: found if (found := self.get(run_id)).state in ENDED else None)
        until(lambda: not self.engine.list() or None)
        return run

    def outputs(self, run_id: UUID) -> dict[str, bytes]:
        with self.database.read() as session:
            found = service.open_outputs(session, blobs=self.blobs, run_id=run_id)
        return {one.path: b"".join(one.read()) for one in found}

    def log(self, run_id: UUID) -> bytes:
        with self.database.read() as session:
            return service.read_log(session, store_=self.blobs, run_id=run_id)


def real_site(db: Database, folder: Path, engine: Engine, blobs: BlobStore, *, links: bool = True) -> Site:
    """A site with an engine that isolates; its image is a busybox, so that runs are scripts (``script``)."""
    site = Site(db, folder, engine, blobs)
    site.links = links
    image = busybox_image(blobs)
    rootfs = {"type": "layers", "diff_ids": list(image.layers)}
    config = blobs.put([json.dumps({**image.config, "rootfs": rootfs}).encode()])
    layers = [{"digest": digest} for digest in image.layers]
    manifest = {"schemaVersion": 2, "config": {"digest": config.digest}, "layers": layers}
    site.image = blobs.put([json.dumps(manifest).encode()]).digest
    return site


def fake_site(db: Database, folder: Path, program: Program) -> Site:
    blobs = MemoryBlobStore()
    return Site(db, folder, FakeEngine(blobs, program=program), blobs)


def out(running: Running) -> Path:
    """The host's side of ``/out``."""
    return next(mount.source for mount in running.spec.mounts if mount.target == "/out")


def inside(running: Running) -> Path:
    """The host's side of ``/in``."""
    return next(mount.source for mount in running.spec.mounts if mount.target == "/in")


class Gate:
    """A program that waits until it is opened, and counts who is inside."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.inside = 0
        self.most = 0
        self._lock = threading.Lock()

    def __call__(self, running: Running) -> int:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        while not self.opened.wait(0.01):
            if running.stopping.is_set():
                break
        with self._lock:
            self.inside -= 1
        return 143 if running.stopping.is_set() else 0


def _empty_image(blobs: BlobStore) -> str:
    config = blobs.put(
        [json.dumps({"architecture": "amd64", "config": {"Cmd": ["true"]}, "rootfs": {"diff_ids": []}}).encode()]
    )
    manifest = {"schemaVersion": 2, "config": {"digest": config.digest}, "layers": []}
    return blobs.put([json.dumps(manifest).encode()]).digest


def _owner_and_repository(db: Database) -> tuple[UUID, UUID]:
    identity, now = new_id(), datetime.now(UTC)
    text = {"name": "r", "kind": "operation", "visibility": "private", "title": "", "description": "", "tags": []}
    rest = {"next_version": 1, "deleting": False, "created_at": now, "updated_at": now}
    with db.write() as session:
        owner = accounts.create_account(session, username="ada", password="a long password", role=Role.CREATOR)
        repos.insert(session, {"id": identity, "owner_id": owner.id} | text | rest)
    return owner.id, identity
