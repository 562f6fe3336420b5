"""Workers that are killed under load: every request is answered, each once; 10,000 requests when soaking."""

import json
import os
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from box.running import RunningBox, inputs_schema, serving, wait_for, write_box

KILLS = 20
REQUESTS, REQUESTS_OF_SOAK = 400, 10_000
CLIENTS = 16

ONE_BY_ONE = """
    import os
    RUNS = os.open(os.environ["RUNS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    def predict(n: int):
        os.write(RUNS, f"{n} ".encode())
        if n < 0: os._exit(3)
        return n
"""
TOGETHER = """
    def predict(n: list[int]) -> list[int]:
        return n
"""


class Load:
    """Asks for 0, 1, 2, …, and kills a worker each time that another share of them was answered.

    Requests beyond a share wait for its kill, so that all kills happen, however quick the box is.
    """

    def __init__(self, box: RunningBox, requests: int, shape: Any) -> None:
        self._box = box
        self._shape = shape
        self._requests = requests
        self._share = requests // (KILLS + 1)
        self._killed = [threading.Event() for _ in range(KILLS)]
        self._lock = threading.Lock()
        self.answers: dict[int, list[tuple[int, Any, str]]] = {}

    def run(self) -> None:
        with ThreadPoolExecutor(CLIENTS + 1) as threads:
            killing = threads.submit(self._kill)
            list(threads.map(self._ask, range(self._requests)))
            killing.result()

    def _ask(self, n: int) -> None:
        turn = n // self._share - 1
        if turn > 0:
            assert self._killed[min(turn, KILLS) - 1].wait(120), "no worker could be killed"
        answer = self._box.predict({"n": self._shape(n)})
        found = (answer.status_code, answer.json().get("output"), answer.headers["x-prediction-id"])
        with self._lock:
            self.answers.setdefault(n, []).append(found)

    def _kill(self) -> None:
        """Kills a worker, each time another one."""
        dead: set[int] = set()
        for turn, killed in enumerate(self._killed):
            wait_for(lambda turn=turn: len(self.answers) >= (turn + 1) * self._share, seconds=300)
            pid = wait_for(lambda: next((pid for pid in self._box.worker_pids() if pid not in dead), None))
            os.kill(pid, signal.SIGKILL)
            dead.add(pid)
            killed.set()


@pytest.mark.soak
@pytest.mark.parametrize("workers", ["1", "3"])
def test_every_request_is_answered_once_while_workers_are_killed(tmp_path: Path, workers: str, soak: bool) -> None:
    """A killed worker fails the one request that it was at; no other notices. None is run twice."""
    config = write_box(tmp_path, ONE_BY_ONE, inputs=inputs_schema(n={"type": "integer"}))
    requests = REQUESTS_OF_SOAK if soak else REQUESTS
    runs = tmp_path / "runs"
    with serving(config, MODELYARD_WORKERS=workers, MODELYARD_RECORDS="20000", RUNS=str(runs)) as box:
        load = Load(box, requests, shape=int)
        load.run()
        records = _records(box)
    _each_once(load, requests, records)
    times = Counter(map(int, runs.read_text().split()))
    assert set(times.values()) == {1}
    answered = {n for n, answers in load.answers.items() if answers[0][0] == 200}
    assert answered <= set(times)


@pytest.mark.soak
def test_every_request_of_a_batch_is_answered_once_while_workers_are_killed(tmp_path: Path, soak: bool) -> None:
    """Of a batch that did not come back each is tried again, alone."""
    config = write_box(tmp_path, TOGETHER, inputs=inputs_schema(n={"type": "array", "items": {"type": "integer"}}))
    config.write_text(json.dumps(json.loads(config.read_text()) | {"batch": True}))
    requests = REQUESTS_OF_SOAK if soak else REQUESTS
    with serving(config, MODELYARD_WORKERS="2", MODELYARD_RECORDS="20000") as box:
        load = Load(box, requests, shape=lambda n: [n])
        load.run()
        records = _records(box)
    _each_once(load, requests, records)


def test_a_request_that_ends_its_worker_is_run_once_though_others_were_given_with_it(tmp_path: Path) -> None:
    config = write_box(tmp_path, ONE_BY_ONE, inputs=inputs_schema(n={"type": "integer"}))
    runs = tmp_path / "runs"
    with serving(config, RUNS=str(runs)) as box:
        for n in range(100):  # so that the box finds the model quick, and gives it many calls at once
            assert box.output({"n": n}) == n
        connections = [box.connect() for _ in range(8)]
        box.process.send_signal(signal.SIGSTOP)  # what comes meanwhile it will find together
        for n, connection in enumerate(connections):
            body = json.dumps({"n": n - 1})
            connection.sendall(
                f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
        box.process.send_signal(signal.SIGCONT)
        heads = [connection.recv(12) for connection in connections]
        for connection in connections:
            connection.close()
    assert heads == [b"HTTP/1.1 500", *[b"HTTP/1.1 200"] * 7]
    assert runs.read_text().split()[100:].count("-1") == 1


def _each_once(load: Load, requests: int, records: list[dict[str, Any]]) -> None:
    """Every request has one answer, its own, under an id of its own, and one record that says the same."""
    assert sorted(load.answers) == list(range(requests))
    assert {len(answers) for answers in load.answers.values()} == {1}
    told = {identifier: status for ((status, _, identifier),) in load.answers.values()}
    statuses = Counter(told.values())
    assert set(statuses) <= {200, 500}
    assert statuses[500] <= KILLS
    assert len(told) == requests
    assert [n for n, ((status, output, _),) in load.answers.items() if status == 200 and output not in (n, [n])] == []
    assert Counter(record["id"] for record in records) == Counter(dict.fromkeys(told, 1))
    assert {record["id"]: record["status"] for record in records} == told


def _records(box: RunningBox) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    stored, more = 0, True
    while more:
        answer = box.client.post("/-/records", json={"stored": stored}).json()
        assert answer["dropped"] == 0
        found += answer["records"]
        stored, more = answer["last"], answer["more"]
    return found
