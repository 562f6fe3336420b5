"""A content store may be far away: who ends a run or a box, records an image or collects garbage does not make writers
wait for it, and a collector that comes between storing and granting takes nothing away."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from fakes.blob_store import MemoryBlobStore
from fakes.engine import FakeEngine, Running
from modelyard.kit.clock import system_clock
from modelyard.kit.db import Database
from modelyard.kit.errors import Unavailable
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Role
from modelyard.rooms.content import service as content
from modelyard.rooms.content import tasks
from modelyard.rooms.content.errors import BlobVanished
from modelyard.rooms.content.ports import StoredBlob
from modelyard.rooms.images import records
from modelyard.rooms.images.schemas import AssembledImage, Lock, PlatformImage
from modelyard.rooms.repos import store as repos
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.ports import Image
from modelyard.rooms.runs.schemas import Purpose
from modelyard.rooms.serving import fleet
from modelyard.rooms.serving import store as serving
from modelyard.rooms.serving.fleet import Box, FleetTools
from modelyard.rooms.serving.ports import ServingOptions
from modelyard.rooms.serving.rules import ReplicaState
from support import databases

IMAGE = Image(digest="sha256:" + "1" * 64, config={"config": {}}, layers=[])


class FarStore(MemoryBlobStore):
    """Notes calls that come while somebody holds the database's write lock. ``forgetful``: after each ``put`` a
    collector is quicker than its grant, once."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self.waited_for: list[str] = []
        self.forgetful = False

    def put(self, chunks: Iterable[bytes], *, expected: str | None = None) -> StoredBlob:
        self._look("put")
        stored = super().put(chunks, expected=expected)
        if self.forgetful:
            self.forgetful = False
            del self.blobs[stored.digest]
        return stored

    def stat(self, digest: str) -> StoredBlob | None:
        self._look("stat")
        return super().stat(digest)

    def _look(self, verb: str) -> None:
        connection = sqlite3.connect(self._file, timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            self.waited_for.append(verb)
        finally:
            connection.close()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(databases.create("sqlite", tmp_path))
    yield database
    database.close()


@pytest.fixture
def blobs(db: Database) -> FarStore:
    assert db.file is not None
    return FarStore(db.file)


@pytest.fixture
def repository_id(db: Database) -> UUID:
    with db.write() as session:
        owner = accounts.create_account(session, username="ada", password="a long password", role=Role.CREATOR)
        identity, now = new_id(), datetime.now(UTC)
        text = {"name": "r", "kind": "model", "visibility": "private", "title": "", "description": "", "tags": []}
        rest = {"next_version": 1, "deleting": False, "created_at": now, "updated_at": now}
        repos.insert(session, {"id": identity, "owner_id": owner.id} | text | rest)
        return identity


def says_so(running: Running) -> int:
    running.write(b"that is all\n")
    return 0


def log_of(db: Database, blobs: FarStore, holder_id: UUID, digest: str | None) -> bytes:
    assert digest is not None
    with db.read() as session:
        return b"".join(content.open_granted(session, store=blobs, holder_id=holder_id, digest=digest).chunks)


@pytest.mark.parametrize("forgetful", [False, True])
def test_the_log_of_a_run(
    db: Database, blobs: FarStore, repository_id: UUID, tmp_path: Path, *, forgetful: bool
) -> None:
    blobs.forgetful = forgetful
    (tmp_path / "runs").mkdir()
    tools = runs.RunTools(db, FakeEngine(blobs, program=says_so), blobs, tmp_path / "runs", system_clock)
    order = runs.RunOrder(new_id(), repository_id, 1, Purpose.CHECK, IMAGE)
    runs.execute(tools, order)
    with db.read() as session:
        assert runs.read_log(session, store_=blobs, run_id=order.id) == b"that is all\n"
    assert blobs.waited_for == []


@pytest.mark.parametrize("forgetful", [False, True])
def test_the_log_of_a_box(
    db: Database, blobs: FarStore, repository_id: UUID, tmp_path: Path, *, forgetful: bool
) -> None:
    blobs.forgetful = forgetful
    engine = FakeEngine(blobs, program=says_so)
    tools = FleetTools(db, engine, blobs, ServingOptions(sockets=tmp_path), system_clock)
    box = Box(new_id(), repository_id, 1, "box-1", tmp_path / "one" / "box.sock")
    engine.create(fleet.ContainerSpec("box-1", IMAGE, ["say"]))
    engine.wait("box-1")
    values = {"id": box.id, "repository_id": repository_id, "version": 1, "container": box.container}
    state = {"state": "starting", "started_at": system_clock(), "isolation": "none"}
    bounds = {"replicas": 1, "workers": 1, "keep_warm": False, "idle_stop_seconds": 60}
    times = {"created_at": system_clock(), "updated_at": system_clock()}
    deployment = {"repository_id": repository_id, "wanted": "serving", "callers": "readers"} | bounds | times
    with db.write() as session:
        serving.insert_deployment(session, deployment)
        serving.add_replica(session, values | state)
    fleet.end_box(tools, box, state=ReplicaState.FAILED)
    with db.read() as session:
        row = serving.replica(session, box.id)
        assert row is not None
        digest = row.log_digest
    assert log_of(db, blobs, repository_id, digest) == b"that is all\n"
    assert blobs.waited_for == []


def test_the_blobs_of_an_image(db: Database, blobs: FarStore, repository_id: UUID) -> None:
    digests = tuple(blobs.put([data]).digest for data in (b"layer", b"config", b"manifest"))
    made = PlatformImage("linux/amd64", digests[2], len(b"manifest"), digests[1], len(b"config"), {}, ())
    image = AssembledImage(digests[2], records.MANIFEST, 19, (made,), Lock("3.11", {}), digests)
    stored = content.find_stored(blobs, image.blobs)
    with db.write() as session:
        records.record_image(session, image, stored=stored, repository_id=repository_id, tag="v1", clock=system_clock)
    content.require_held(blobs, image.blobs)
    assert blobs.waited_for == []
    with db.read() as session:
        assert all(content.holds(session, holder_id=repository_id, digest=digest) for digest in digests)
        assert records.find_manifest(session, repository_id=repository_id, reference="v1").size == len(b"manifest")
    del blobs.blobs[digests[0]]
    with pytest.raises(BlobVanished):
        content.require_held(blobs, image.blobs)
    with pytest.raises(BlobVanished):
        content.find_stored(blobs, image.blobs)


def test_garbage_where_the_store_is_away(db: Database, blobs: FarStore) -> None:
    """Nothing of the bucket's silence is waited for with the write lock held."""
    blobs.put([b"nobody's"])
    tasks.collect_garbage(db, blobs, grace=timedelta(hours=1))
    blobs.waited_for.clear()
    blobs.stat = _away  # type: ignore[method-assign]
    blobs.delete = _must_not  # type: ignore[method-assign]
    later = datetime.now(UTC) + timedelta(hours=2)
    with pytest.raises(Unavailable):
        tasks.collect_garbage(db, blobs, grace=timedelta(hours=1), clock=lambda: later)


def _away(digest: str) -> StoredBlob | None:
    raise Unavailable("The bucket does not answer.")


def _must_not(digest: str, *, put_before: datetime | None = None) -> bool:
    raise AssertionError("it was asked to delete")
