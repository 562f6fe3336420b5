"""Deterministic tar archives: sorted, with fixed times and owners, so that equal contents have equal digests."""

import posixpath
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from modelyard.rooms.images.errors import SourceRefused

Content = bytes | Callable[[], Iterator[bytes]]
CHUNK = 1024**2
_TYPES = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE}


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of an archive.

    ``path`` is relative, with ``/``, without ``.`` or ``..``. ``content`` is a file's bytes, or a function that opens
    them, exactly ``size`` of them. ``target`` is where a ``link`` (or, in the archive, a ``hardlink``) points.
    """

    path: str
    kind: str = "file"
    mode: int = 0o644
    content: Content = b""
    size: int = 0
    target: str = ""


def file_entry(path: str, data: bytes, *, mode: int = 0o644) -> Entry:
    return Entry(path, mode=mode, content=data, size=len(data))


def dir_entry(path: str, *, mode: int = 0o755) -> Entry:
    return Entry(path, kind="dir", mode=mode)


def link_entry(path: str, target: str) -> Entry:
    return Entry(path, kind="link", mode=0o777, target=target)


def read_content(entry: Entry) -> bytes:
    """All bytes of a file at once."""
    return entry.content if isinstance(entry.content, bytes) else b"".join(entry.content())


def tar_chunks(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yields the archive in chunks of about 1 MiB. Of two entries with one path the later wins.

    Missing parent folders are added. Hard links come last, after what they point at. Raises ``SourceRefused`` for a
    path that leaves the root, and ``ValueError`` when a content has not its announced size.
    """
    buffer = bytearray()
    for entry in _ordered(entries):
        buffer += _header(entry)
        if entry.kind == "file" and entry.size:
            for chunk in _content(entry):
                buffer += chunk
                if len(buffer) >= CHUNK:
                    yield bytes(buffer)
                    buffer.clear()
            buffer += bytes(-entry.size % tarfile.BLOCKSIZE)
    buffer += bytes(2 * tarfile.BLOCKSIZE)
    yield bytes(buffer)


def read_entries(file: tarfile.TarFile, content: Callable[[tarfile.TarInfo], Content]) -> Iterator[Entry]:
    """The entries of an archive read elsewhere; ``content`` gives the bytes of a regular file. Devices are left out."""
    for info in file:
        path = posixpath.normpath(info.name.lstrip("/"))
        if path == ".":
            continue
        if info.isfile():
            yield Entry(path, mode=info.mode, content=content(info), size=info.size)
        elif info.isdir():
            yield dir_entry(path, mode=info.mode)
        elif info.issym():
            yield link_entry(path, info.linkname)
        elif info.islnk():
            yield Entry(path, kind="hardlink", mode=info.mode, target=posixpath.normpath(info.linkname.lstrip("/")))


def check_path(path: str) -> str:
    """A relative path that stays inside; raises ``SourceRefused`` for any other."""
    parts = path.split("/")
    if not path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise SourceRefused(f"{path[:200]!r} is not a path inside the image.", remedy="Rename the file.")
    return path


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    latest = {check_path(entry.path): entry for entry in entries}
    for path in list(latest):
        parent = posixpath.dirname(path)
        while parent and parent not in latest:
            latest[parent] = dir_entry(parent)
            parent = posixpath.dirname(parent)
        if parent and latest[parent].kind != "dir":
            raise SourceRefused(f"{parent[:200]!r} is both a file and a folder.", remedy="Rename one of them.")
    return sorted(latest.values(), key=lambda entry: (entry.kind == "hardlink", entry.path))


def _header(entry: Entry) -> bytes:
    info = tarfile.TarInfo(entry.path)
    info.type = _TYPES[entry.kind]
    info.mode = entry.mode & 0o7777
    info.size = entry.size if entry.kind == "file" else 0
    info.linkname = entry.target
    return info.tobuf(tarfile.PAX_FORMAT)


def _content(entry: Entry) -> Iterator[bytes]:
    if isinstance(entry.content, bytes):
        yield entry.content
        return
    length = 0
    for chunk in entry.content():
        length += len(chunk)
        yield chunk
    if length != entry.size:
        raise ValueError(f"{entry.path} has {length} bytes, not {entry.size}")
