"""Debian's alternatives without running anything: the links that a package's ``postinst`` would have registered.

Some libraries are found only through such a link: ``liblapack.so.3`` is one, without which ``ffmpeg`` does not start.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from modelyard.rooms.images.tars import Entry, link_entry

_CALL = re.compile(r"^\s*update-alternatives\s+(?:--quiet\s+|--force\s+)*--install\s+(.*)$", re.MULTILINE)
_PATH = re.compile(r"/[\w./+-]+")


@dataclass(frozen=True, slots=True)
class Alternative:
    """A link (an absolute path) to one of several targets; the highest priority is the one to take."""

    link: str
    target: str
    priority: int


def read_alternatives(script: str) -> Iterator[Alternative]:
    """The alternatives that a maintainer script registers in plain words; a call with variables is passed over."""
    for call in _CALL.findall(re.sub(r"\\\n", " ", script)):
        match call.split():
            case [link, _, target, priority, *more] if re.fullmatch(r"-?\d+", priority):
                yield from _plain(link, target, int(priority))
                for position, word in enumerate(more):
                    if word == "--slave" and len(more) > position + 3:
                        yield from _plain(more[position + 1], more[position + 3], int(priority))


def alternative_links(alternatives: Iterable[Alternative], present: set[str]) -> list[Entry]:
    """Links to the best targets among the paths ``present``; what a package itself brings is left as it is."""
    best: dict[str, Alternative] = {}
    for alternative in sorted(alternatives, key=lambda one: (one.priority, one.target)):
        if alternative.target.lstrip("/") in present and alternative.link.lstrip("/") not in present:
            best[alternative.link] = alternative
    return [link_entry(one.link.lstrip("/"), one.target) for one in best.values()]


def _plain(link: str, target: str, priority: int) -> Iterator[Alternative]:
    if all(_PATH.fullmatch(path) and ".." not in path for path in (link, target)):
        yield Alternative(_merged(link), _merged(target), priority)


def _merged(path: str) -> str:
    """The path with merged ``/usr``: what is linked in ``/bin`` lies in ``/usr/bin``."""
    return re.sub(r"^/(bin|sbin|lib)/", r"/usr/\1/", path)
