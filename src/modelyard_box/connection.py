"""Our end of one HTTP/1.1 connection: httptools parses, this keeps order, limits and time.

Requests of one connection are answered one after another, in order, also when they were sent without waiting.
"""

import asyncio
import sys
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

import httptools

from modelyard_box import messages
from modelyard_box.errors import Problem
from modelyard_box.heads import KnownHeads
from modelyard_box.messages import Headers
from modelyard_box.requests import Request, decode_path, without_upgrade

_MAX_HEAD = 64 * 1024
_KEEP_ALIVE_S = 75.0
_LINGER_S = 2.0
_LEAST_RATE = 16 * 1024  # bytes per second, below which a body is held to be trickled
_NEVER = float("inf")
_CLIENT_LEFT = 499  # as nginx logs it


class Service:
    """What all connections share. ``handle`` answers a request through the connection, now or later.

    ``on_answer`` hears of every request how it ended: its status, or 499 when its client left before.
    """

    def __init__(
        self,
        handle: Callable[[Request, "Connection"], None],
        *,
        on_answer: Callable[[Request, int], None],
        max_body_bytes: int,
        read_timeout_s: float,
        write_timeout_s: float,
        show_traceback: bool,
    ) -> None:
        self.handle = handle
        self.on_answer = on_answer
        self.max_body_bytes = max_body_bytes
        self.read_timeout_s = read_timeout_s
        self.write_timeout_s = write_timeout_s
        self.show_traceback = show_traceback
        self.draining = False
        self.heads = KnownHeads()
        self.connections: set[Connection] = set()


