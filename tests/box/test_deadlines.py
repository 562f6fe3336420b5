"""Requests that say how long they are waited for, and workers that are killed under load."""

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from box.running import NUMBER, RunningBox, inputs_schema, serving, wait_for, write_box

SOURCE = """
    import os, time
    def predict(n: int, wait: float = 0):
        print("ran", n, flush=True)
        time.sleep(wait)
        return n
"""
INPUTS = inputs_schema(("wait",), n={"type": "integer"}, wait=NUMBER)
KILLS = 20
REQUESTS = 10_000 if os.environ.get("MODELYARD_SOAK") else 400


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with serving(write_box(tmp_path_factory.mktemp("deadlines"), SOURCE, inputs=INPUTS)) as box:
        yield box


def ask(box: RunningBox, seconds: str, **inputs: Any) -> httpx.Response:
    headers = {"content-type": "application/json", "x-prediction-timeout": seconds}
    return box.predict(content=json.dumps(inputs), headers=headers)


def test_a_request_is_told_when_its_own_time_is_over(box: RunningBox) -> None:
    answer = ask(box, "0.2", n=1, wait=2)
    assert (answer.status_code, answer.json()["code"]) == (504, "deadline-exceeded")
    assert "while the model was at work" in answer.json()["detail"]


def test_what_nobody_waits_for_any_more_is_not_run(box: RunningBox) -> None:
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(box.predict, {"n": 100, "wait": 1.5})
        wait_for(lambda: "ran 100" in box.log)
        answer = ask(box, "0.1", n=101)
        assert (answer.status_code, answer.json()["code"]) == (504, "deadline-exceeded")
        assert "while it waited" in answer.json()["detail"]
        assert busy.result().status_code == 200
    assert box.output({"n": 102}) == 102
    assert "ran 101" not in box.log


def test_enough_time_changes_nothing(box: RunningBox) -> None:
    assert ask(box, "20", n=7).json()["output"] == 7


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "inf", "1e99"])
def test_a_time_that_is_none_is_refused(box: RunningBox, seconds: str) -> None:
    answer = ask(box, seconds, n=1)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")


@pytest.mark.parametrize("workers", ["1", "3"])
def test_every_request_is_answered_once_while_workers_are_killed(tmp_path: Path, workers: str) -> None:
    """A killed worker fails the request that it was at; no other request notices. 10,000 requests when soaking."""
    config = write_box(tmp_path, "def predict(n: int): return n", inputs=inputs_schema(n={"type": "integer"}))
    statuses: dict[int, int] = {}
    with serving(config, MODELYARD_WORKERS=workers, MODELYARD_RECORDS="20000") as box:
        done = threading.Event()

        def asking(n: int) -> None:
            answer = box.predict({"n": n})
            if answer.status_code == 200:
                assert answer.json()["output"] == n
            statuses[n] = answer.status_code

        def kill() -> int:
            """Kills a worker, each time another one, each after more requests were answered."""
            killed: set[int] = set()
            while len(killed) < KILLS:
                seen = len(statuses)
                found = [pid for pid in box.worker_pids() if pid not in killed]
                if found:
                    os.kill(found[0], signal.SIGKILL)
                    killed.add(found[0])
                wait_for(lambda seen=seen: len(statuses) > seen or done.is_set(), seconds=60)
                if done.is_set():
                    break
            return len(killed)

        with ThreadPoolExecutor(17) as threads:
            killing = threads.submit(kill)
            list(threads.map(asking, range(REQUESTS)))
            done.set()
            assert killing.result() >= KILLS // 2
        records = box.client.post("/-/records", json={"stored": 0}).json()["records"]
    failed = [n for n, status in statuses.items() if status != 200]
    assert sorted(statuses) == list(range(REQUESTS))
    assert {statuses[n] for n in failed} <= {500}
    assert len(failed) <= KILLS
    assert len({record["id"] for record in records}) == min(REQUESTS, len(records))
