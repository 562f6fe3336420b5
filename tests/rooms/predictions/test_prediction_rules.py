"""What of a box's report is believed."""

from datetime import UTC, datetime

import pytest

from modelyard.rooms.predictions import rules

ID = "01a1fd56-288a-738b-9efe-03ceb13da0bc"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
REPORT = {"id": ID, "status": 200, "seconds": 0.25, "bytes": 7, "digest": "a" * 64}


def read(keep_inputs: bool = True, **said):
    return rules.read_report(REPORT | said, now=NOW, keep_inputs=keep_inputs)


def test_a_report_becomes_a_row() -> None:
    row = read(inputs='{"x":1}', output="2")
    assert row is not None
    assert (str(row["id"]), row["status"], row["seconds"], row["size"]) == (ID, 200, 0.25, 7)
    assert row["predicted_at"] == datetime.fromtimestamp(int(ID.replace("-", "")[:12], 16) / 1000, UTC)
    assert (row["inputs"], row["output"]) == ('{"x":1}', "2")


def test_inputs_are_left_out_where_they_are_not_to_be_kept() -> None:
    row = read(keep_inputs=False, inputs='{"x":1}', output="2")
    assert row is not None
    assert (row["inputs"], row["output"]) == (None, None)


@pytest.mark.parametrize(
    "said",
    [
        {"id": "nonsense"},
        {"id": 5},
        {"id": "5d1b0ff0-0fd7-4c5e-9e8b-0f0f0f0f0f0f"},
        {"status": 0},
        {"status": "200"},
        {"seconds": -1},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seconds": True},
        {"bytes": 2**62},
        {"bytes": None},
        {"digest": "../etc"},
        {"digest": 7},
    ],
)
def test_what_no_box_of_ours_would_say_is_no_row(said) -> None:
    assert read(**said) is None


@pytest.mark.parametrize("report", [None, [], "x", 5, {}])
def test_what_is_no_report_is_no_row(report) -> None:
    assert rules.read_report(report, now=NOW, keep_inputs=True) is None


def test_no_prediction_is_of_the_future() -> None:
    row = read(id="ffffffff-ffff-7000-8000-000000000000")
    assert row is not None
    assert row["predicted_at"] <= NOW


def test_texts_are_cut_out_when_they_are_too_large_and_made_storable() -> None:
    row = read(inputs="x" * 100_000, output="a\x00\ud800")
    assert row is not None
    assert row["inputs"] is None
    assert "\x00" not in row["output"]
    row["output"].encode()


def test_kept_text_that_is_no_json_is_text() -> None:
    assert rules.read_json('{"x":1}') == {"x": 1}
    assert rules.read_json("[" * 100_000) == "[" * 100_000
    assert rules.read_json(None) is None
