"""Files and images given by URL: fetched only where the operator allows it, and only from public addresses.

A name is resolved once and all its addresses must be public; the connection then goes to one of those very addresses,
so that what was checked is what is asked. Each redirect is checked anew. The fetch is bounded in size and time.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httptools

from modelyard_box.errors import Problem
from modelyard_box.inputs import Inputs, invalid_input
from modelyard_box.media import Upload, is_url
from modelyard_box.pool import WorkerPool
from modelyard_box.predicting import PredictionReply, Predictor
from modelyard_box.records import Records

_MOST_AT_ONCE = 16
_MOST_REDIRECTS = 5
_MOST_HEAD = 64 * 1024
_PIECE = 1 << 16
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSLATED = IPv6Network("64:ff9b::/96")  # IPv4 addresses behind NAT64, private ones among them (RFC 6052)
Address = IPv4Address | IPv6Address


class FetchRefused(Exception):
    """Why a URL is not, or could not be, fetched; completes the sentence "the input …"."""


class FetchingPredictor(Predictor):
    """Fetches what inputs name by URL before it predicts."""

    def __init__(
        self, pool: WorkerPool, records: Records | None, inputs: Inputs, *, most_bytes: int, timeout_s: float
    ) -> None:
        super().__init__(pool, records)
        self._inputs = inputs
        self._fetcher = Fetcher(most_bytes=most_bytes, timeout_s=timeout_s)
        self._fetching: dict[PredictionReply, asyncio.Task[None]] = {}

    def call(
        self,
        prediction_id: str,
        inputs: dict[str, Any],
        reply: PredictionReply,
        *,
        size: int = 0,
        within: float | None = None,
    ) -> None:
        """Raises Problem (429) when too many fetch already; else what is wrong is told to ``reply``."""
        if not self._inputs.has_url(inputs):
            super().call(prediction_id, inputs, reply, size=size, within=within)
            return
        if len(self._fetching) >= _MOST_AT_ONCE:
            detail = f"{_MOST_AT_ONCE} predictions are fetching their inputs already"
            raise Problem(429, "queue-full", detail, headers=[("retry-after", "1")])
        begin = super().call

        async def fetch_and_call() -> None:
            try:
                fetched = await self._fetched(inputs)
                begin(prediction_id, fetched, reply, size=size, within=within)
            except Problem as problem:
                reply.fail(problem)
            finally:
                self._fetching.pop(reply, None)

        self._fetching[reply] = asyncio.get_running_loop().create_task(fetch_and_call())

    def cancel(self, reply: PredictionReply) -> None:
        task = self._fetching.get(reply)
        if task is not None:
            task.cancel()
        super().cancel(reply)

    async def _fetched(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The inputs with uploads instead of URLs. Raises Problem that names the input."""
        found = dict(inputs)
        for name in self._inputs.uploads + self._inputs.upload_lists:
            value = found.get(name)
            if isinstance(value, str) and is_url(value):
                found[name] = await self._upload([name], value)
            elif name in self._inputs.upload_lists and isinstance(value, list):
                found[name] = [
                    await self._upload([name, index], item) if is_url(item) else item
                    for index, item in enumerate(value)
                ]
        return found

    async def _upload(self, path: list[str | int], url: str) -> Upload:
        try:
            return await self._fetcher.fetch(url)
        except FetchRefused as error:
            raise invalid_input([(path, str(error))]) from error


