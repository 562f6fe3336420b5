"""What a client asks, parsed."""

from collections.abc import Callable
from urllib.parse import unquote

import httptools

from modelyard_box.errors import Problem


class Request:
    """What was asked. Header names are lower-case; ``body`` is complete.

    ``route`` is the address in the table that took it, empty until it is looked up there, and ``parameters`` are what
    its places stand for; ``began`` is when handling began, on the event loop's clock.
    """

    __slots__ = (
        "began", "body", "headers", "keep_alive", "method", "on_disconnect", "parameters", "path", "route", "version",
    )  # fmt: skip

    def __init__(self) -> None:
        self.method = ""
        self.path = ""
        self.route = ""
        self.parameters: dict[str, str] = {}
        self.began = 0.0
        self.version = "1.1"
        self.headers: dict[str, str] = {}
        self.body = b""
        self.keep_alive = True
        self.on_disconnect: Callable[[], None] | None = None

    def with_body(self, body: bytes) -> "Request":
        """Another request with the same head, as it came."""
        request = Request()
        request.method = self.method
        request.path = self.path
        request.version = self.version
        request.headers = self.headers.copy()
        request.keep_alive = self.keep_alive
        request.body = body
        return request


def without_upgrade(request: Request, url: bytes) -> bytes:
    """The head of a request without its wish to upgrade, which we may ignore (RFC 9110, 7.8) but llhttp does not."""
    lines = [f"{request.method} {url.decode('latin-1')} HTTP/{request.version}"]
    lines += [f"{k}: {v}" for k, v in request.headers.items() if k not in ("upgrade", "connection", "expect")]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def decode_path(url: bytes) -> str:
    """The decoded path, without the query. Raises Problem for what is not a URL."""
    try:
        path = httptools.parse_url(url).path or b"/"
    except httptools.HttpParserInvalidURLError as error:
        raise Problem(400, "bad-request", "the request target is not a URL") from error
    return unquote(path.decode("latin-1"))
