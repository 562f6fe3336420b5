"""Which mirrors the host takes Debian from: its own apt sources, else Debian's public ones."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from debian.deb822 import Deb822

PUBLIC = "http://deb.debian.org/debian"
PUBLIC_SECURITY = "http://deb.debian.org/debian-security"
CODENAMES = ("bullseye", "bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable", "oldstable")


@dataclass(frozen=True, slots=True)
class Mirrors:
    """Addresses of the archive and of its security updates."""

    archive: str = PUBLIC
    security: str = PUBLIC_SECURITY


@dataclass(frozen=True, slots=True)
class _Line:
    uri: str
    suite: str
    components: tuple[str, ...]


def read_mirrors(etc: Path = Path("/etc/apt")) -> Mirrors:
    """The mirrors named in ``sources.list`` and ``sources.list.d``; files that cannot be read count for nothing."""
    lines = [line for line in _lines(etc) if "main" in line.components]
    archive = [line.uri for line in lines if line.suite in CODENAMES]
    security = [line.uri for line in lines if re.fullmatch(r"[a-z]+(?:-security|/updates)", line.suite)]
    return Mirrors(_first(archive, PUBLIC), _first(security, PUBLIC_SECURITY))


def _first(uris: list[str], default: str) -> str:
    return uris[0] if uris else default


def _lines(etc: Path) -> Iterator[_Line]:
    for file in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        try:
            text = file.read_text()
        except (OSError, UnicodeDecodeError):
            continue
        yield from _stanzas(text) if file.suffix == ".sources" else _one_liners(text.splitlines())


def _stanzas(text: str) -> Iterator[_Line]:
    for stanza in Deb822.iter_paragraphs(text.splitlines(), use_apt_pkg=False):
        if "deb" in stanza.get("Types", "").split() and stanza.get("Enabled", "yes") != "no":
            components = tuple(stanza.get("Components", "").split())
            for uri in stanza.get("URIs", "").split():
                for suite in stanza.get("Suites", "").split():
                    yield _Line(uri, suite, components)


def _one_liners(lines: Iterable[str]) -> Iterator[_Line]:
    for line in lines:
        match = re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)", line.strip())
        if match:
            yield _Line(match[1], match[2], tuple(match[3].split()))
