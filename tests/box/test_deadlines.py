"""Requests that say how long they are waited for."""

import json
from concurrent.futures import ThreadPoolExecutor
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
