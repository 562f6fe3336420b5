"""Targets that yield: JSON lines, server-sent events, errors on the way, readers that are slow or leave."""

import json

import pytest

from box.running import TEXT, inputs_schema, serving, wait_for, write_box

SOURCE = """
    import asyncio, os, time
    from collections.abc import AsyncIterator, Iterator
    def predict(do: str, n: int = 3) -> Iterator[dict]:
        if do == "before": raise ValueError("too early")
        if do == "list": return [1, 2]
        if do == "map": return map(str, range(n))
        return items(do, n)
    def items(do, n):
        try:
            for i in range(n):
                if do == "large": yield "x" * 100_000
                if do == "forever": time.sleep(0.01)
                yield {"i": i}
                if do == "after": raise ValueError("too late")
                if do == "odd": yield object()
                if do == "exit": os._exit(3)
                if do == "hang": time.sleep(1000)
        finally:
            print("closed after", i, flush=True)
    async def predict_async(do: str, n: int = 3) -> AsyncIterator[int]:
        for i in range(n):
            await asyncio.sleep(0)
            yield i
"""
INPUTS = inputs_schema(("n",), do=TEXT, n={"type": "integer"})


@pytest.fixture
def box(short_box):
    """A box with a short timeout, whose worker is ready: that of the test before may just have died."""
    return short_box.wait_ready()


@pytest.fixture(scope="module")
def short_box(tmp_path_factory):
    config = write_box(tmp_path_factory.mktemp("streams"), SOURCE, inputs=INPUTS, streams=True)
    with serving(config, MODELYARD_TIMEOUT_S="1.5") as box:
        yield box


def lines(response) -> list:
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def test_items_come_as_json_lines(box):
    response = box.predict({"do": "fine"})
    identifier = response.headers["x-prediction-id"]
    outputs = [{"output": {"i": n}} for n in range(3)]
    assert lines(response) == [*outputs, {"done": True, "id": identifier}]


def test_items_come_as_events_when_asked(box):
    response = box.predict(content=b'{"do": "fine", "n": 1}', headers={"accept": "text/event-stream"})
    assert response.headers["content-type"] == "text/event-stream"
    identifier = response.headers["x-prediction-id"]
    done = json.dumps({"done": True, "id": identifier}, separators=(",", ":"))
    assert response.text == f'data: {{"output":{{"i":0}}}}\n\nevent: done\ndata: {done}\n\n'


def test_an_empty_stream_is_a_stream(box):
    assert [list(line) for line in lines(box.predict({"do": "map", "n": 0}))] == [["done", "id"]]


def test_items_are_sent_as_they_are_made(box):
    with box.client.stream("POST", "/model/predict", json={"do": "forever", "n": 1000}) as response:
        first = next(response.iter_lines())
    assert json.loads(first) == {"output": {"i": 0}}
    wait_for(lambda: "closed after" in box.log)
    assert "closed after 999" not in box.log
    assert box.output({"do": "list"}) == [1, 2]


def test_a_failure_before_the_first_item_is_a_plain_500(box):
    response = box.predict({"do": "before"})
    assert (response.status_code, response.json()["code"]) == (500, "prediction-failed")


@pytest.mark.parametrize(
    ("do", "code"),
    [
        ("after", "prediction-failed"),
        ("odd", "result-not-serialisable"),
        ("exit", "worker-died"),
        ("hang", "prediction-timeout"),
    ],
)
def test_a_failure_on_the_way_is_the_last_line(box, do, code):
    *items, last = lines(box.predict({"do": do}))
    assert items == [{"output": {"i": 0}}]
    assert last["error"]["code"] == code
    assert box.wait_ready().output({"do": "list"}) == [1, 2]


def test_a_slow_reader_holds_the_target_back_and_gets_everything(box):
    before = box.log.count("closed after")
    with box.client.stream("POST", "/model/predict", json={"do": "large", "n": 200}) as response:
        pieces = response.iter_raw()
        received = len(next(pieces))
        assert box.log.count("closed after") == before
        received += sum(map(len, pieces))
    assert received > 200 * 100_000


def test_a_reader_that_stops_reading_is_cut_off(box):
    with box.connect() as connection:
        body = b'{"do": "large", "n": 2000}'
        head = b"POST /model/predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)
        wait_for(lambda: box.predict({"do": "list"}).status_code == 200)


def test_http_1_0_gets_the_stream_without_chunks(box):
    with box.connect() as connection:
        connection.sendall(b'POST /model/predict HTTP/1.0\r\nContent-Length: 20\r\n\r\n{"do": "map","n": 1}')
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body.startswith(b'{"output":"0"}\n{"done":true')


def test_an_async_generator_streams(tmp_path):
    with serving(write_box(tmp_path, SOURCE, inputs=INPUTS, function="predict_async", streams=True)) as box:
        assert [line.get("output") for line in lines(box.predict({"do": "x"}))] == [0, 1, 2, None]
