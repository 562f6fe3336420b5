"""HTTP/1.1 to a box over its Unix socket: keep-alive connections, streamed both ways, with back-pressure.

Written on ``httptools`` and asyncio protocols, because the gateway stands in every prediction's way.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import cast

import httptools

from modelyard.rooms.serving.errors import BoxTimeout, BoxUnreachable

HIGH_WATER = 256 * 1024
IDLE_CONNECTIONS = 128
SOCKET_PATH_LIMIT = 100


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
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._begin()

    def _begin(self) -> None:
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
        if self._parser is None:
            self._fail("it spoke without being asked")
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as e:
            self._fail(f"it does not speak HTTP ({e})")
        if self._buffered > HIGH_WATER and self._transport and not self._complete:
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
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status < 200:  # 100 Continue: the answer proper follows
            self._headers.clear()
            return
        self._status = status
        self._wake()

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._buffered += len(body)
        self._wake()

    def on_message_complete(self) -> None:
        assert self._parser is not None
        if self._parser.get_status_code() < 200:
            return
        self._keep_alive = self._parser.should_keep_alive()
        self._complete = True
        self._wake()

    # -- one exchange

    async def send(self, head: bytes, body: bytes | AsyncIterator[bytes], *, framed: bool) -> None:
        """Writes a request; ``framed`` says that the body's length is in the head, else it is sent in chunks."""
        assert self._transport is not None
        self._begin()
        self._parser = httptools.HttpResponseParser(self)
        if isinstance(body, bytes):
            self._transport.write(head + body if body else head)
            return
        self._transport.write(head)
        async for chunk in body:
            if self.closed or self._status:
                break  # an early answer, such as 413: the rest is not wanted
            if chunk:
                self._transport.write(chunk if framed else b"%x\r\n%b\r\n" % (len(chunk), chunk))
            if not self._writable.is_set():
                await self._writable.wait()
        if not framed and not self.closed:
            self._transport.write(b"0\r\n\r\n")

    async def answer(self, *, within: float) -> Answer:
        """Waits ``within`` seconds for status and headers; raises ``BoxTimeout``, ``BoxUnreachable``."""
        if not self._status and not self._failed:
            try:
                async with asyncio.timeout(within):
                    while not self._status and not self._failed:
                        await self._wait()
            except TimeoutError as e:
                raise BoxTimeout(f"No answer within {within:.0f} s.", remedy="Try again, or ask the owner.") from e
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
        return self._complete and self._keep_alive and not self.closed and not self._chunks

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

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter


class Upstream:
    """The connections to one box. Not thread-safe: it belongs to one event loop."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._idle: deque[Connection] = deque()

    async def connect(self) -> Connection:
        """A connection that is free now; raises ``BoxUnreachable``."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        return await self._open()

    def give_back(self, connection: Connection) -> None:
        """Keeps a connection whose exchange ended well for the next; closes any other."""
        if connection.reusable and len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            with _reachable(self._socket) as path:
                _, connection = await loop.create_unix_connection(Connection, path)
        except OSError as e:
            raise BoxUnreachable("The model cannot be reached.", remedy="Try again in a moment.") from e
        return connection


class _reachable:  # noqa: N801 (reads as a verb in `with`)
    """A path to a socket that fits the kernel's limit of 108 bytes, by way of an open folder where it is too long."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._folder: int | None = None

    def __enter__(self) -> str:
        if len(os.fsencode(self._socket)) <= SOCKET_PATH_LIMIT:
            return str(self._socket)
        self._folder = os.open(self._socket.parent, os.O_PATH)
        return f"/proc/self/fd/{self._folder}/{self._socket.name}"

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            os.close(self._folder)


def request_head(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]], *, chunked: bool) -> bytes:
    """The bytes of a request's head."""
    lines = [b"%b %b HTTP/1.1\r\nhost: box\r\n" % (method, target)]
    lines += [b"%b: %b\r\n" % header for header in headers]
    if chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)