class Connection(asyncio.Protocol):
    """One client. Handlers call ``respond``, or ``start_stream``, ``write`` and ``finish``."""

    def __init__(self, service: Service, loop: asyncio.AbstractEventLoop) -> None:
        self._service = service
        self._loop = loop
        self._transport: Any = None
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._url = b""
        self._chunks: list[bytes] = []
        self._size = 0
        self._head_size = 0
        self._body_since = 0.0
        self._waiting: deque[Request] = deque()
        self._current: Request | None = None
        self._chunked = False
        self._ending = False
        self._refusal: Problem | None = None
        self.deadline = loop.time() + service.read_timeout_s
        self.on_writable: Callable[[bool], None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing has been asked that is not answered."""
        return self._current is None and not self._waiting and not self._head_size

    @property
    def show_traceback(self) -> bool:
        return self._service.show_traceback

    # What handlers call.

    def respond(self, status: int, body: bytes, content_type: str | None, headers: Headers = ()) -> None:
        """Answers the current request."""
        request = self._answered(status)
        close = not request.keep_alive or self._service.draining
        head = messages.build_head(status, content_type, len(body), headers, close=close)
        self._transport.write(head if request.method == "HEAD" else head + body)
        self._next(close)

    def fail(self, problem: Problem) -> None:
        """Answers the current request with a problem."""
        content = messages.problem_body(problem, show_traceback=self.show_traceback)
        if problem.close and self._current:
            self._current.keep_alive = False
        self.respond(problem.status, messages.dump(content), messages.PROBLEM, problem.headers)

    def start_stream(self, content_type: str, headers: Headers) -> None:
        """Begins an answer whose length is not known. HTTP/1.0 clients are told its end by closing."""
        request = self._current
        if request is None:
            return
        self._chunked = request.version != "1.0"
        request.keep_alive = request.keep_alive and self._chunked
        more = [*headers, ("cache-control", "no-store")]
        if self._chunked:
            more.append(("transfer-encoding", "chunked"))
        self._transport.write(messages.build_head(200, content_type, None, more, close=not request.keep_alive))

    def write(self, data: bytes) -> None:
        """Continues a stream."""
        if self._current is not None:
            self._transport.write(messages.build_chunk(data) if self._chunked else data)

    def finish(self) -> None:
        """Ends a stream."""
        request = self._answered(200)
        if self._chunked:
            self._transport.write(messages.LAST_CHUNK)
        self._next(not request.keep_alive or self._service.draining)

    def close(self) -> None:
        """Ends the connection, now."""
        self._transport.close()

    def check_time(self, now: float) -> None:
        """Called about once a second: ends what is idle, and what is read or written too slowly."""
        if now < self.deadline:
            return
        if self._head_size and not self._ending and self._current is None:
            self._refuse(Problem(408, "request-timeout", "the request did not arrive in time"))
        else:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._service.connections.add(self)
        if self._service.draining:
            transport.close()

    def data_received(self, data: bytes) -> None:
        if self._ending or self._refusal is not None:
            return
        heads = self._service.heads
        if self._head_size or self._current is not None or self._waiting:
            self._head_size += len(data)
            self._feed(data)
        elif (request := heads.read(data)) is not None:
            self._waiting.append(request)
        else:
            self.deadline = self._loop.time() + self._service.read_timeout_s
            self._head_size = len(data)
            self._feed(data)
            if not self._head_size and len(self._waiting) == 1:
                heads.learn(data, self._waiting[0])
        self._start_next()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._service.connections.discard(self)
        self._ending = True
        request, self._current = self._current, None
        self._waiting.clear()
        if request is not None:
            self._service.on_answer(request, _CLIENT_LEFT)
            if request.on_disconnect is not None:
                request.on_disconnect()

    def pause_writing(self) -> None:
        self.deadline = self._loop.time() + self._service.write_timeout_s
        if self.on_writable is not None:
            self.on_writable(False)

    def resume_writing(self) -> None:
        self.deadline = _NEVER if self._current is not None else self._loop.time() + _KEEP_ALIVE_S
        if self.on_writable is not None:
            self.on_writable(True)

    # httptools' callbacks

    def on_message_begin(self) -> None:
        self._request = Request()
        self._url = b""
        self._chunks = []
        self._size = 0
        self._head_size = self._head_size or 1

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        headers = self._request.headers
        headers[key] = f"{headers[key]}, {text}" if key in headers else text

    def on_headers_complete(self) -> None:
        request, parser = self._request, self._parser
        request.method = parser.get_method().decode("latin-1")
        request.version = parser.get_http_version()
        request.keep_alive = parser.should_keep_alive() and request.version != "1.0"
        request.path = decode_path(self._url)
        self._body_since = self._loop.time()
        if request.version == "1.1" and "host" not in request.headers:
            raise Problem(400, "bad-request", "the request has no Host header")
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._service.max_body_bytes:
            raise self._too_large()
        if request.headers.get("expect", "").lower() == "100-continue" and self._current is None:
            self._transport.write(messages.CONTINUE)

    def on_body(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._service.max_body_bytes:
            raise self._too_large()
        self._chunks.append(chunk)
        slack = self._service.read_timeout_s
        self.deadline = self._body_since + slack + self._size / _LEAST_RATE

    def on_message_complete(self) -> None:
        request = self._request
        request.body = b"".join(self._chunks)
        self._chunks = []
        self._head_size = 0
        self._waiting.append(request)

    # The order of things.

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            request = self._waiting.pop()
            self._parser = httptools.HttpRequestParser(self)
            self._feed(without_upgrade(request, self._url) + data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._parse_failed(error)

    def _start_next(self) -> None:
        if self._head_size > _MAX_HEAD and not self._chunks and not self._size and not self._request.method:
            self._refuse(Problem(431, "headers-too-large", f"the headers exceed {_MAX_HEAD} bytes"))
        while self._waiting and self._current is None and not self._ending:
            self._current = request = self._waiting.popleft()
            request.began = self._loop.time()
            self.deadline = _NEVER
            self._handle(request)
        if self._waiting:
            self._transport.pause_reading()

    def _handle(self, request: Request) -> None:
        try:
            self._service.handle(request, self)
        except Problem as problem:
            self.fail(problem)
        except Exception:  # a fault of the box itself
            traceback.print_exc(file=sys.stderr)
            self.fail(Problem(500, "box-error", "the box failed; its log says how", close=True))

    def _answered(self, status: int) -> Request:
        """The current request, which from here on counts as answered."""
        request = self._current
        if request is None:
            request = Request()
        else:
            self._service.on_answer(request, status)
        self._current = None
        self.on_writable = None
        self.deadline = self._loop.time() + _KEEP_ALIVE_S
        return request

    def _next(self, close: bool) -> None:
        if close:
            self._end()
        elif self._waiting or self._refusal is not None:
            self._loop.call_soon(self._continue)

    def _continue(self) -> None:
        self._start_next()
        if self._refusal is not None and self._current is None:
            self._refuse(self._refusal)
        if not self._waiting and not self._ending:
            self._transport.resume_reading()

    def _refuse(self, problem: Problem) -> None:
        """Answers a request that is not read to its end, and closes."""
        if self._ending:
            return
        self._refusal = problem
        if self._current is not None or self._waiting:  # earlier answers go first
            return
        self._current = refused = Request()
        refused.began = self._loop.time()
        problem.close = True
        self.fail(problem)

    def _parse_failed(self, error: httptools.HttpParserError) -> None:
        found = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
        problem = found if isinstance(found, Problem) else Problem(400, "bad-request", f"this is not HTTP: {error}")
        self._refuse(problem)

    def _end(self) -> None:
        """Closes once all is written. While a request is still arriving it reads on for a moment: closing would
        take the answer back (RFC 9112, 9.6)."""
        self._ending = True
        self.deadline = self._loop.time() + _LINGER_S
        if self._refusal is not None:
            self._transport.write_eof()
        else:
            self._transport.close()

    def _too_large(self) -> Problem:
        limit = self._service.max_body_bytes
        return Problem(413, "body-too-large", f"the body exceeds {limit} bytes", close=True)
