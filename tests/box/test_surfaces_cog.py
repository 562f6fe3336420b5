"""Cog's HTTP API: what its clients send, and the envelope that they read."""

import base64
import io
import json
import threading
from datetime import datetime

import pytest
from PIL import Image

from box.running import NUMBER, TEXT, inputs_schema, packages, serving, wait_for, write_box

FILE = {"type": "string", "contentEncoding": "base64", "x-modelyard": "file"}
IMAGE = {**FILE, "contentMediaType": "image/*", "x-modelyard": "image"}
SOURCE = """
    import pathlib, time
    calls = []
    def predict(x: float, wait_for: str = "", fail: bool = False):
        calls.append(x)
        while wait_for and not pathlib.Path(wait_for).exists(): time.sleep(0.005)
        if fail: raise ValueError("no luck")
        return {"twice": 2 * x, "calls": len(calls)}
"""
INPUTS = inputs_schema(("wait_for", "fail"), x=NUMBER, wait_for=TEXT, fail={"type": "boolean"})


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    with serving(write_box(tmp_path_factory.mktemp("cog"), SOURCE, inputs=INPUTS)) as box:
        yield box


def create(box, given, **request):
    return box.client.post("/predictions", json={"input": given}, **request)


def test_a_prediction_is_answered_when_it_is_done(box):
    response = create(box, {"x": 4})
    found = response.json()
    assert (response.status_code, found["status"], found["error"]) == (200, "succeeded", None)
    assert (found["input"], found["output"]["twice"], found["logs"]) == ({"x": 4}, 8, "")
    assert found["metrics"]["predict_time"] > 0
    times = [datetime.fromisoformat(found[name]) for name in ("created_at", "started_at", "completed_at")]
    assert times == sorted(times)
    assert found["id"] == response.headers["x-prediction-id"]


def test_the_id_may_be_given(box):
    assert box.client.post("/predictions", json={"id": "mine", "input": {"x": 1}}).json()["id"] == "mine"
    assert box.client.put("/predictions/mine", json={"input": {"x": 1}}).json()["id"] == "mine"
    response = box.client.put("/predictions/mine", json={"id": "other", "input": {"x": 1}})
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["body", "id"])


def test_a_wish_for_an_answer_later_is_answered_now(box):
    assert create(box, {"x": 1}, headers={"prefer": "respond-async"}).json()["status"] == "succeeded"


def test_a_model_that_fails_is_a_prediction_that_failed(box):
    response = create(box, {"x": 1, "fail": True})
    found = response.json()
    assert (response.status_code, found["status"], found["output"]) == (200, "failed", None)
    assert found["error"] == "ValueError: no luck"
    assert create(box, {"x": 1}).json()["status"] == "succeeded"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"input": {"x": "a"}}, ["body", "input", "x"]),
        ({"input": {}}, ["body", "input", "x"]),
        ({}, ["body", "input", "x"]),
        ({"input": {"x": 1, "y": 2}}, ["body", "input", "y"]),
        ({"input": [1]}, ["body", "input"]),
        ([1], ["body"]),
        ({"input": {"x": 1}, "webhook": "http://localhost/"}, ["body", "webhook"]),
        ({"input": {"x": 1}, "output_file_prefix": "http://localhost/"}, ["body", "output_file_prefix"]),
    ],
)
def test_wrong_input_is_named_as_cog_does(box, body, place):
    for response in (box.client.post("/predictions", json=body), box.client.put("/predictions/a", json=body)):
        assert response.status_code == 422
        assert [(error["loc"], bool(error["msg"])) for error in response.json()["detail"]] == [(place, True)]


def test_a_body_that_is_no_json_is_refused(box):
    response = box.client.post("/predictions", content=b"{x")
    assert (response.status_code, "JSON" in response.json()["detail"]) == (400, True)


def test_who_asks_again_with_the_same_id_waits_for_the_same_prediction(box, tmp_path):
    gate = tmp_path / "gate"
    before = create(box, {"x": 0}).json()["output"]["calls"]
    found = []
    body = {"input": {"x": 5, "wait_for": str(gate)}}
    threads = [
        threading.Thread(target=lambda: found.append(box.client.put("/predictions/same", json=body))) for _ in "ab"
    ]
    for thread in threads:
        thread.start()
    wait_for(lambda: in_flight(box, "/predictions/{prediction_id}") == 2)
    gate.touch()
    for thread in threads:
        thread.join(20)
    assert [response.json()["output"] for response in found] == [{"twice": 10, "calls": before + 1}] * 2
    assert create(box, {"x": 0}).json()["output"]["calls"] == before + 2


def in_flight(box, route) -> int:
    """How many requests wait, besides the one that asks."""
    lines = box.client.get("/metrics").text.splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("modelyard_box_requests_in_flight ")) - 1


