"""Names of images in registries, as Docker writes them."""

import ipaddress
import re
from dataclasses import dataclass

from modelyard.rooms.images.errors import ReferenceRefused

DOCKER_HUB = "registry-1.docker.io"
_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?")
_GRAMMAR = re.compile(
    r"(?P<repository>[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """``host/repository`` and what is wanted of it: a tag or a digest."""

    host: str
    repository: str
    wanted: str

    @property
    def url(self) -> str:
        """The root of the repository's API: plain HTTP on this machine only."""
        scheme = "http" if _is_loopback(self.host) else "https"
        return f"{scheme}://{self.host}/v2/{self.repository}"


def parse_reference(text: str) -> Reference:
    """Reads ``python:3.12-slim``, ``docker.io/library/python``, ``host:5000/team/base@sha256:…``.

    Raises ``ReferenceRefused`` for anything else.
    """
    host, slash, rest = text.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        host, rest = "docker.io", text
    match = _GRAMMAR.fullmatch(rest)
    if not match:
        raise ReferenceRefused(
            f"{text!r} is not the name of an image.", remedy="Write it as registry/name:tag.", field="image"
        )
    repository = match["repository"]
    host = normal_host(host)
    if host == DOCKER_HUB:
        repository = repository if "/" in repository else f"library/{repository}"
    return Reference(host, repository, match["digest"] or match["tag"] or "latest")


def without_tag(text: str) -> str:
    """The name of an image's repository, to be followed by ``@`` and a digest."""
    name = text.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def normal_host(text: str) -> str:
    """The host that references to a registry have, for the name that people call it by, such as ``docker.io``.

    Raises ``ReferenceRefused``.
    """
    if not _HOST.fullmatch(text) or not ("." in text or ":" in text or text == "localhost"):
        raise ReferenceRefused(
            f"{text!r} is not the address of a registry.", remedy="Write it as host or host:port.", field="registry"
        )
    return DOCKER_HUB if text in ("docker.io", "index.docker.io") else text


def shown_host(host: str) -> str:
    """The name that people call a registry by, for its ``normal_host``."""
    return "docker.io" if host == DOCKER_HUB else host


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] or host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
