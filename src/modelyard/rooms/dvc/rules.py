"""DVC's names and files, without input or output."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from modelyard.rooms.dvc.errors import DvcChecksumMismatch, DvcNameRefused

REMOTE = "modelyard"
CHUNK = 2**20
_PATH = re.compile(r"(files/md5/)?([0-9a-f]{2})/([0-9a-f]{30}(?:\.dir)?)")
_GITIGNORE_SPECIAL = re.compile(r"([\\*?\[\]!#])|( )$")


class Layout(StrEnum):
    """How a remote names files: DVC 3 by the MD5 of their bytes, DVC 2 by that of texts with Unix line ends."""

    MD5 = "md5"
    DOS2UNIX = "md5-dos2unix"


@dataclass(frozen=True, slots=True)
class ObjectName:
    """``name``: 32 hexadecimal digits, and ``.dir`` behind them for the listing of a folder."""

    layout: Layout
    name: str


def parse_path(path: str) -> ObjectName:
    """The name in a path of a remote, ``files/md5/ab/cdef…`` or (DVC 2) ``ab/cdef…``; raises ``DvcNameRefused``."""
    found = _PATH.fullmatch(path)
    if not found:
        raise DvcNameRefused(f"{path[:100]!r} is no address of an object.", remedy="Use DVC 2 or newer.", field="path")
    return ObjectName(Layout.MD5 if found[1] else Layout.DOS2UNIX, found[2] + found[3])


class Md5Watcher:
    """Holds bytes to the MD5 that names them, while they are written (``content.deliveries.Watcher``).

    In the layout of DVC 2 a text may also be named by what it would be with Unix line ends, replaced in chunks of 1 MiB
    as DVC does.
    """

    def __init__(self, wanted: ObjectName) -> None:
        self._wanted = wanted.name.removesuffix(".dir")
        self._hasher = hashlib.md5(usedforsecurity=False)
        self._unix = hashlib.md5(usedforsecurity=False) if wanted.layout is Layout.DOS2UNIX else None
        self._rest = bytearray()

    def update(self, data: bytes, /) -> None:
        self._hasher.update(data)
        if self._unix:
            self._rest += data
            while len(self._rest) >= CHUNK:
                self._unix.update(self._rest[:CHUNK].replace(b"\r\n", b"\n"))
                del self._rest[:CHUNK]

    def check(self) -> None:
        found = {self._hasher.hexdigest()}
        if self._unix:
            self._unix.update(self._rest.replace(b"\r\n", b"\n"))
            found.add(self._unix.hexdigest())
        if self._wanted not in found:
            raise DvcChecksumMismatch(
                f"The bytes have the MD5 {self._hasher.hexdigest()}, not {self._wanted}.", remedy="Push again."
            )


def write_pointer(path: str, *, md5: str, size: int) -> bytes:
    """The ``.dvc`` file of one file, to lie beside it. (What JSON quotes, YAML reads.)"""
    name = json.dumps(path.rsplit("/", 1)[-1])
    lines = ["outs:", f"- md5: {md5}", f"  size: {size}", "  hash: md5", f"  path: {name}", f"  remote: {REMOTE}"]
    return ("\n".join(lines) + "\n").encode()


def write_config(before: str | None, *, url: str) -> str:
    """``.dvc/config`` with this repository's remote, behind what the author has written there."""
    section = f"['remote \"{REMOTE}\"']\n    url = {url}\n"
    if before is None:
        return f"[core]\n    remote = {REMOTE}\n{section}"
    return f"{_ended(before)}{section}"


def write_ignored(before: str, paths: Iterable[str]) -> str:
    """``.gitignore`` with files that DVC keeps, so that Git does not take them in."""
    lines = ["/" + _GITIGNORE_SPECIAL.sub(lambda found: "\\" + found[0], path) for path in paths]
    return _ended(before) + "".join(f"{line}\n" for line in lines)


def without_lfs(attributes: str) -> str:
    """``.gitattributes`` without what LFS would do."""
    return "".join(line for line in attributes.splitlines(keepends=True) if "filter=lfs" not in line.split())


def overlay(pointers: Mapping[str, tuple[str, int]], texts: Mapping[str, str], *, url: str) -> dict[str, bytes | None]:
    """What makes a commit with LFS pointers one that DVC completes: path → new content, None for what goes.

    ``pointers``: path → MD5 and size in bytes. ``texts``: what the commit has of the files that are changed.
    """
    changes: dict[str, bytes | None] = dict.fromkeys(pointers)
    for path, (md5, size) in pointers.items():
        changes[f"{path}.dvc"] = write_pointer(path, md5=md5, size=size)
    changes[".dvc/config"] = write_config(texts.get(".dvc/config"), url=url).encode()
    changes[".dvc/.gitignore"] = b"/config.local\n/tmp\n/cache\n"
    changes[".gitignore"] = _encoded(write_ignored(texts.get(".gitignore", ""), sorted(pointers)))
    if ".gitattributes" in texts:
        changes[".gitattributes"] = _encoded(without_lfs(texts[".gitattributes"])) or None
    return changes


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