async def resolve(host: str, port: int) -> list[Address]:
    """Every address of a name. Raises FetchRefused when there is none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchRefused(f"cannot be fetched: '{host}' is not known") from error
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet, and no disguise of one that is not."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.sixtofour is not None or address.teredo is not None or address in _TRANSLATED:
            return False
    return address.is_global and not address.is_multicast


class Fetcher:
    """Fetches with GET. ``allows`` and ``resolve`` are there for tests, which have no public address to ask."""

    def __init__(
        self,
        *,
        most_bytes: int,
        timeout_s: float,
        allows: Callable[[Address], bool] = is_public,
        resolve: Callable[[str, int], Awaitable[list[Address]]] = resolve,
    ) -> None:
        self._most_bytes = most_bytes
        self._timeout_s = timeout_s
        self._allows = allows
        self._resolve = resolve
        self._tls: ssl.SSLContext | None = None

    async def fetch(self, url: str) -> Upload:
        """The content and the last part of the address, as a name. Raises FetchRefused."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._follow(url)
        except TimeoutError as error:
            raise FetchRefused(f"cannot be fetched within {self._timeout_s:g} seconds") from error

    async def _follow(self, url: str) -> Upload:
        for _ in range(_MOST_REDIRECTS + 1):
            parts = _split(url)
            answer = await self._get(parts)
            if answer.status not in _REDIRECTS:
                break
            url = urljoin(url, answer.location)
        else:
            raise FetchRefused(f"is redirected more than {_MOST_REDIRECTS} times")
        if answer.status != 200:
            raise FetchRefused(f"cannot be fetched: '{parts.hostname}' answered {answer.status}")
        return bytes(answer.body), parts.path.rpartition("/")[2]

    async def _get(self, parts: SplitResult) -> "_Answer":
        host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
        address = await self._checked(host, port)
        context = self._context() if parts.scheme == "https" else None
        name = host if context else None
        writer = None
        try:
            reader, writer = await asyncio.open_connection(str(address), port, ssl=context, server_hostname=name)
            writer.write(_request(parts, host))
            return await _read(reader, self._most_bytes)
        except (OSError, ssl.SSLError, httptools.HttpParserError) as error:
            raise FetchRefused(f"cannot be fetched from '{host}': {error}") from error
        finally:
            if writer is not None:
                writer.close()

    async def _checked(self, host: str, port: int) -> Address:
        """One of the host's addresses; every one must be allowed."""
        addresses = await self._resolve(host, port)
        if not addresses or not all(self._allows(address) for address in addresses):
            raise FetchRefused(f"is not fetched: '{host}' is not a public address")
        return addresses[0]

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


class _Answer:
    """What httptools hears of an answer."""

    def __init__(self, most_bytes: int) -> None:
        self.status = 0
        self.location = ""
        self.body = bytearray()
        self.complete = False
        self.framed = False
        self.parser: Any = None
        self._most_bytes = most_bytes

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self.framed = self.framed or name in (b"content-length", b"transfer-encoding")
        if name == b"location":
            self.location = value.decode("latin-1")
        if name == b"content-length" and value.isdigit() and int(value) > self._most_bytes:
            raise self._too_large()
        if name == b"content-encoding" and value.lower() != b"identity":
            raise FetchRefused("cannot be fetched: it comes compressed")

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_body(self, piece: bytes) -> None:
        if len(self.body) + len(piece) > self._most_bytes:
            raise self._too_large()
        self.body += piece

    def on_message_complete(self) -> None:
        self.complete = self.status >= 200  # 100 Continue and the like come before the answer

    def _too_large(self) -> FetchRefused:
        return FetchRefused(f"is larger than {self._most_bytes} bytes")


async def _read(reader: asyncio.StreamReader, most_bytes: int) -> _Answer:
    answer = _Answer(most_bytes)
    answer.parser = httptools.HttpResponseParser(answer)
    size = 0
    while not answer.complete:
        piece = await reader.read(_PIECE)
        size += len(piece)
        if not piece or (not answer.status and size > _MOST_HEAD):
            break
        try:
            answer.parser.feed_data(piece)
        except httptools.HttpParserCallbackError as error:
            refused = error.__context__
            raise refused if isinstance(refused, FetchRefused) else error from error
    if not answer.complete and (answer.framed or not answer.status):  # else the connection's end is the body's
        raise FetchRefused("cannot be fetched: the answer ends too early")
    return answer


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FetchRefused(f"is not a URL: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise FetchRefused("is not a URL that begins with http:// or https:// and a host")
    if parts.username is not None or parts.password is not None:
        raise FetchRefused("is a URL with a password, which is not fetched")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise FetchRefused("is not a URL: it has characters that must be escaped")
    return parts


def _request(parts: SplitResult, host: str) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    place = f"[{host}]" if ":" in host else host
    named = place if parts.port in (None, _PORTS[parts.scheme]) else f"{place}:{parts.port}"
    lines = [f"GET {target} HTTP/1.1", f"host: {named}", "accept: */*", "accept-encoding: identity"]
    return "\r\n".join([*lines, "connection: close", "user-agent: modelyard-box", "", ""]).encode("ascii")