def test_a_prediction_can_be_called_off_by_its_id(box, tmp_path):
    gate = tmp_path / "gate"
    found = []
    body = {"input": {"x": 5, "wait_for": str(gate)}}
    thread = threading.Thread(target=lambda: found.append(box.client.put("/predictions/gone", json=body).json()))
    thread.start()
    wait_for(lambda: box.client.post("/predictions/gone/cancel").status_code == 200)
    thread.join(20)
    gate.touch()
    assert (found[0]["id"], found[0]["status"], found[0]["output"]) == ("gone", "canceled", None)
    assert box.client.post("/predictions/gone/cancel").status_code == 404
    assert create(box, {"x": 1}).json()["status"] == "succeeded"


def test_health_and_index(box):
    health = box.client.get("/health-check").json()
    assert (health["status"], health["setup"]["status"]) == ("READY", "succeeded")
    assert datetime.fromisoformat(health["setup"]["started_at"]) <= datetime.fromisoformat(
        health["setup"]["completed_at"]
    )
    index = box.client.get("/", headers={"accept": "*/*"}).json()
    assert index["predictions_url"] == "/predictions"
    for name in ("docs_url", "openapi_url", "healthcheck_url"):
        assert box.client.get(index[name]).status_code == 200


def test_a_model_that_does_not_load_is_said_with_200(tmp_path):
    gate = tmp_path / "gate"
    source = f"""
        import pathlib, time
        while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.005)
        raise ValueError('broken')
    """
    with serving(write_box(tmp_path, source, inputs=INPUTS), ready=False) as box:
        wait_for(box.socket.exists)
        assert box.client.get("/health-check").json()["status"] == "STARTING"
        gate.touch()
        found = wait_for(lambda: failed(box))
        assert "broken" in found["setup"]["logs"]
        response = create(box, {"x": 1})
        assert response.status_code == 503
        assert "broken" in response.json()["detail"]
        assert box.client.get("/ping").status_code == box.client.get("/v2/health/ready").status_code == 503
        assert box.client.get("/v2/health/live").status_code == 200


def failed(box):
    health = box.client.get("/health-check").json()
    return health if health["status"] == "SETUP_FAILED" else None


def test_files_come_and_go_as_data_uris(tmp_path):
    source = """
        import pathlib
        from PIL import Image
        def predict(image: Image.Image, more: pathlib.Path) -> dict:
            return {"turned": image.rotate(90, expand=True), "files": [more.read_bytes() * 2], "plain": "iVBORw0KGgo"}
    """
    output = {
        "type": "object",
        "properties": {"turned": {"$ref": "#/$defs/Picture"}, "files": {"type": "array", "items": FILE}, "plain": TEXT},
        "$defs": {"Picture": {"anyOf": [IMAGE, {"type": "null"}]}},
    }
    inputs = inputs_schema(image=IMAGE, more=FILE)
    with serving(write_box(tmp_path, source, inputs=inputs, output=output, site=packages())) as box:
        buffer = io.BytesIO()
        Image.new("RGB", (6, 2)).save(buffer, "PNG")
        given = {"image": uri("image/png", buffer.getvalue()), "more": uri("text/plain", b"ab")}
        found = create(box, given).json()["output"]
    head, _, text = found["turned"].partition(",")
    assert head == "data:image/png;base64"
    assert Image.open(io.BytesIO(base64.b64decode(text))).size == (2, 6)
    assert found["files"] == [uri("application/octet-stream", b"abab")]
    assert found["plain"] == "iVBORw0KGgo"


def uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    source = """
        def predict(n: int):
            for i in range(n):
                if i == 3: raise ValueError("too many")
                yield {"i": i}
    """
    config = write_box(tmp_path_factory.mktemp("streams"), source, inputs=inputs_schema(n=NUMBER), streams=True)
    with serving(config) as box:
        yield box


def events(response) -> list:
    assert response.headers["content-type"] == "text/event-stream"
    blocks = [block.split("\n") for block in response.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_a_stream_is_collected_into_a_list(streams):
    assert create(streams, {"n": 2}).json()["output"] == [{"i": 0}, {"i": 1}]
    assert create(streams, {"n": 5}).json()["error"] == "ValueError: too many"


def test_a_stream_is_told_in_events(streams):
    found = events(create(streams, {"n": 2}, headers={"accept": "text/event-stream"}))
    assert [name for name, _ in found] == ["start", "output", "output", "completed"]
    assert found[0][1]["status"] == "processing"
    assert [data for _, data in found[1:3]] == [{"chunk": {"i": 0}, "index": 0}, {"chunk": {"i": 1}, "index": 1}]
    last = found[3][1]
    assert (last["status"], last["output"]) == ("succeeded", [{"i": 0}, {"i": 1}])
    assert last["id"] == found[0][1]["id"]


def test_a_stream_that_fails_says_so_in_its_last_event(streams):
    name, last = events(create(streams, {"n": 5}, headers={"accept": "text/event-stream"}))[-1]
    assert (name, last["status"], last["error"]) == ("completed", "failed", "ValueError: too many")


def test_a_single_answer_is_one_event_of_output(box):
    found = events(create(box, {"x": 2}, headers={"accept": "text/event-stream"}))
    assert [name for name, _ in found] == ["start", "output", "completed"]
    assert found[2][1]["output"]["twice"] == 4
