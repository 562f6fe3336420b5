"""A real HTTP server on a Unix socket that behaves as a test tells it, byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Behaviour = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """One request as it arrived: ``head`` up to the empty line; the body is read on demand."""

    head: bytes
    reader: Reader
    writer: Writer

    async def body(self) -> bytes:
        """The whole body, by its length or its chunks."""
        if b"transfer-encoding: chunked" in self.head:
            return b"".join([chunk async for chunk in self.chunks()])
        length = self.head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return await self.reader.readexactly(int(length or 0))

    async def chunks(self) -> AsyncIterator[bytes]:
        while size := int(await self.reader.readline(), 16):
            yield await self.reader.readexactly(size)
            await self.reader.readline()
        await self.reader.readline()

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


@dataclass
class LittleBox:
    """``connections`` counts what was opened; ``lost`` is set when a caller's end was closed during an exchange."""

    socket: Path
    behaviour: Behaviour
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                await self.behaviour(Exchange(head, reader, writer))
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            self.lost.set()
        finally:
            writer.close()


@asynccontextmanager
async def little_box(folder: Path, behaviour: Behaviour) -> AsyncIterator[LittleBox]:
    box = LittleBox(folder / "box.sock", behaviour)
    server = await asyncio.start_unix_server(box.serve, box.socket)
    try:
        yield box
    finally:
        server.close()


def ok(body: bytes, extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n%b" % (extra, len(body), body)
