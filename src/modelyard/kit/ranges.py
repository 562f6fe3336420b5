"""Downloads that resume: one range of a stream, chosen by ``Range`` and ``If-Range`` (RFC 9110, 13.1.5 and 14)."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Protocol
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from modelyard.kit.errors import ModelyardError

AHEAD = 4
"""How many chunks are read at a time."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


class RangeOutside(ModelyardError):
    """The range begins behind the end (416); ``size`` in bytes is that of the whole."""

    status = 416
    code = "range_outside"
    title = "There are no such bytes"

    def __init__(self, size: int) -> None:
        super().__init__(f"The whole has {size} bytes.", remedy="Ask for a range that begins before its end.")
        self.size = size

    def headers(self) -> dict[str, str]:
        return {"Content-Range": f"bytes */{self.size}", "Accept-Ranges": "bytes"}


@dataclass(frozen=True, slots=True)
class Slice:
    """What to send: ``length`` bytes from ``start``; ``partial`` where a range was asked for."""

    start: int
    length: int
    partial: bool


class Readable(Protocol):
    """A stream of known size, such as ``streams.PartStream``."""

    size: int

    def read(self, start: int = 0, length: int | None = None) -> Iterator[bytes]: ...


def choose_slice(headers: Mapping[str, str], *, size: int, etag: str) -> Slice:
    """What the request's headers (lower-case names) ask for of ``size`` bytes under the strong ``etag`` (quoted).

    The whole is answered to no range, to several, to what is not understood, and where ``If-Range`` names another
    version (a date never matches). Raises ``RangeOutside``.
    """
    whole = Slice(0, size, partial=False)
    match = _RANGE.fullmatch(headers.get("range", "").strip())
    if match is None or headers.get("if-range", etag).strip() != etag:
        return whole
    first, last = match[1], match[2]
    if not first and not last:
        return whole
    if not first:
        return _suffix(int(last), size)
    start = int(first)
    if last and int(last) < start:
        return whole
    if start >= size:
        raise RangeOutside(size)
    end = min(size, int(last) + 1) if last else size
    return Slice(start, end - start, partial=True)


def _suffix(length: int, size: int) -> Slice:
    if not length or not size:
        raise RangeOutside(size)
    start = max(0, size - length)
    return Slice(start, size - start, partial=True)


def is_known(headers: Mapping[str, str], etag: str) -> bool:
    """Whether the caller says (``If-None-Match``) that it has this very version already."""
    named = headers.get("if-none-match", "")
    return named.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in named.split(",")]


def download_response(
    request: Request, stream: Readable, *, etag: str, filename: str, media_type: str = "application/octet-stream"
) -> Response:
    """Answers GET and HEAD with the stream or the range asked for (200, 206, 304), as a file to save.

    ``etag`` is the bare strong tag, which must change whenever a byte does. The body is read in threads, chunk by
    chunk, after the request's session has ended. Raises ``RangeOutside`` (416).
    """
    tag = f'"{etag}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    if is_known(request.headers, tag):
        return Response(status_code=304, headers=headers)
    chosen = choose_slice(request.headers, size=stream.size, etag=tag)
    headers |= {
        "Content-Length": str(chosen.length),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename)}",
        "X-Content-Type-Options": "nosniff",
    }
    if chosen.partial:
        last = chosen.start + chosen.length - 1
        headers["Content-Range"] = f"bytes {chosen.start}-{last}/{stream.size}"
    status = 206 if chosen.partial else 200
    if request.method == "HEAD":
        return Response(None, status, headers=headers, media_type=media_type)
    chunks = read_ahead(stream.read(chosen.start, chosen.length))
    return StreamingResponse(chunks, status, headers=headers, media_type=media_type)


def count_sent(response: Response, count: Callable[[int], None]) -> Response:
    """Has ``count`` told the bytes of each chunk of a streamed body once the server has taken it to be sent: what a
    caller who leaves never gets is not counted. Other responses stay as they are."""
    if isinstance(response, StreamingResponse):
        response.body_iterator = _counted(response.body_iterator, count)
    return response


async def _counted(
    chunks: AsyncIterable[str | bytes | memoryview], count: Callable[[int], None]
) -> AsyncIterator[bytes]:
    try:
        async for chunk in chunks:
            data = chunk.encode() if isinstance(chunk, str) else bytes(chunk)
            yield data
            count(len(data))
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


async def read_ahead(chunks: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The chunks, read in threads a few at a time while those before are being sent. Memory: twice ``AHEAD`` chunks.

    What reading raises is raised after what was read before that portion.
    """
    reading = asyncio.ensure_future(run_in_threadpool(_next_few, chunks))
    try:
        while few := await asyncio.shield(reading):
            reading = asyncio.ensure_future(run_in_threadpool(_next_few, chunks))
            for chunk in few:
                yield chunk
    finally:
        # Nobody waits for a thread that still reads for a caller who has gone: its file is closed when it is done.
        reading.add_done_callback(lambda done: _close(done, chunks))


def _next_few(chunks: Iterator[bytes]) -> list[bytes]:
    return list(islice(chunks, AHEAD))


def _close(done: "asyncio.Future[list[bytes]]", chunks: Iterator[bytes]) -> None:
    if not done.cancelled():
        done.exception()  # it was raised where it was awaited, or nobody is left to be told
    if isinstance(chunks, Generator):
        chunks.close()
