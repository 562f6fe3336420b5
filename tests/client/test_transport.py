"""Errors as exceptions, and trying again where that is safe."""

from collections.abc import Callable

import httpx
import pytest

from modelyard_client import Client, ClientError, Missing, NotAllowed, NotSignedIn, Refused, ServerFailed, Unreachable
from modelyard_client.transport import PAUSES_S

Step = httpx.Response | Exception


def scripted(*steps: Step) -> tuple[Client, list[httpx.Request], list[float]]:
    """A client of a server that answers one step after another; what it was asked; how long was waited between."""
    asked: list[httpx.Request] = []
    waited: list[float] = []
    left = list(steps)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        step = left.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    return Client("http://s", token="t", http=httpx.MockTransport(answer), sleep=waited.append), asked, waited


def session() -> httpx.Response:
    return httpx.Response(200, json={"account": None, "sign_up": "closed", "require_sign_in": False})


@pytest.mark.parametrize("passing", [httpx.ConnectError("refused"), httpx.ReadError("lost"), httpx.Response(502)])
def test_reading_is_tried_again(passing: Step) -> None:
    client, asked, waited = scripted(passing, passing, session())
    assert client.get_session()["account"] is None
    assert len(asked) == 3
    assert waited == list(PAUSES_S[:2])


def test_trying_again_ends() -> None:
    client, asked, _ = scripted(*[httpx.ConnectError("refused")] * 9)
    with pytest.raises(Unreachable, match="No answer from http://s"):
        client.get_session()
    assert len(asked) == len(PAUSES_S) + 1


def test_server_says_how_long_to_wait() -> None:
    client, _, waited = scripted(httpx.Response(503, headers={"Retry-After": "7"}), session())
    client.get_session()
    assert waited == [7.0]


@pytest.mark.parametrize("passing", [httpx.ReadError("lost"), httpx.Response(502)])
def test_what_may_have_happened_is_not_repeated(passing: Step) -> None:
    client, asked, _ = scripted(passing, httpx.Response(201, json={}))
    with pytest.raises((Unreachable, ServerFailed)):
        client.create_repository("ada/x")
    assert len(asked) == 1


def test_what_was_never_sent_is_repeated() -> None:
    client, asked, _ = scripted(httpx.ConnectError("refused"), httpx.Response(201, json={"name": "x"}))
    assert client.create_repository("ada/x")["name"] == "x"
    assert len(asked) == 2


def test_push_is_repeated_under_one_key() -> None:
    client, asked, _ = scripted(httpx.ReadError("lost"), httpx.Response(202, json={"number": 1}))
    assert client._push("ada/x", {"archive": "id"}, "", None)["number"] == 1
    keys = {request.headers["idempotency-key"] for request in asked}
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, NotSignedIn), (403, NotAllowed), (404, Missing), (409, Refused), (422, Refused), (500, ServerFailed)],
)
def test_problems_become_exceptions(status: int, kind: type[ClientError]) -> None:
    problem = {"title": "T", "status": status, "detail": "What was wrong.", "code": "c", "remedy": "Do.", "field": "f"}
    client, _, _ = scripted(httpx.Response(status, json=problem))
    with pytest.raises(kind) as raised:
        client.get_session()
    error = raised.value
    assert (error.detail, error.code, error.remedy, error.status, error.field) == (
        "What was wrong.",
        "c",
        "Do.",
        status,
        "f",
    )


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"3", b'{"errors": [3]}', b""])
def test_answers_of_strangers_are_told_apart(body: bytes) -> None:
    client, _, _ = scripted(httpx.Response(200, content=body), httpx.Response(404, content=body))
    with pytest.raises(Unreachable, match="not a Modelyard server"):
        client.get_session()
    with pytest.raises(Missing, match="answered 404"):
        client.get_repository("ada/x")


def test_lists_are_read_to_their_end_or_the_limit() -> None:
    def pages() -> list[Step]:
        return [
            httpx.Response(200, json={"items": [{"number": 3}, {"number": 2}], "next_cursor": "c"}),
            httpx.Response(200, json={"items": [{"number": 1}], "next_cursor": None}),
        ]

    client, asked, _ = scripted(*pages())
    assert [version["number"] for version in client.list_versions("ada/x")] == [3, 2, 1]
    assert asked[1].url.params["cursor"] == "c"
    client, asked, _ = scripted(*pages())
    assert [version["number"] for version in client.list_versions("ada/x", limit=1)] == [3]
    assert len(asked) == 1


def test_token_is_sent_and_not_shown() -> None:
    client, asked, _ = scripted(session())
    client.get_session()
    assert asked[0].headers["authorization"] == "Bearer t"
    assert "Bearer" not in repr(client)


def test_streamed_predictions_come_as_a_list() -> None:
    answer = httpx.Response(200, content=b'{"a": 1}\n{"a": 2}\n', headers={"content-type": "application/jsonl"})
    predict: Callable[..., object] = scripted(answer)[0].predict
    assert predict("ada/x", {}).output == [{"a": 1}, {"a": 2}]  # type: ignore[attr-defined]
