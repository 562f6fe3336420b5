"""Calls that wait are run as one, and nobody's fault is anybody else's."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from box.running import NUMBER, RunningBox, inputs_schema, packages, serving, wait_for, write_box
from modelyard_box.batching import CannotBatchError, RowBatcher
from modelyard_box.errors import Mismatch

SOURCE = """
    import os, sys, threading
    GATE = os.environ["GATE"]
    calls = 0

    def predict(rows: list[float], scale: float = 1.0) -> list[dict]:
        global calls
        calls += 1
        print("call", len(rows), flush=True)
        if -1 in rows:
            open(GATE).read()  # a pipe: waits for the test
        if -2 in rows: raise ValueError("row -2 is bad")
        if -3 in rows: os._exit(3)
        if -4 in rows: return [object() for _ in rows]
        if -5 in rows:
            while True: pass
        return [{"row": row * scale, "together": len(rows)} for row in rows]
"""
ROWS = inputs_schema(("scale",), rows={"type": "array", "items": NUMBER}, scale=NUMBER)


class Gate:
    """Holds the model while calls queue up behind it."""

    def __init__(self, folder: Path) -> None:
        import os

        self.path = folder / "gate"
        os.mkfifo(self.path)

    def open(self) -> None:
        self.path.write_text("go")


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def batching_box(tmp_path: Path, gate: Gate, *, batch: Any = True, source: str = SOURCE, **environ: str) -> Any:
    config = write_box(tmp_path, source, inputs=ROWS)
    config.write_text(json.dumps(json.loads(config.read_text()) | {"batch": batch}))
    return serving(config, GATE=str(gate.path), **environ)


def waiting(box: RunningBox) -> int:
    page = box.client.get("/metrics").text
    return int(
        float(next(line.split()[1] for line in page.splitlines() if line.startswith("modelyard_box_queue_length ")))
    )


def asked_behind(box: RunningBox, gate: Gate, asked: list[Any]) -> list[Any]:
    """The answers to calls that all waited while the model was busy with another."""
    with ThreadPoolExecutor(len(asked) + 1) as threads:
        first = threads.submit(box.predict, {"rows": [-1]})
        wait_for(lambda: "call 1\n" in box.log)
        answers = [threads.submit(box.predict, inputs) for inputs in asked]
        wait_for(lambda: waiting(box) == len(asked))
        gate.open()
        assert first.result().status_code == 200
        return [answer.result() for answer in answers]


def test_what_waits_is_run_as_one_call_and_each_gets_its_own(tmp_path: Path, gate: Gate) -> None:
    with batching_box(tmp_path, gate) as box:
        answers = asked_behind(box, gate, [{"rows": [n, n + 0.5]} for n in range(20)])
        for n, answer in enumerate(answers):
            assert answer.json()["output"] == [{"row": n + more, "together": 40} for more in (0, 0.5)]
        assert len({answer.headers["x-prediction-id"] for answer in answers}) == 20


def test_only_calls_with_equal_parameters_run_together(tmp_path: Path, gate: Gate) -> None:
    with batching_box(tmp_path, gate) as box:
        answers = asked_behind(box, gate, [{"rows": [n], "scale": 1.0 + n % 2} for n in range(6)])
        assert [answer.json()["output"][0]["row"] for answer in answers] == [0, 2, 2, 6, 4, 10]
        assert {answer.json()["output"][0]["together"] for answer in answers} == {3}


def test_a_batch_has_its_largest_size(tmp_path: Path, gate: Gate) -> None:
    with batching_box(tmp_path, gate, batch={"max_size": 4}) as box:
        answers = asked_behind(box, gate, [{"rows": [n]} for n in range(10)])
        assert max(answer.json()["output"][0]["together"] for answer in answers) == 4


def test_a_batch_waits_for_more_where_the_author_says_so(tmp_path: Path, gate: Gate) -> None:
    """With a wait that no test could sit out, only a batch that is full can be answered."""
    with batching_box(tmp_path, gate, batch={"max_size": 3, "max_wait_ms": 600_000}) as box:
        with ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(lambda n: box.predict({"rows": [n]}), range(3)))
        assert [answer.json()["output"][0]["together"] for answer in answers] == [3, 3, 3]


@pytest.mark.parametrize(
    ("bad", "status", "words"),
    [
        (-2, 500, "row -2 is bad"),
        (-3, 500, "exit status 3"),
        (-4, 500, "object"),
        (-5, 504, "4 seconds"),
    ],
)
def test_one_bad_row_does_not_fail_its_neighbours(
    tmp_path: Path, gate: Gate, bad: int, status: int, words: str
) -> None:
    with batching_box(tmp_path, gate, MODELYARD_TIMEOUT_S="4") as box:
        asked = [{"rows": [bad if n == 3 else n]} for n in range(8)]
        answers = asked_behind(box, gate, asked)
        for n, answer in enumerate(answers):
            if n == 3:
                assert answer.status_code == status, answer.text
                assert words in answer.json()["detail"]
            else:
                assert answer.json()["output"][0]["row"] == n, answer.text
        assert box.wait_ready().output({"rows": [1]})[0]["row"] == 1


def test_a_row_that_does_not_fit_the_signature_never_joins_a_batch(tmp_path: Path, gate: Gate) -> None:
    with batching_box(tmp_path, gate) as box:
        refused = box.predict({"rows": ["text"]})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/rows/0")


def test_a_target_whose_result_cannot_be_cut_is_called_one_by_one(tmp_path: Path, gate: Gate) -> None:
    source = """
        import os
        GATE = os.environ["GATE"]
        def predict(rows: list[float], scale: float = 1.0) -> float:
            print("call", len(rows), flush=True)
            if -1 in rows: open(GATE).read()
            return sum(rows)
    """
    with batching_box(tmp_path, gate, source=source) as box:
        answers = asked_behind(box, gate, [{"rows": [n, n]} for n in range(5)])
        assert [answer.json()["output"] for answer in answers] == [0, 2, 4, 6, 8]
        assert "batches are off" in box.log


def test_an_estimator_predicts_many_rows_at_once_as_it_would_one(tmp_path: Path, gate: Gate) -> None:
    sys.path.append(packages())
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    data = load_iris()
    model = LogisticRegression(max_iter=1000).fit(data.data, data.target_names[data.target])
    source = "def predict(model, rows: list[list[float]]) -> list[str]: return model.predict(rows)"
    schema = inputs_schema(rows={"type": "array", "items": {"type": "array", "items": NUMBER}})
    config = write_box(tmp_path, source, inputs=schema, artifact=model, site=packages())
    config.write_text(json.dumps(json.loads(config.read_text()) | {"batch": True}))
    rows = data.data[::5].tolist()
    with serving(config) as box, ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda row: box.output({"rows": [row]}), rows))
    assert [label for (label,) in found] == model.predict(rows).tolist()


# The joining and cutting by itself.


def batched(calls: list[Any], function: Any) -> list[Any]:
    return RowBatcher(lambda inputs: function(**inputs)).call(calls)


def test_arrays_and_tables_are_joined_by_rows() -> None:
    sys.path.append(packages())
    import numpy as np
    import pandas as pd

    arrays = [{"x": np.full((n, 2), n)} for n in (1, 2, 3)]
    assert batched(arrays, lambda x: x.sum(axis=1)) == [[2], [4, 4], [6, 6, 6]]
    tables = [{"t": pd.DataFrame({"a": [n], "b": ["x"]})} for n in (1, 2)]
    assert batched(tables, lambda t: t) == [[{"a": 1, "b": "x"}], [{"a": 2, "b": "x"}]]
    mixed = [{"x": np.zeros((1, 2))}, {"x": np.zeros((1, 3))}]
    assert batched(mixed, lambda x: np.full(len(x), x.shape[1])) == [[2], [3]]


def test_results_by_column_are_cut_by_column() -> None:
    calls = [{"x": [1]}, {"x": [2, 3]}]
    found = batched(calls, lambda x: {"twice": [2 * n for n in x], "same": x})
    assert found == [{"twice": [2], "same": [1]}, {"twice": [4, 6], "same": [2, 3]}]


def test_calls_without_rows_and_empty_ones_run_alone() -> None:
    seen: list[Any] = []

    def function(x: Any) -> Any:
        seen.append(x)
        return x

    assert batched([{"x": []}, {"x": []}, {"x": 1}, {"x": 1}], function) == [[], [], 1, 1]
    assert seen == [[], [], 1, 1]


def test_inputs_that_do_not_convert_stay_out() -> None:
    wrong = Mismatch("is not a number")
    assert batched([{"x": [1]}, wrong, {"x": [2]}], lambda x: x) == [[1], wrong, [2]]


@pytest.mark.parametrize("result", [7, "text", [1], {"a": [1]}, {}, None])
def test_a_result_without_a_row_for_each_row_is_refused(result: Any) -> None:
    with pytest.raises(CannotBatchError):
        batched([{"x": [1]}, {"x": [2]}], lambda x: result)
