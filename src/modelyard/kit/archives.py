"""Files as one zip or tar whose every byte is known before any of them is read.

Zip: APPNOTE 6.3.10, entries stored, UTF-8 names, ZIP64 only where a figure needs it. Tar: pax (POSIX.1-2001). Times are
the first of 1980 and of 1970. The layout is a list of pieces — headers made here, files read when they are sent — so a
range starts anywhere at the cost of a bisection.
"""

import struct
import tarfile
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Generic, Protocol, TypeVar

LIMIT16, LIMIT32 = 0xFFFF, 0xFFFFFFFF
UTF8_NAMES = 0x0800
FIRST_DAY = 0x21
"""1980-01-01 in the form of MS-DOS."""
UNIX_FILE = (0o100644 << 16) & LIMIT32
BLOCK, RECORD = tarfile.BLOCKSIZE, tarfile.RECORDSIZE
GATHERED = 64 * 1024


class ArchiveFormat(StrEnum):
    ZIP = "zip"
    TAR = "tar"


class Archived(Protocol):
    """A file that goes into an archive: ``size`` in bytes, ``crc32`` of its content."""

    @property
    def path(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def crc32(self) -> int: ...


File = TypeVar("File", bound=Archived)

Opened = Callable[[File, int, int], Iterator[bytes]]
"""Reads ``length`` bytes of a file from ``offset`` on."""


@dataclass(frozen=True, slots=True)
class Layout(Generic[File]):
    """``pieces`` are bytes, or a file that is read at its place; ``starts`` is where each begins."""

    pieces: tuple[bytes | File, ...]
    starts: tuple[int, ...]
    size: int


class ArchiveStream(Generic[File]):
    """A layout whose files can be read: what ``kit.ranges`` sends."""

    def __init__(self, layout: Layout[File], opened: Opened[File]) -> None:
        self._layout, self._opened, self.size = layout, opened, layout.size

    def read(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        end = self.size if length is None else start + length
        return read(self._layout, start, end, self._opened)


def lay_out(files: Sequence[File], form: ArchiveFormat) -> Layout[File]:
    """The archive of files in the order of their paths."""
    ordered = sorted(files, key=lambda file: file.path)
    pieces = tuple(_zip_pieces(ordered) if form is ArchiveFormat.ZIP else _tar_pieces(ordered))
    ends = list(accumulate((_length(piece) for piece in pieces), initial=0))
    return Layout(pieces, tuple(ends[:-1]), ends[-1])


def read(layout: Layout[File], start: int, end: int, opened: Opened[File]) -> Iterator[bytes]:
    """The archive's bytes from ``start`` up to ``end``, small pieces gathered."""
    gathered = bytearray()
    for chunk in _read(layout, start, end, opened):
        if len(gathered) + len(chunk) > GATHERED and gathered:
            yield bytes(gathered)
            gathered.clear()
        if len(chunk) >= GATHERED:
            yield chunk
        else:
            gathered += chunk
    if gathered:
        yield bytes(gathered)


def _read(layout: Layout[File], start: int, end: int, opened: Opened[File]) -> Iterator[bytes]:
    number = max(bisect_right(layout.starts, start) - 1, 0)
    for piece, begin in zip(layout.pieces[number:], layout.starts[number:], strict=True):
        if begin >= end:
            return
        first, last = max(start - begin, 0), min(end - begin, _length(piece))
        if first >= last:
            continue
        if isinstance(piece, bytes):
            yield piece[first:last]
        else:
            yield from opened(piece, first, last - first)


def _length(piece: bytes | Archived) -> int:
    return len(piece) if isinstance(piece, bytes) else piece.size


def _zip_pieces(files: Sequence[File]) -> Iterator[bytes | File]:
    offset, directory = 0, bytearray()
    for file in files:
        header = _local_header(file)
        directory += _central_header(file, offset)
        yield header
        yield file
        offset += len(header) + file.size
    yield bytes(directory) + _end_of_directory(len(files), len(directory), offset)


def _local_header(file: Archived) -> bytes:
    name = file.path.encode()
    is_large = file.size >= LIMIT32
    extra = struct.pack("<HHQQ", 1, 16, file.size, file.size) if is_large else b""
    shown = LIMIT32 if is_large else file.size
    version = 45 if is_large else 20
    fixed = struct.pack(
        "<IHHHHHIIIHH",
        0x04034B50,
        version,
        UTF8_NAMES,
        0,
        0,
        FIRST_DAY,
        file.crc32,
        shown,
        shown,
        len(name),
        len(extra),
    )
    return fixed + name + extra


def _central_header(file: Archived, offset: int) -> bytes:
    name = file.path.encode()
    is_large, is_far = file.size >= LIMIT32, offset >= LIMIT32
    figures = [file.size, file.size] * is_large + [offset] * is_far
    extra = struct.pack(f"<HH{len(figures)}Q", 1, 8 * len(figures), *figures) if figures else b""
    version = 45 if figures else 20
    shown = LIMIT32 if is_large else file.size
    fixed = struct.pack(
        "<IHHHHHHIIIHHHHHII",
        0x02014B50,
        3 << 8 | version,
        version,
        UTF8_NAMES,
        0,
        0,
        FIRST_DAY,
        file.crc32,
        shown,
        shown,
        len(name),
        len(extra),
        0,
        0,
        0,
        UNIX_FILE,
        LIMIT32 if is_far else offset,
    )
    return fixed + name + extra


def _end_of_directory(count: int, size: int, offset: int) -> bytes:
    large = b""
    if count >= LIMIT16 or size >= LIMIT32 or offset >= LIMIT32:
        large = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 3 << 8 | 45, 45, 0, 0, count, count, size, offset)
        large += struct.pack("<IIQI", 0x07064B50, 0, offset + size, 1)
    shown = min(count, LIMIT16)
    return large + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, shown, shown, min(size, LIMIT32), min(offset, LIMIT32), 0)


def _tar_pieces(files: Sequence[File]) -> Iterator[bytes | File]:
    size = 0
    for file in files:
        info = tarfile.TarInfo(file.path)
        info.size, info.mode = file.size, 0o644
        header = info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
        padding = bytes(-file.size % BLOCK)
        yield header
        yield file
        yield padding
        size += len(header) + file.size + len(padding)
    yield bytes(2 * BLOCK + -(size + 2 * BLOCK) % RECORD)
