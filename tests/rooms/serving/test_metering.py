"""What boxes use, as the engine counts it, in the ledger of the repository's owner."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from fakes.blob_store import MemoryBlobStore
from fakes.engine import FakeEngine, Running
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.repos import service as repos
from modelyard.rooms.runs.ports import Container, ContainerSpec, Image, Usage
from modelyard.rooms.serving import fleet
from modelyard.rooms.serving import store as serving
from modelyard.rooms.serving.fleet import Box, FleetTools
from modelyard.rooms.serving.ports import ServingOptions
from modelyard.rooms.serving.rules import ReplicaState
from modelyard.rooms.usage.tables import MeterRow
from rooms.usage.ledgers import NOON, account, by_kind, repository

IMAGE = Image(digest="sha256:" + "1" * 64, config={"config": {}}, layers=[])


@dataclass
class Scene:
    """A box on a fake engine; ``minute`` is the time, ``use`` what the engine says."""

    db: Database
    engine: FakeEngine
    tools: FleetTools
    owner: UUID
    box: Box
    running: Running
    minute: float = 0

    def sample(self, minute: float, *, cpu: float, gb_seconds: float | None = None) -> None:
        self.use(minute, cpu=cpu, gb_seconds=gb_seconds)
        fleet.sample_boxes(self.tools)

    def use(self, minute: float, *, cpu: float, gb_seconds: float | None = None) -> None:
        self.minute = minute
        held = None if gb_seconds is None else gb_seconds * 1e9
        self.running.usage = Usage(cpu_seconds=cpu, memory_byte_seconds=held, gpu_seconds=0.0)

    def used(self) -> dict[str, float]:
        return by_kind(self.db, self.owner)

    def meters(self) -> int:
        with self.db.read() as session:
            return session.query(MeterRow).count()


@pytest.fixture
def scene(db: Database, tmp_path: Path) -> Iterator[Scene]:
    def wait_to_be_stopped(running: Running) -> int:
        running.stopping.wait(60)
        return 0

    sockets = tmp_path / "sockets"
    sockets.mkdir()
    blobs = MemoryBlobStore()
    engine = FakeEngine(blobs, program=wait_to_be_stopped)
    tools = FleetTools(db, engine, blobs, ServingOptions(sockets), lambda: NOON + timedelta(minutes=scene.minute))
    owner = account(db)
    identity = new_id()
    box = Box(identity, repository(db, owner), 3, f"box-{identity.hex}", sockets / identity.hex[-12:] / "box.sock")
    engine.create(ContainerSpec(box.container, IMAGE, labels=fleet.LABELS))
    _insert(db, box)
    scene = Scene(db, engine, tools, owner, box, engine.containers[box.container])
    yield scene
    engine.remove(box.container)


def _insert(db: Database, box: Box) -> None:
    bounds = {"replicas": 1, "workers": 1, "keep_warm": False, "idle_stop_seconds": 60}
    deployment = {"wanted": "serving", "callers": "readers", "created_at": NOON, "updated_at": NOON} | bounds
    values = {"id": box.id, "repository_id": box.repository_id, "version": box.version, "container": box.container}
    with db.write() as session:
        serving.insert_deployment(session, {"repository_id": box.repository_id} | deployment)
        serving.add_replica(session, values | {"state": "ready", "started_at": NOON, "isolation": "none"})


def test_a_box_is_read_from_minute_to_minute(scene: Scene) -> None:
    scene.sample(1, cpu=2.0, gb_seconds=30.0)
    scene.sample(2, cpu=2.5, gb_seconds=60.0)
    scene.sample(2, cpu=9.0, gb_seconds=90.0)
    assert scene.used() == {"cpu_seconds": 2.5, "memory_gb_seconds": 60.0}


def test_another_server_goes_on_where_the_last_one_stopped(scene: Scene) -> None:
    scene.sample(1, cpu=2.0)
    scene.tools = FleetTools(scene.db, scene.engine, scene.tools.blobs, scene.tools.options, scene.tools.clock)
    assert [box.id for box in fleet.recover(scene.tools)] == [scene.box.id]
    scene.sample(30, cpu=7.0)
    assert scene.used() == {"cpu_seconds": 7.0}


def test_the_end_is_read_too_and_once(scene: Scene) -> None:
    scene.sample(1, cpu=2.0)
    scene.use(1.5, cpu=3.0, gb_seconds=8.0)
    for _ in range(2):
        fleet.end_box(scene.tools, scene.box, state=ReplicaState.STOPPED, grace=1)
    assert scene.used() == {"cpu_seconds": 3.0, "memory_gb_seconds": 8.0}
    fleet.sample_boxes(scene.tools)
    assert scene.used() == {"cpu_seconds": 3.0, "memory_gb_seconds": 8.0}
    assert scene.meters() == 0


def test_a_sample_that_comes_after_the_end_counts_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine was asked before the box ended; what it said is written after."""
    scene.sample(1, cpu=2.0)
    scene.use(2, cpu=4.0)
    listed, ended = threading.Event(), threading.Event()
    look = scene.engine.list

    def slow_list(labels: dict[str, str] | None = None) -> list[Container]:
        found = look(labels)
        listed.set()
        assert ended.wait(60)
        return found

    monkeypatch.setattr(scene.engine, "list", slow_list)
    sampler = threading.Thread(target=fleet.sample_boxes, args=(scene.tools,))
    sampler.start()
    assert listed.wait(60)
    scene.use(2.1, cpu=4.1)
    fleet.end_box(scene.tools, scene.box, state=ReplicaState.STOPPED)
    ended.set()
    sampler.join()
    assert scene.used() == {"cpu_seconds": pytest.approx(4.1)}
    assert scene.meters() == 0


def test_a_box_whose_repository_was_deleted_is_forgotten(scene: Scene) -> None:
    scene.sample(1, cpu=2.0)
    with scene.db.write() as session:
        repos.delete_rows(session, scene.box.repository_id)
    scene.sample(2, cpu=5.0)
    fleet.end_box(scene.tools, scene.box, state=ReplicaState.STOPPED)
    assert scene.used() == {"cpu_seconds": 2.0}
    assert scene.meters() == 0
