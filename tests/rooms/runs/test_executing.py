"""Executing runs against an engine in memory, on both databases."""

import dataclasses
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from fakes.blob_store import MemoryBlobStore
from fakes.engine import FakeEngine, Running
from modelyard.kit.clock import system_clock
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Role
from modelyard.rooms.repos import store as repos
from modelyard.rooms.runs import executing, service
from modelyard.rooms.runs.containers import start_container
from modelyard.rooms.runs.errors import AttemptOutdated, EngineUnavailable, RunStateInvalid
from modelyard.rooms.runs.ports import Image, Limits, Usage
from modelyard.rooms.runs.rules import ENDED, NEXT, RunState, require_step
from modelyard.rooms.runs.schemas import Purpose
from modelyard.rooms.runs.service import RunOrder, RunTools
from modelyard.rooms.runs.tables import RunRow
from rooms.usage import ledgers

Program = Callable[[Running], int]
CHECK = new_id()
IMAGE = Image(digest="sha256:" + "1" * 64, config={"config": {}}, layers=[])


@pytest.fixture
def repository_id(db: Database) -> UUID:
    with db.write() as session:
        owner = accounts.create_account(session, username="ada", password="a long password", role=Role.CREATOR)
        identity = new_id()
        now = datetime.now(UTC)
        text = {"name": "r", "kind": "model", "visibility": "private", "title": "", "description": "", "tags": []}
        rest = {"next_version": 1, "deleting": False, "created_at": now, "updated_at": now}
        repos.insert(session, {"id": identity, "owner_id": owner.id} | text | rest)
        return identity


@pytest.fixture
def make(db: Database, tmp_path: Path) -> Callable[[Program], RunTools]:
    blobs = MemoryBlobStore()
    scratch = tmp_path / "runs"
    scratch.mkdir()

    def tools(program: Program) -> RunTools:
        return RunTools(db, FakeEngine(blobs, program=program), blobs, scratch, system_clock)

    return tools


def order(repository_id: UUID, *, id: UUID | None = None, timeout: float = 30, network: bool = False) -> RunOrder:
    return RunOrder(
        id=id or new_id(),
        repository_id=repository_id,
        version=1,
        purpose=Purpose.CHECK,
        image=IMAGE,
        limits=Limits(),
        timeout=timeout,
        network=network,
    )


def out(running: Running) -> Path:
    return next(m.source for m in running.spec.mounts if m.target == "/out")


def nothing_left(tools: RunTools) -> bool:
    return not tools.engine.list({}) and not list(tools.scratch.iterdir())


def test_a_run_keeps_its_result_log_and_usage(make: Callable[[Program], RunTools], repository_id: UUID) -> None:
    def program(running: Running) -> int:
        running.write(b"first\nsec\x00ond\nno end of line \xff")
        (out(running) / "result.json").write_text('{"ok": true, "why": "a\\u0000"}')
        return 0

    tools, lines = make(program), list[str]()
    run = service.execute(tools, order(repository_id), on_log=lines.append)
    assert (run.state, run.exit_code, run.result) == (RunState.SUCCEEDED, 0, {"ok": True, "why": "a\ufffd"})
    assert "\n".join(lines) == "first\nsec\ufffdond\nno end of line \ufffd"
    assert run.isolation == "namespaces"
    assert run.started_at
    assert run.ended_at
    with tools.database.read() as session:
        kept = service.read_log(session, store_=tools.blobs, run_id=run.id)
        assert kept == b"first\nsec\x00ond\nno end of line \xff"
        assert [r.id for r in service.checks_of(session, repository_id, version=1)] == [run.id]
    assert nothing_left(tools)


def test_what_a_check_used_is_charged_once(make: Callable[[Program], RunTools], repository_id: UUID) -> None:
    def program(running: Running) -> int:
        running.usage = Usage(cpu_seconds=1.5, memory_byte_seconds=2e9)
        return 3

    tools = make(program)
    grace = ledgers.account(tools.database, "grace")
    for _ in range(2):
        service.execute(tools, dataclasses.replace(order(repository_id, id=CHECK), charged_to=grace))
    assert ledgers.by_kind(tools.database, grace) == {"cpu_seconds": 1.5, "memory_gb_seconds": 2.0, "runs": 1.0}


def test_a_run_that_fails_says_so(make: Callable[[Program], RunTools], repository_id: UUID) -> None:
    tools = make(lambda _: 3)
    run = service.execute(tools, order(repository_id))
    assert (run.state, run.exit_code, run.result) == (RunState.FAILED, 3, None)
    assert nothing_left(tools)


def test_a_run_that_does_not_end_is_ended(make: Callable[[Program], RunTools], repository_id: UUID) -> None:
    tools = make(lambda running: int(running.stopping.wait(30)))
    run = service.execute(tools, order(repository_id, timeout=0.2))
    assert run.state is RunState.FAILED
    assert run.reason == "did not end within 0.2 s"
    assert nothing_left(tools)


