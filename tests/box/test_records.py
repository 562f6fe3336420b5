"""What the box remembers of predictions until the platform has it."""

import hashlib
import importlib
import json
import sys
import time
from typing import Any

import pytest

from box.running import box_site, inputs_schema, serving, write_box

sys.path.append(str(box_site()))  # the server's own packages
Records: Any = importlib.import_module("modelyard_box.records").Records


def noted(records: Any, count: int, **more: Any) -> None:
    for number in range(count):
        records.note(f"id-{number}", time.monotonic(), more.get("status", 200), {"n": number}, more.get("output"))


def ids(fetched: dict[str, Any]) -> list[str]:
    return [record["id"] for record in fetched["records"]]


def test_what_is_not_said_to_be_stored_is_told_again() -> None:
    records = Records(100, keep_inputs=False)
    noted(records, 3)
    first = records.fetch(0)
    assert ids(first) == ids(records.fetch(0)) == ["id-0", "id-1", "id-2"]
    assert (first["last"], first["more"], first["dropped"]) == (3, False, 0)
    noted(records, 1)
    assert ids(records.fetch(3)) == ["id-0"]
    assert records.fetch(4) == {"last": 4, "more": False, "dropped": 0, "records": []}


def test_the_oldest_go_when_there_are_too_many_and_are_counted() -> None:
    records = Records(5, keep_inputs=False)
    noted(records, 8)
    found = records.fetch(0)
    assert ids(found) == [f"id-{n}" for n in range(3, 8)]
    assert (found["dropped"], found["last"]) == (3, 8)


def test_inputs_and_outputs_are_bounded_in_bytes() -> None:
    records = Records(10_000, keep_inputs=True)
    for _ in range(1000):
        records.note("id", time.monotonic(), 200, {"text": "x" * 60_000}, None)
    assert 0 < records.dropped < 1000


def test_what_is_too_large_is_not_kept() -> None:
    records = Records(10, keep_inputs=True)
    records.note("id", time.monotonic(), 200, {"text": "x" * 100_000}, "y" * 100_000)
    (record,) = records.fetch(0)["records"]
    assert {"inputs", "output"}.isdisjoint(record)


def test_much_is_told_in_pieces() -> None:
    records = Records(10_000, keep_inputs=False)
    noted(records, 5000)
    told, last = [], 0
    while True:
        found = records.fetch(last)
        told += ids(found)
        last = found["last"]
        if not found["more"]:
            break
    assert told == [f"id-{n}" for n in range(5000)]


def test_equal_inputs_have_equal_digests_whatever_the_order_of_their_names() -> None:
    records = Records(10, keep_inputs=False)
    for inputs in ({"a": 1, "b": [2.5]}, {"b": [2.5], "a": 1}, {"a": 1, "b": [2.6]}):
        records.note("id", time.monotonic(), 200, inputs, None)
    one, same, other = [record["digest"] for record in records.fetch(0)["records"]]
    assert one == same != other
    assert one == hashlib.sha256(b'{"a":1,"b":[2.5]}').hexdigest()


@pytest.mark.parametrize("inputs", [{"f": (b"file", "name.bin")}, {"n": 2**70}, {"t": "\ud800"}])
def test_what_has_no_json_form_has_a_digest_too(inputs: dict[str, Any]) -> None:
    records = Records(10, keep_inputs=True)
    records.note("id", time.monotonic(), 200, inputs, None)
    (record,) = records.fetch(0)["records"]
    assert len(record["digest"]) == 64
    json.dumps(record).encode()


def test_a_box_tells_the_platform_what_became_of_each_prediction(tmp_path: Any) -> None:
    source = """
        def predict(n):
            if n == 1: raise ValueError("no")
            return n
    """
    with serving(write_box(tmp_path, source, inputs=inputs_schema(n={})), MODELYARD_RECORDS="10") as box:
        answers = [box.predict({"n": n}) for n in range(2)]
        found = box.client.post("/-/records", json={"stored": 0}).json()
        assert [(r["id"], r["status"]) for r in found["records"]] == [
            (answer.headers["x-prediction-id"], answer.status_code) for answer in answers
        ]
        assert "inputs" not in found["records"][0]
        box.client.post("/-/records", json={"stored": 2, "keep_inputs": True})
        box.predict({"n": 5})
        (kept,) = box.client.post("/-/records", json={"stored": 2, "keep_inputs": True}).json()["records"]
        assert (json.loads(kept["inputs"]), json.loads(kept["output"])) == ({"n": 5}, 5)
        assert box.client.post("/-/records", content=b"nonsense").status_code == 400


def test_a_box_that_no_platform_asks_keeps_nothing(tmp_path: Any) -> None:
    with serving(write_box(tmp_path, "def predict(n): return n", inputs=inputs_schema(n={}))) as box:
        box.predict({"n": 1})
        assert box.client.post("/-/records", json={"stored": 0}).status_code == 404
