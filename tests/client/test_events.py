"""Server-sent events."""

from collections.abc import Iterator

import httpx
import pytest

from modelyard_client import Client, Missing, Unreachable
from modelyard_client.events import Event, parse
from modelyard_client.transport import PAUSES_S


class Broken(httpx.SyncByteStream):
    """A body that breaks off."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __iter__(self) -> Iterator[bytes]:
        yield self._text.encode()
        raise httpx.ReadError("the connection broke")


def events(*numbers: int) -> str:
    return "".join(f'event: stage\nid: {n}\ndata: {{"n": {n}}}\n\n' for n in numbers)


END = 'event: end\nid: 9\ndata: {"state": "ready"}\n\n'


def test_lines_become_events() -> None:
    text = ": comment\nevent: log\nid: 7\ndata: one\ndata: two\n\ndata:3\n\nevent: unfinished\ndata: x"
    assert list(parse(iter(text.split("\n")))) == [Event("log", "one\ntwo", "7"), Event("message", 3, "")]


def test_broken_stream_is_taken_up_where_it_broke() -> None:
    bodies: list[httpx.Response | Exception] = [
        httpx.Response(200, stream=Broken(events(1, 2))),
        httpx.ConnectError("refused"),
        httpx.Response(200, content=events(3)),  # ends without an end
        httpx.Response(200, content=events(4) + END),
    ]
    resumed: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        resumed.append(request.headers.get("last-event-id"))
        step = bodies.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    with Client("http://s", http=httpx.MockTransport(answer), sleep=lambda _s: None) as client:
        got = list(client.follow_build("ada/x", 1))
    assert [event.data for event in got] == [{"n": n} for n in (1, 2, 3, 4)] + [{"state": "ready"}]
    assert resumed == [None, "2", "2", "3"]


def test_server_that_stays_away_is_given_up() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    waited: list[float] = []
    with (
        Client("http://s", http=httpx.MockTransport(answer), sleep=waited.append) as client,
        pytest.raises(Unreachable),
    ):
        list(client.follow_build("ada/x", 1))
    assert waited == list(PAUSES_S)


def test_what_is_not_there_is_said_at_once() -> None:
    with Client("http://s", http=httpx.MockTransport(lambda _r: httpx.Response(404))) as client, pytest.raises(Missing):
        list(client.follow_build("ada/x", 1))
