"""One call as ASGI brings it: what of it the box gets, and how the box's answer, or a problem, goes back."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from modelyard.kit.errors import ModelyardError
from modelyard.kit.http import problem_of
from modelyard.rooms.serving import rules
from modelyard.rooms.serving.connection import Answer, Connection, request_head
from modelyard.rooms.serving.errors import BodySlow, CallerGone
from modelyard.rooms.serving.rules import ServeAddress

HttpScope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger("modelyard.gateway")

WATCH_AFTER_S = 0.25
BODY_PAUSE_S = 30.0


@dataclass(frozen=True, slots=True)
class Call:
    """A caller's request as the box gets it. ``framed``: the body's length is in the head, else it goes in chunks."""

    head: bytes
    body: bytes | AsyncIterator[bytes]
    framed: bool
    bodiless: bool


class CallerWatch:
    """Breaks off a box's answer when the caller goes away: after a moment, so that quick answers pay nothing."""

    __slots__ = ("_connection", "_receive", "_task", "_timer", "gone")

    def __init__(self, receive: Receive, connection: Connection) -> None:
        self.gone = False
        self._receive = receive
        self._connection = connection
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER_S, self._begin)

    def stop(self) -> None:
        self._timer.cancel()
        if self._task:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass  # what is left of a body that was answered early
        self.gone = True
        self._connection.close()


class Started:
    """Remembers whether the answer has begun, with which status (0 before), and how many bytes of its body went."""

    __slots__ = ("_send", "begun", "sent", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False
        self.status = 0
        self.sent = 0

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if not self.begun:
            self.begun, self.status = True, message["status"]
        await self._send(message)
        self.sent += len(message.get("body", b""))


async def send_answer(send: Started, answer: Answer, added: list[tuple[bytes, bytes]]) -> None:
    headers = [*rules.response_headers(answer.headers), *added]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    whole = answer.take_whole()
    if whole is None:
        async for chunk in answer.chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": whole or b""})


async def say_or_cut(started: Started, error: ModelyardError) -> None:
    """An answer that has begun can only be cut off, which the server does when it is left incomplete."""
    if started.begun:
        log.warning("an answer was broken off: %s", error.detail)
    else:
        await _send_problem(started, error)


async def _send_problem(send: Send, error: ModelyardError) -> None:
    body = problem_of(error).model_dump_json(exclude_none=True).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    headers += [*rules.ISOLATING_HEADERS, (b"cache-control", b"no-store")]
    headers += [(k.lower().encode(), v.encode()) for k, v in error.headers().items()]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_call(scope: HttpScope, receive: Receive, address: ServeAddress) -> Call:
    headers = rules.request_headers(scope["headers"])
    body, framed = await _body_of(headers, receive)
    method = scope["method"].encode()
    target = address.path + b"?" + scope["query_string"] if scope["query_string"] else address.path
    return Call(request_head(method, target, headers, chunked=not framed), body, framed, method == b"HEAD")


async def _body_of(headers: list[tuple[bytes, bytes]], receive: Receive) -> tuple[bytes | AsyncIterator[bytes], bool]:
    """The request's body and whether its length is in the head; a body that is here already comes as bytes."""
    has_length = any(name == b"content-length" for name, _ in headers)
    message = await _received(receive)
    if message["type"] != "http.request":
        raise CallerGone
    first = message.get("body", b"")
    if not message.get("more_body", False):
        if first and not has_length:
            headers.append((b"content-length", str(len(first)).encode()))
        return first, True
    return _rest(first, receive), has_length


async def _received(receive: Receive) -> MutableMapping[str, Any]:
    """The next piece of the body; a caller that sends nothing for long must not keep a box busy."""
    try:
        async with asyncio.timeout(BODY_PAUSE_S):
            return await receive()
    except TimeoutError as e:
        raise BodySlow(f"Nothing came for {BODY_PAUSE_S:.0f} s.", remedy="Send the body without pauses.") from e


async def _rest(first: bytes, receive: Receive) -> AsyncIterator[bytes]:
    yield first
    while True:
        message = await _received(receive)
        if message["type"] == "http.disconnect":
            raise CallerGone
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return
