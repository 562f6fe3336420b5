"""The port ``Fetcher`` by HTTP: files by address, for whoever may import. What anybody may make this server call is
bounded: public addresses, and hosts that the operator lists."""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Collection
from pathlib import Path
from urllib.parse import unquote

import httpx

from modelyard.rooms.packs.errors import AddressRefused, AddressUnavailable

CHUNK = 1024**2
TIMEOUT = httpx.Timeout(60, connect=20)
MAX_REDIRECTS = 5


class HttpFetcher:
    """``private`` are hosts (or ``host:port``) that may be called whatever their address is. ``ca_bundle``: a PEM file
    of further authorities.

    The address is looked at before each request, redirects too. A name server that changes its answer in between is not
    seen through.
    """

    def __init__(self, private: Collection[str] = (), *, ca_bundle: Path | None = None) -> None:
        self._private, self._ca_bundle = frozenset(private), ca_bundle

    def fetch(self, url: str, target: Path, *, limit: int, on_bytes: Callable[[int], None]) -> str:
        """See ``ports.Fetcher``."""
        try:
            with self._client() as client, client.stream("GET", url) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise _unavailable(url, f"it answered {answer.status_code}")
                _write(answer, target, url, limit, on_bytes)
                return _name(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as e:
            raise _unavailable(url, str(e)[:200] or type(e).__name__) from e

    def _client(self) -> httpx.Client:
        context = ssl.create_default_context()
        if self._ca_bundle:
            context.load_verify_locations(self._ca_bundle)
        return httpx.Client(
            verify=context,
            timeout=TIMEOUT,
            follow_redirects=True,
            max_redirects=MAX_REDIRECTS,
            trust_env=False,
            event_hooks={"request": [self._check]},
        )

    def _check(self, request: httpx.Request) -> None:
        """Raises ``AddressRefused``, or ``AddressUnavailable`` for a name that is not known."""
        host, port = request.url.host, request.url.port
        if request.url.scheme not in ("http", "https"):
            raise AddressRefused(f"{request.url.scheme} is not HTTP.", remedy="Use an http or https address.")
        if {host, f"{host}:{port}"} & self._private:
            return
        try:
            found = socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as e:
            raise AddressUnavailable(f"{host} is not known.", remedy="Check the address.") from e
        if not all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_global for *_, address in found):
            raise AddressRefused(
                f"{host} is not a public address.", remedy="Ask an administrator to list it in MODELYARD_IMPORT_HOSTS."
            )


def _write(answer: httpx.Response, target: Path, url: str, limit: int, on_bytes: Callable[[int], None]) -> None:
    written = 0
    with target.open("wb") as file:
        for chunk in answer.iter_bytes(CHUNK):
            written += len(chunk)
            if written > limit:
                raise _unavailable(url, f"it has more than {limit:,} bytes")
            file.write(chunk)
            on_bytes(len(chunk))


def _name(answer: httpx.Response) -> str:
    return unquote(answer.url.path.rpartition("/")[2]) or "file"


def _unavailable(url: str, why: str) -> AddressUnavailable:
    return AddressUnavailable(f"{url[:200]} could not be fetched: {why}.", remedy="Check the address and try again.")
