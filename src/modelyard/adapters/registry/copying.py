"""Reads registries that people name, with their own sign-ins. What anybody may make this server call is bounded: public
addresses, and those that the operator lists."""

import ipaddress
import socket
from collections.abc import Collection, Iterator

import httpx

from modelyard.adapters.registry.pulling import OciRegistry
from modelyard.rooms.images.documents import INDEXES, MANIFESTS
from modelyard.rooms.images.errors import RegistryAddressRefused, RegistryUnavailable
from modelyard.rooms.images.ports import Login, RemoteDocument
from modelyard.rooms.images.references import parse_reference


class NamedRegistries:
    """A ``RemoteRegistries``. ``private`` are hosts (or ``host:port``) that may be called whatever their address is.

    The address is looked at before each request, redirects and token servers too. A name server that changes its
    answer in between is not seen through.
    """

    def __init__(self, private: Collection[str] = ()) -> None:
        self._private = frozenset(private)

    def read_document(self, reference: str, *, login: Login | None) -> RemoteDocument:
        """See ``ports.RemoteRegistries``."""
        with self._opened(reference, login) as registry:
            return registry.read_document(reference, accept=(*sorted(INDEXES), *sorted(MANIFESTS)))

    def read_blob(self, reference: str, digest: str, *, login: Login | None) -> Iterator[bytes]:
        """See ``ports.RemoteRegistries``."""
        with self._opened(reference, login) as registry:
            yield from registry.read_blob(reference, digest)

    def _opened(self, reference: str, login: Login | None) -> OciRegistry:
        logins = {parse_reference(reference).host: login} if login else {}
        return OciRegistry(logins, on_request=self._check)

    def _check(self, request: httpx.Request) -> None:
        """Raises ``RegistryAddressRefused``, or ``RegistryUnavailable`` for a name that is not known."""
        host, port = request.url.host, request.url.port
        if {host, f"{host}:{port}"} & self._private:
            return
        try:
            found = socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)
        except OSError as e:
            raise RegistryUnavailable(f"{host} is not known.", remedy="Check the name of the registry.") from e
        if not all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_global for *_, address in found):
            raise RegistryAddressRefused(
                f"{host} is not a public address.",
                remedy="Ask an administrator to list it in MODELYARD_IMPORT_REGISTRIES.",
            )
