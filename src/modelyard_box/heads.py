"""Heads of requests that were read before, byte by byte the same, so that they need no parser again.

A client that keeps its connection mostly sends the same head with each request. What the parser once made of a head
that came in one piece with its whole body is true of the same bytes again.
"""

from modelyard_box.requests import Request

_END = b"\r\n\r\n"
_LARGEST = 2048
_MOST = 256
_TELLING = frozenset({"transfer-encoding", "expect", "upgrade"})  # what makes more of a request than head and body


class KnownHeads:
    """A bounded memory of heads; when it is full it begins anew."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Request, int]] = {}

    def read(self, data: bytes) -> Request | None:
        """The request that ``data`` is, whole and alone; None when its head is not known, or it is less or more."""
        end = data.find(_END, 0, _LARGEST) + 4
        found = self._known.get(data[:end])
        if found is None or found[1] != len(data) - end:
            return None
        return found[0].with_body(data[end:])

    def learn(self, data: bytes, request: Request) -> None:
        """Remembers the head of ``data``, which the parser has read as just this request."""
        end = data.find(_END, 0, _LARGEST) + 4
        length = request.headers.get("content-length", "")
        if end < 4 or not length.isdigit() or data[end:] != request.body or int(length) != len(request.body):
            return
        if request.version != "1.1" or not request.keep_alive or not _TELLING.isdisjoint(request.headers):
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[data[:end]] = (request.with_body(b""), len(request.body))