def test_an_order_given_again_after_its_end_does_nothing(
    make: Callable[[Program], RunTools], repository_id: UUID
) -> None:
    calls = list[int]()
    tools = make(lambda _: len(calls.append(1) or calls) - 1)
    first = service.execute(tools, order(repository_id, id=(identity := new_id())))
    assert service.execute(tools, order(repository_id, id=identity)) == first
    assert len(calls) == 1


def test_after_a_crash_the_container_that_still_runs_is_taken_up(
    make: Callable[[Program], RunTools], repository_id: UUID
) -> None:
    go, calls = threading.Event(), list[int]()

    def program(running: Running) -> int:
        calls.append(1)
        running.write(b"begun\n")
        go.wait(30)
        return 0

    tools, wanted = make(program), order(repository_id)
    with tools.database.write() as session:  # what a server that was killed leaves: row, folder and container
        executing._prepare(session, wanted, tools.clock)
    start_container(tools.engine, executing._execution(wanted, 1, tools.scratch / f"{wanted.id.hex}-1"))
    lines = list[str]()

    def let_go(text: str) -> None:
        lines.append(text)
        go.set()

    assert service.execute(tools, wanted, on_log=let_go).state is RunState.SUCCEEDED
    assert (len(calls), lines) == (1, ["begun"])
    assert nothing_left(tools)


def test_a_run_that_was_deleted_is_given_up_and_leaves_nothing(
    make: Callable[[Program], RunTools], repository_id: UUID
) -> None:
    started = threading.Event()

    def program(running: Running) -> int:
        started.set()
        running.stopping.wait(30)
        return 0

    tools = make(program)

    def delete() -> None:
        started.wait(30)
        with tools.database.write() as session:
            service.delete_checks(session, repository_id, version=1)

    deleting = threading.Thread(target=delete)
    deleting.start()
    begun = time.monotonic()
    with pytest.raises(AttemptOutdated):
        service.execute(tools, order(repository_id, timeout=60))
    deleting.join()
    assert time.monotonic() - begun < 30
    assert nothing_left(tools)


def test_an_attempt_that_was_overtaken_writes_nothing(
    make: Callable[[Program], RunTools], repository_id: UUID, db: Database
) -> None:
    def program(running: Running) -> int:
        with db.write() as session:
            session.execute(sa.update(RunRow).values(attempt=2))
        return 0

    tools, identity = make(program), new_id()
    with pytest.raises(AttemptOutdated):
        service.execute(tools, order(repository_id, id=identity))
    with db.read() as session:
        run = service.find_run(session, identity)
    assert run is not None
    assert run.ended_at is None


def test_an_engine_that_is_away_fails_the_run_with_that(
    make: Callable[[Program], RunTools], repository_id: UUID, db: Database
) -> None:
    tools, identity = make(lambda _: 0), new_id()
    assert isinstance(tools.engine, FakeEngine)
    tools.engine.unavailable = True
    with pytest.raises(EngineUnavailable):
        service.execute(tools, order(repository_id, id=identity))
    with db.read() as session:
        run = service.find_run(session, identity)
    assert run is not None
    assert (run.state, bool(run.reason)) == (RunState.FAILED, True)


def test_a_network_is_given_only_where_it_was_ordered(make: Callable[[Program], RunTools], repository_id: UUID) -> None:
    seen = list[bool]()
    tools = make(lambda running: len(seen) if seen.append(running.spec.network) else 0)
    for network in (False, True):
        service.execute(tools, order(repository_id, network=network))
    assert seen == [False, True]


def test_strays_go_and_what_is_unfinished_stays(make: Callable[[Program], RunTools], repository_id: UUID) -> None:
    tools = make(lambda running: int(running.stopping.wait(30)))
    known, unknown = order(repository_id), order(repository_id)
    with tools.database.write() as session:
        executing._prepare(session, known, tools.clock)
    for wanted in (known, unknown):
        start_container(tools.engine, executing._execution(wanted, 1, tools.scratch / f"{wanted.id.hex}-1"))
    assert service.remove_strays(tools) == [f"run-{unknown.id.hex}-1"]
    assert [c.name for c in tools.engine.list({})] == [f"run-{known.id.hex}-1"]
    assert [f.name for f in tools.scratch.iterdir()] == [f"{known.id.hex}-1"]
    tools.engine.remove(f"run-{known.id.hex}-1")


def test_what_has_ended_stays_as_it_is() -> None:
    for state in ENDED:
        assert not NEXT[state]
        with pytest.raises(RunStateInvalid):
            require_step(state, RunState.STARTING)
    assert set(NEXT) == set(RunState)
