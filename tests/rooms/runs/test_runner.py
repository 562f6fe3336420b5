"""Runs from the queue to their end, by a runner with an engine in memory, on both databases."""

import json
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from fakes.engine import Running
from modelyard.kit.clock import system_clock
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Role
from modelyard.rooms.content import service as content
from modelyard.rooms.runs import queue, service, store
from modelyard.rooms.runs.errors import AttemptOutdated, RunTooLarge
from modelyard.rooms.runs.rules import Outcome, RunState
from modelyard.rooms.runs.runner import RunnerOptions
from modelyard.rooms.runs.schemas import Input, InputFile, Resources
from modelyard.rooms.runs.tables import RunRow
from rooms.runs.site import OPTIONS, Gate, fake_site, inside, out
from support.waiting import until


def test_a_run_keeps_what_it_left(db: Database, tmp_path: Path) -> None:
    def program(running: Running) -> int:
        told = json.loads((inside(running) / "params.json").read_text())
        (out(running) / "deep").mkdir()
        (out(running) / "deep" / "a.txt").write_text(f"angle {told['angle']}")
        (out(running) / "metrics.jsonl").write_text('{"loss": 0.5}\n{"step": 7, "loss": 0.25, "name": "x"}\n{"loss": 1')
        (out(running) / "result.json").write_text('{"n": 1}')
        running.write(b"hello\nprogress: 0.5 half\n")
        return 0

    site = fake_site(db, tmp_path, program)
    with site.running():
        run = site.ended(site.queue(parameters={"angle": 90}))
    assert (run.state, run.attempt, run.exit_code, run.result) == (RunState.SUCCEEDED, 1, 0, {"n": 1})
    assert [one.outcome for one in run.attempts] == [Outcome.SUCCEEDED]
    assert run.runner == "here"
    left = site.outputs(run.id)
    assert left["deep/a.txt"] == b"angle 90"
    assert set(left) == {"deep/a.txt", "metrics.jsonl", "result.json"}
    assert site.log(run.id) == b"hello\nprogress: 0.5 half\n"
    with db.read() as session:
        (series,) = service.read_metrics(session, run.id)
        digest = service.all_outputs(session, run.id)[0].digest
        assert content.holds(session, holder_id=site.account_id, digest=digest)
    assert [(point.step, point.value) for point in series.points] == [(0, 0.5), (7, 0.25)]
    assert list(site.scratch.iterdir()) == []


def test_inputs_are_laid_out(db: Database, tmp_path: Path) -> None:
    def program(running: Running) -> int:
        paths = json.loads((inside(running) / "inputs.json").read_text())
        (out(running) / "seen").write_text(f"{paths} {(inside(running) / 'table' / 'a.csv').read_text()}")
        return 0

    site = fake_site(db, tmp_path, program)
    blob = site.blobs.put([b"x,y\n"])
    file = InputFile(path="a.csv", digest=blob.digest, size=blob.size)
    table = Input(
        name="table",
        kind="table",
        source="upload a.csv",
        digest=blob.digest,
        count=1,
        size=4,
        path="/in/table/a.csv",
        files=[file],
    )
    with site.running():
        run = site.ended(site.queue(inputs=[table]))
    assert site.outputs(run.id)["seen"] == b"{'table': '/in/table/a.csv'} x,y\n"
    gone = table.model_copy(update={"files": [file.model_copy(update={"digest": "sha256:" + "0" * 64})]})
    with site.running():
        run = site.ended(site.queue(inputs=[gone]))
    assert (run.state, run.reason) == (RunState.FAILED, "table (upload a.csv) is not there any more.")


