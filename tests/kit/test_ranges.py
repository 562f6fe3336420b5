"""Range, If-Range, If-None-Match and HEAD as RFC 9110 has them."""

import asyncio
from collections.abc import Iterator

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from modelyard.kit.http import install_problem_handlers, policy
from modelyard.kit.ranges import AHEAD, RangeOutside, choose_slice, download_response, read_ahead
from modelyard.kit.streams import PartStream, bytes_part

DATA = bytes(range(100))
TAG = '"abc"'


@policy("everybody")
def everybody() -> None: ...


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI(dependencies=[Depends(everybody)])
    install_problem_handlers(app)

    def download(request: Request) -> Response:
        stream = PartStream([bytes_part(DATA[:37]), bytes_part(DATA[37:])])
        return download_response(request, stream, etag="abc", filename="ünder.tar", media_type="application/x-tar")

    app.add_api_route("/file", download, methods=["GET", "HEAD"])
    return TestClient(app)


@pytest.mark.parametrize(
    ("headers", "status", "expected", "content_range"),
    [
        ({}, 200, DATA, None),
        ({"range": "bytes=10-19"}, 206, DATA[10:20], "bytes 10-19/100"),
        ({"range": "bytes=90-"}, 206, DATA[90:], "bytes 90-99/100"),
        ({"range": "bytes=90-500"}, 206, DATA[90:], "bytes 90-99/100"),
        ({"range": "bytes=-5"}, 206, DATA[95:], "bytes 95-99/100"),
        ({"range": "bytes=-500"}, 206, DATA, "bytes 0-99/100"),
        ({"range": "bytes=10-19", "if-range": TAG}, 206, DATA[10:20], "bytes 10-19/100"),
        ({"range": "bytes=10-19", "if-range": '"older"'}, 200, DATA, None),
        ({"range": "bytes=10-19", "if-range": "Sat, 21 Nov 2026 12:00:00 GMT"}, 200, DATA, None),
        ({"range": "bytes=0-1,5-6"}, 200, DATA, None),
        ({"range": "bytes=19-10"}, 200, DATA, None),
        ({"range": "bytes=-"}, 200, DATA, None),
        ({"range": "lines=1-2"}, 200, DATA, None),
    ],
)
def test_ranges(
    client: TestClient, headers: dict[str, str], status: int, expected: bytes, content_range: str | None
) -> None:
    answer = client.get("/file", headers=headers)
    assert (answer.status_code, answer.content) == (status, expected)
    assert answer.headers.get("content-range") == content_range
    assert answer.headers["content-length"] == str(len(expected))
    assert (answer.headers["etag"], answer.headers["accept-ranges"]) == (TAG, "bytes")
    head = client.head("/file", headers=headers)
    assert (head.status_code, head.content) == (status, b"")
    assert head.headers["content-length"] == str(len(expected))


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=500-600", "bytes=-0"])
def test_a_range_behind_the_end_is_a_416_that_says_the_size(client: TestClient, asked: str) -> None:
    answer = client.get("/file", headers={"range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */100"
    assert answer.json()["code"] == "range_outside"


@pytest.mark.parametrize(("named", "status"), [(TAG, 304), ("*", 304), ('"x", W/"abc"', 304), ('"x"', 200)])
def test_what_the_caller_has_is_not_sent_again(client: TestClient, named: str, status: int) -> None:
    answer = client.get("/file", headers={"if-none-match": named})
    assert (answer.status_code, answer.headers["etag"]) == (status, TAG)


def test_the_file_has_a_name(client: TestClient) -> None:
    answer = client.get("/file")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%BCnder.tar"
    assert answer.headers["content-type"] == "application/x-tar"


@given(st.text(max_size=30), st.integers(0, 1000))
def test_no_header_breaks_it(text: str, size: int) -> None:
    try:
        chosen = choose_slice({"range": f"bytes={text}"}, size=size, etag=TAG)
    except RangeOutside:
        return
    assert 0 <= chosen.start <= chosen.start + chosen.length <= size


def test_reading_ahead_changes_nothing_and_ends_with_the_error() -> None:
    """Every chunk in order, the file closed; what cannot be read is raised after the portions before it."""
    closed: list[bool] = []

    def chunks(good: int, *, fails: bool) -> Iterator[bytes]:
        try:
            yield from (bytes([number]) for number in range(good))
            if fails:
                raise OSError("gone")
        finally:
            closed.append(True)

    async def collect(good: int, *, fails: bool = False) -> bytes:
        got = bytearray()
        try:
            async for chunk in read_ahead(chunks(good, fails=fails)):
                got += chunk
        except OSError:
            got += b"!"
        await asyncio.sleep(0)
        return bytes(got)

    for good in (0, 1, AHEAD, AHEAD + 1, 3 * AHEAD):
        assert asyncio.run(collect(good)) == bytes(range(good))
    assert asyncio.run(collect(2 * AHEAD + 1, fails=True)) == bytes(range(2 * AHEAD)) + b"!"
    assert len(closed) == 6


def test_a_caller_who_leaves_has_the_file_closed() -> None:
    closed: list[bool] = []

    def chunks() -> Iterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            closed.append(True)

    async def leave() -> None:
        ahead = read_ahead(chunks())
        assert await anext(ahead) == b"x"
        await ahead.aclose()
        while not closed:
            await asyncio.sleep(0.001)

    asyncio.run(asyncio.wait_for(leave(), 30))
