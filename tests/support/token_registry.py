"""A registry in this process that gives tokens to those who sign in, for what Debian's does not do by itself."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from support.images import MadeImage


class TokenRegistry(ThreadingHTTPServer):
    """A registry of one repository, ``team/base``, that asks for a token.

    ``blobs`` by digest, ``tags`` lead to digests; ``user`` is the Basic authorization that gets a token, None for all.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.blobs: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.asked: list[str] = []
        self.user: str | None = None
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


@contextmanager
def guarded(made: MadeImage) -> Iterator[TokenRegistry]:
    """A registry that shows ``team/base:one`` to ada alone, whose password is ``secret``."""
    with TokenRegistry() as running:
        running.blobs |= made.blobs
        running.tags["one"] = made.digest
        running.user = f"Basic {base64.b64encode(b'ada:secret').decode()}"
        yield running
        running.shutdown()


class Handler(BaseHTTPRequestHandler):
    server: TokenRegistry

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.startswith("/token"):
            allowed = self.server.user is None or self.headers["Authorization"] == self.server.user
            self.answer(200 if allowed else 401, b'{"token": "good"}')
        elif self.headers["Authorization"] != "Bearer good":
            realm = f'Bearer realm="http://{self.server.address}/token",service="test",scope="repository:x:pull"'
            self.answer(401, b"{}", {"WWW-Authenticate": realm})
        else:
            wanted = self.path.rpartition("/")[2]
            data = self.server.blobs.get(self.server.tags.get(wanted, wanted))
            known = self.path.startswith("/v2/team/base/") and data is not None
            self.answer(200 if known else 404, data or b"", {"Content-Type": media_type(data)} if data else {})

    def answer(self, status: int, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


def media_type(data: bytes) -> str:
    """What a document says that it is; bytes for what is none."""
    try:
        return str(json.loads(data).get("mediaType", "application/octet-stream"))
    except (ValueError, AttributeError):
        return "application/octet-stream"
