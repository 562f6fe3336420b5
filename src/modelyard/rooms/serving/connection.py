"""One HTTP/1.1 connection to a box: streamed both ways, with back-pressure, kept for the next request.

What is at the other end may be hostile: nothing that it sends grows without bound or passes for another answer.
Written on ``httptools`` and asyncio protocols, because the gateway stands in every prediction's way.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import cast

import httptools

from modelyard.rooms.serving.errors import BoxGone, BoxTimeout, BoxUnreachable

HIGH_WATER = 256 * 1024
HEADERS_LIMIT = 64 * 1024
WRITE_TIMEOUT_S = 60.0


class Answer:
    """A box's answer: status and headers at once, the body as it comes."""

    __slots__ = ("_connection", "headers", "status")

    def __init__(self, connection: "Connection", status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        self.headers = headers
        self._connection = connection

    def take_whole(self) -> bytes | None:
        """The body, if all of it is here already, which saves a round through the event loop."""
        return self._connection.take_whole()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yields the body; raises ``BoxUnreachable`` when the box breaks off."""
        while (chunk := await self._connection.next_chunk()) is not None:
            yield chunk


class Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self.closed = False
        self.used = False
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._begin()

    def _begin(self, *, bodiless: bool = False) -> None:
        self._bodiless = bodiless
        self._sent = False
        self._heard = False
        self._headers_size = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._status = 0
        self._complete = False
        self._keep_alive = False
        self._failed: str | None = None
        self._waiter: asyncio.Future[None] | None = None

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._complete:
            self._fail("it spoke without being asked")
            return
        self._heard = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as e:
            self._fail(f"it does not speak HTTP ({e})")
        if self._buffered > HIGH_WATER and self._transport and not (self._complete or self.closed):
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._writable.set()
        if not self._complete:
            self._fail("it closed the connection")

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # -- httptools callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers_size += len(name) + len(value)
        if self._headers_size > HEADERS_LIMIT:
            self._fail("its headers are too large")
        elif not self._status:  # what follows a chunked body is not wanted
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status < 200:  # 100 Continue: the answer proper follows
            self._headers.clear()
            return
        self._status = status
        self._writable.set()  # whoever still sends sees that the answer is here
        if self._bodiless:  # the parser cannot know, and would wait for a body
            self._complete = True
        self._wake()

    def on_body(self, body: bytes) -> None:
        if self._complete:
            self._fail("it sent more than was asked for")
            return
        self._chunks.append(body)
        self._buffered += len(body)
        self._wake()

    def on_message_complete(self) -> None:
        assert self._parser is not None
        if self._parser.get_status_code() < 200 or self._complete:
            return
        self._keep_alive = self._parser.should_keep_alive()
        self._complete = True
        self._wake()

    # -- one exchange

    async def send(
        self,
        head: bytes,
        body: bytes | AsyncIterator[bytes],
        *,
        framed: bool,
        within: float = WRITE_TIMEOUT_S,
        bodiless: bool = False,
    ) -> None:
        """Writes a request; ``framed`` says that the body's length is in the head, else it is sent in chunks.

        ``bodiless``: the answer has a head only, as to HEAD. Raises ``BoxTimeout`` when the box takes nothing for
        ``within`` seconds. Returns early when the box has answered already, such as 413: the rest is not wanted.
        """
        assert self._transport is not None
        self._begin(bodiless=bodiless)
        self._parser = httptools.HttpResponseParser(self)
        if isinstance(body, bytes):
            self._transport.write(head + body if body else head)
            self._sent = True
            return
        self._transport.write(head)
        async for chunk in body:
            if self.closed or self._status:
                return
            if chunk:
                self._transport.write(chunk if framed else b"%x\r\n%b\r\n" % (len(chunk), chunk))
            if not self._writable.is_set():
                await self._until_writable(within)
                if self._status:
                    return
        if not framed and not self.closed:
            self._transport.write(b"0\r\n\r\n")
        self._sent = True

    async def answer(self, *, within: float) -> Answer:
        """Waits ``within`` seconds for status and headers; raises ``BoxTimeout``, ``BoxUnreachable``."""
        if not self._status and not self._failed:
            try:
                async with asyncio.timeout(within):
                    while not self._status and not self._failed:
                        await self._wait()
            except TimeoutError as e:
                raise BoxTimeout(f"No answer within {within:.0f} s.", remedy="Try again, or ask the owner.") from e
        if self._failed and self.used and not self._heard:
            raise BoxGone
        if self._failed:
            raise BoxUnreachable(f"The model did not answer: {self._failed}.", remedy="Try again.")
        return Answer(self, self._status, self._headers)

    def take_whole(self) -> bytes | None:
        if not self._complete:
            return None
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        return body

    async def next_chunk(self) -> bytes | None:
        while not self._chunks and not self._complete and not self._failed:
            if self._transport:
                self._transport.resume_reading()
            await self._wait()
        if self._chunks:
            chunk = self._chunks.popleft()
            self._buffered -= len(chunk)
            return chunk
        if self._failed:
            raise BoxUnreachable(f"The model broke off its answer: {self._failed}.")
        return None

    @property
    def reusable(self) -> bool:
        """Whether the exchange ended so that the next one cannot be taken for a part of it."""
        return self._sent and self._complete and self._keep_alive and not self.closed and not self._chunks

    def close(self) -> None:
        self.closed = True
        if self._transport:
            self._transport.abort()

    def _fail(self, why: str) -> None:
        self._failed = self._failed or why
        self._wake()
        if self._transport and not self.closed:
            self.close()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    async def _until_writable(self, within: float) -> None:
        try:
            async with asyncio.timeout(within):
                await self._writable.wait()
        except TimeoutError as e:
            raise BoxTimeout(f"The model took nothing of the request for {within:.0f} s.") from e

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter


def request_head(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]], *, chunked: bool) -> bytes:
    """The bytes of a request's head."""
    lines = [b"%b %b HTTP/1.1\r\nhost: box\r\n" % (method, target)]
    lines += [b"%b: %b\r\n" % header for header in headers]
    if chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)