def test_a_run_that_fails_is_tried_again_as_often_as_was_asked(db: Database, tmp_path: Path) -> None:
    times: list[int] = []

    def program(running: Running) -> int:
        times.append(1)
        running.write(f"try {len(times)}\n".encode())
        return 3 if len(times) < 3 else 0

    site = fake_site(db, tmp_path, program)
    with site.running():
        run = site.ended(site.queue(max_attempts=2))
        assert (run.state, run.attempt, run.exit_code, run.reason) == (RunState.FAILED, 2, 3, "exit code 3")
        assert [one.outcome for one in run.attempts] == [Outcome.FAILED, Outcome.FAILED]
        assert site.log(run.id) == b"try 2\n"
        run = site.ended(site.queue(max_attempts=2))
        assert (run.state, run.attempt) == (RunState.SUCCEEDED, 1)


def test_cores_memory_accounts_and_labels_bound_what_runs_at_a_time(db: Database, tmp_path: Path) -> None:
    gate = Gate()
    site = fake_site(db, tmp_path, gate)
    with site.running():
        ids = [site.queue() for _ in range(4)]
        until(lambda: gate.inside == 2)
        assert [site.get(id).state for id in ids[2:]] == [RunState.QUEUED] * 2
        gate.opened.set()
        assert {site.ended(id).state for id in ids} == {RunState.SUCCEEDED}
    assert gate.most == 2
    with pytest.raises(RunTooLarge, match="cpus may be 2 at most"):
        site.queue(resources=Resources(cpus=3))
    with pytest.raises(RunTooLarge, match="No runner has the labels gpu"):
        site.queue(labels=["gpu"])


def test_one_account_cannot_take_all_places(db: Database, tmp_path: Path) -> None:
    gate = Gate()
    site = fake_site(db, tmp_path, gate)
    with db.write() as session:
        other = accounts.create_account(session, username="eve", password="a long password", role=Role.CREATOR)
    with site.running(RunnerOptions("here", cpus=4, memory_bytes=2**40, per_account=2)):
        mine = [site.queue() for _ in range(3)]
        theirs = site.queue(account_id=other.id)
        until(lambda: gate.inside == 3)
        waiting = [id for id in (*mine, theirs) if site.get(id).state is RunState.QUEUED]
        assert len(waiting) == 1
        assert theirs not in waiting
        gate.opened.set()
        for id in (*mine, theirs):
            site.ended(id)
    assert gate.most == 3


def test_the_most_urgent_goes_first_and_then_the_oldest(db: Database, tmp_path: Path) -> None:
    order: list[str] = []

    def program(running: Running) -> int:
        order.append(running.spec.labels["io.modelyard.run"])
        return 0

    site = fake_site(db, tmp_path, program)
    with site.running():
        pass  # so that a runner is known
    ids = [site.queue(priority=priority) for priority in (0, 5, -1, 5)]
    with site.running(RunnerOptions("here", cpus=1, memory_bytes=2**40)):
        for id in ids:
            site.ended(id)
    assert order == [str(ids[n]) for n in (1, 3, 0, 2)]


def test_cancelling(db: Database, tmp_path: Path) -> None:
    gate = Gate()
    site = fake_site(db, tmp_path, gate)
    with site.running():
        waiting = [site.queue() for _ in range(3)]
        until(lambda: gate.inside == 2)
        site.cancel(waiting[2])
        assert site.get(waiting[2]).state is RunState.CANCELLED
        site.cancel(waiting[0])
        run = until(lambda: found if (found := site.get(waiting[0])).state is RunState.CANCELLED else None)
        assert run.attempts[0].outcome is Outcome.CANCELLED
        gate.opened.set()
        assert site.ended(waiting[1]).state is RunState.SUCCEEDED
        site.cancel(waiting[1])
        assert site.get(waiting[1]).state is RunState.SUCCEEDED


def test_a_restarted_runner_takes_up_what_runs_and_what_has_ended_meanwhile(db: Database, tmp_path: Path) -> None:
    gate = Gate()
    site = fake_site(db, tmp_path, gate)
    with site.running():
        runs = [site.queue(), site.queue()]
        until(lambda: gate.inside == 2)
        until(lambda: all(site.get(id).state is RunState.RUNNING for id in runs))
    assert {site.get(id).state for id in runs} == {RunState.RUNNING}
    gate.opened.set()
    until(lambda: gate.inside == 0)
    with site.running():
        for id in runs:
            run = site.ended(id)
            assert (run.state, run.attempt) == (RunState.SUCCEEDED, 1)


