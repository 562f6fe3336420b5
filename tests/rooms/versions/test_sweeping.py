"""What the sweep makes of builds that a crash left, with the real workflow tables."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from fakes.blob_store import MemoryBlobStore
from fakes.engine import FakeEngine
from modelyard.kit import durable
from modelyard.kit.clock import system_clock
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Role
from modelyard.rooms.images.service import ImportTools, Supplies
from modelyard.rooms.repos import folders, git
from modelyard.rooms.repos import store as repos
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.runs.errors import IsolationTooWeak
from modelyard.rooms.runs.ports import Isolation
from modelyard.rooms.runs.service import RunTools
from modelyard.rooms.versions import assembling, building, erasing, service, store, tasks
from modelyard.rooms.versions.assembling import BuildTools
from modelyard.rooms.versions.erasing import EraseTools
from modelyard.rooms.versions.errors import BuildOutdated
from support.waiting import until


@pytest.fixture
def tools(db: Database, tmp_path: Path) -> BuildTools:
    blobs = MemoryBlobStore()
    for name in ("runs", "scratch", "git"):
        (tmp_path / name).mkdir()
    runs = RunTools(db, FakeEngine(blobs), blobs, tmp_path / "runs", system_clock)
    supplies = cast(Supplies, None)  # no build gets so far
    imports = cast(ImportTools, None)
    repositories = RepositoryOptions(tmp_path / "git")
    return BuildTools(db, blobs, repositories, supplies, runs, tmp_path / "scratch", system_clock, "3.11", imports)


@pytest.fixture
def workflows(db: Database, tools: BuildTools, tmp_path: Path) -> Iterator[None]:
    durable.provide_part(BuildTools, tools)
    durable.provide_part(EraseTools, EraseTools(db, tools.repositories))
    queues = {tasks.QUEUE: 1, erasing.QUEUE: 1}
    durable.launch(f"sqlite:///{tmp_path / 'x.db'}", data_dir=tmp_path, version="test", queues=queues)
    yield
    durable.shutdown()


Make = Callable[..., UUID]


@pytest.fixture
def make(db: Database, tools: BuildTools) -> Make:
    """Adds a version in some state; returns its id."""

    def version(*, state: str = "building", role: Role = Role.CREATOR, username: str = "ada") -> UUID:
        now = datetime.now(UTC)
        with db.write() as session:
            owner = accounts.create_account(session, username=username, password="a long password", role=role)
            repository_id, version_id = new_id(), new_id()
            text: dict[str, Any] = {"name": "r", "kind": "model", "visibility": "private", "title": "", "tags": []}
            rest = {"description": "", "next_version": 2, "deleting": False, "created_at": now, "updated_at": now}
            repos.insert(session, {"id": repository_id, "owner_id": owner.id} | text | rest)
            row: dict[str, Any] = {"id": version_id, "repository_id": repository_id, "number": 1, "state": state}
            row |= {"attempt": 1, "commit_id": "0" * 40, "pushed_by": owner.id, "platforms": [], "signature": {}}
            project = {"target": {"module": "m", "class": None, "function": "f"}}
            store.insert(session, row | {"card": {}, "project": project, "created_at": now})
        folders.create(git.repository_path(tools.repositories.root, repository_id))
        return version_id

    return version


def state(db: Database, version_id: UUID) -> tuple[str, str | None]:
    with db.read() as session:
        row = store.get(session, version_id)
        assert row
        return row.state, row.reason


@pytest.mark.usefixtures("workflows")
def test_a_build_that_was_never_started_is_started(db: Database, make: Make) -> None:
    version_id = make(state="queued")
    tasks.resume_build(str(version_id), 1)
    until(lambda: state(db, version_id)[0] == "failed", what="the build of a commit that does not exist to fail")
    assert "no revision" in (state(db, version_id)[1] or "")


@pytest.mark.usefixtures("workflows")
def test_a_build_that_was_given_up_has_failed_and_can_be_tried_again(db: Database, make: Make) -> None:
    version_id = make()
    identity = f"build-{version_id}-1"  # of another version, which is none: so it returns and this one is as it was
    durable.enqueue(tasks.QUEUE, tasks.build_version, str(new_id()), 1, id=identity)
    until(lambda: durable.has_ended(identity), what="the workflow to return")
    tasks.resume_build(str(version_id), 1)
    assert state(db, version_id)[0] == "failed"
    with db.write() as session:
        row = store.get(session, version_id)
        assert row
        enqueued = list[tuple[str, int]]()
        service.retry_version(session, row.repository_id, 1, enqueue=lambda *a: enqueued.append(a))
    assert enqueued == [(str(version_id), 2)]


@pytest.mark.usefixtures("workflows")
def test_an_erasure_that_was_begun_is_finished_by_the_sweep(db: Database, make: Make, tools: BuildTools) -> None:
    version_id = make()
    with db.write() as session:
        row = store.get(session, version_id)
        assert row
        repository = repos.get(session, row.repository_id)
        assert repository
        repository.deleting = True
        identity = row.repository_id
    erasing.resume_erasure(str(identity))
    erasing.resume_erasure(str(identity))
    path = git.repository_path(tools.repositories.root, identity)
    until(lambda: not path.exists(), what="the Git repository to go")
    with db.read() as session:
        assert repos.get(session, identity) is None
        assert store.get(session, version_id) is None


def test_an_overtaken_attempt_writes_nothing(db: Database, make: Make) -> None:
    version_id = make()
    with db.write() as session:
        build = building.begin(session, version_id, attempt=1, clock=system_clock)
    with db.write() as session:
        row = store.get(session, version_id)
        assert row
        row.attempt = 2
    for write in (
        lambda s: building.report(s, build, stage="base", state="running", text="", clock=system_clock),
        lambda s: building.record_image(s, build, digest="sha256:" + "0" * 64, size=1, lock=""),
        lambda s: building.publish(s, build, clock=system_clock),
    ):
        with pytest.raises(BuildOutdated), db.write() as session:
            write(session)
    with db.write() as session:
        building.fail(session, version_id, attempt=1, clock=system_clock, reason="late", remedy="")
    assert state(db, version_id) == ("building", None)


@pytest.mark.parametrize(
    ("isolation", "role", "named", "allowed"),
    [
        (Isolation.NAMESPACES, Role.CREATOR, (), True),
        (Isolation.CHROOT, Role.CREATOR, (), False),
        (Isolation.CHROOT, Role.ADMINISTRATOR, (), True),
        (Isolation.NONE, Role.CREATOR, ("ada",), True),
        (Isolation.NONE, Role.CREATOR, ("bob",), False),
    ],
)
def test_below_namespaces_only_code_of_trusted_people_is_executed(
    db: Database, make: Make, tools: BuildTools, isolation: Isolation, role: Role, named: tuple[str, ...], allowed: bool
) -> None:
    version_id = make(role=role)
    tools.runs.engine.isolation = isolation
    trusting = BuildTools(**{f: getattr(tools, f) for f in tools.__slots__} | {"trusted_creators": named})
    with db.write() as session:
        build = building.begin(session, version_id, attempt=1, clock=system_clock)
    if allowed:
        assembling.require_trust(trusting, build)
    else:
        with pytest.raises(IsolationTooWeak):
            assembling.require_trust(trusting, build)
