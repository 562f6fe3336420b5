"""HTTP/1.1 messages as bytes (RFC 9110, RFC 9112), and problems as bodies (RFC 9457)."""

import time
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import orjson

from modelyard_box.errors import Problem

Headers = Iterable[tuple[str, str]]
JSON = "application/json"
PROBLEM = "application/problem+json"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})


class Beginnings:
    """How answers begin: status line, ``Date`` and ``Content-Type``. Made anew once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._known: dict[tuple[int, str | None], str] = {}

    def of(self, status: int, content_type: str | None) -> str:
        """The lines with their line ends."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._known.clear()
        known = self._known.get((status, content_type))
        if known is None:
            known = f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\ndate: {formatdate(second, usegmt=True)}\r\n"
            known += f"content-type: {content_type}\r\n" if content_type else ""
            self._known[status, content_type] = known
        return known


_beginnings = Beginnings()


def build_head(status: int, content_type: str | None, length: int | None, headers: Headers, *, close: bool) -> bytes:
    """Status line and headers. ``length`` None means that the body's end is told otherwise."""
    lines = [_beginnings.of(status, content_type)]
    if length is not None and status not in _BODILESS:
        lines.append(f"content-length: {length}\r\n")
    lines += [f"{name}: {value}\r\n" for name, value in headers]
    lines.append("connection: close\r\n\r\n" if close else "\r\n")
    return "".join(lines).encode("latin-1", "replace")


def build_chunk(data: bytes) -> bytes:
    """One chunk of a body in chunked transfer coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def problem_body(problem: Problem, *, show_traceback: bool) -> dict[str, Any]:
    """The members of a problem document."""
    more = problem.more if show_traceback else {k: v for k, v in problem.more.items() if k != "traceback"}
    return {
        "type": "about:blank",
        "title": _REASONS.get(problem.status, "Error"),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        **more,
    }


def dump(content: Any) -> bytes:
    """Compact JSON."""
    return orjson.dumps(content)