def test_a_container_that_is_gone_is_a_lost_attempt_and_the_run_goes_on(db: Database, tmp_path: Path) -> None:
    gate = Gate()
    site = fake_site(db, tmp_path, gate)
    with site.running():
        id = site.queue()
        until(lambda: site.get(id).state is RunState.RUNNING)
    for container in site.engine.list():
        site.engine.remove(container.name)
    gate.opened.set()
    with site.running():
        run = site.ended(id)
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 2)
    assert [one.outcome for one in run.attempts] == [Outcome.LOST, Outcome.SUCCEEDED]


@pytest.mark.parametrize("code", [128 + signal.SIGTERM, 128 + signal.SIGKILL])
def test_what_a_signal_from_outside_ended_is_begun_again(db: Database, tmp_path: Path, code: int) -> None:
    codes = iter([code, 0])
    site = fake_site(db, tmp_path, lambda _: next(codes))
    with site.running():
        run = site.ended(site.queue())
    assert (run.state, [one.outcome for one in run.attempts]) == (
        RunState.SUCCEEDED,
        [Outcome.LOST, Outcome.SUCCEEDED],
    )


def test_a_late_attempt_is_refused(db: Database, tmp_path: Path) -> None:
    site = fake_site(db, tmp_path, lambda _: 0)
    with site.running() as runner:
        runner_id = runner.id
    id = site.queue()
    room = queue.Room(2, 2**40)
    with db.write() as session:
        (lease,) = queue.claim_runs(session, runner_id, room, per_account=9, clock=system_clock)
    with db.write() as session:
        assert queue.sweep_lost(session, but=new_id(), clock=system_clock) == []
        session.execute(sa.update(RunRow).values(lease_expires_at=system_clock() - timedelta(seconds=1)))
        assert queue.sweep_lost(session, but=new_id(), clock=system_clock) == [id]
    with pytest.raises(AttemptOutdated), db.write() as session:
        queue.begin_attempt(session, lease, isolation="vm", clock=system_clock)
    with db.read() as session:
        assert [one.outcome for one in store.attempts(session, id)] == ["lost"]
    with site.running():
        assert site.ended(id).attempt == 2


def test_what_is_too_late_is_stopped(db: Database, tmp_path: Path) -> None:
    site = fake_site(db, tmp_path, Gate())
    with site.running():
        run = site.ended(site.queue(resources=Resources(timeout_seconds=0.2)))
    assert (run.state, run.reason) == (RunState.FAILED, "did not end within 0.2 s")


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (
            lambda folder: (folder / "x").symlink_to("/etc/passwd"),
            "It left a link that leads out of /out: x → /etc/passwd.",
        ),
        (lambda folder: (folder / "x").symlink_to("../../secret"), "It left a link that leads out of /out"),
        (lambda folder: (folder / "x").symlink_to("nothing"), "It left a link to no file"),
    ],
)
def test_links_out_of_there_fail_the_run(db: Database, tmp_path: Path, left: object, reason: str) -> None:
    def program(running: Running) -> int:
        (out(running) / "good.txt").write_text("kept")
        left(out(running))  # type: ignore[operator]
        return 0

    site = fake_site(db, tmp_path, program)
    with site.running():
        run = site.ended(site.queue())
    assert run.state is RunState.FAILED
    assert (run.reason or "").startswith(reason)
    assert site.outputs(run.id) == {"good.txt": b"kept"}


def test_while_the_engine_is_away_runs_wait(db: Database, tmp_path: Path) -> None:
    site = fake_site(db, tmp_path, lambda _: 0)
    site.engine.unavailable = True  # type: ignore[attr-defined]
    with site.running(OPTIONS):
        id = site.queue()
        until(lambda: site.get(id).state is RunState.STARTING)
        time.sleep(0)
        site.engine.unavailable = False  # type: ignore[attr-defined]
        assert site.ended(id).state is RunState.SUCCEEDED
