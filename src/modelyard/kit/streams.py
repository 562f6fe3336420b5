"""Byte streams made of parts known by size, readable from any offset; and the tar archives made of them.

Nothing is read before it is needed and nothing is kept, so a stream of any size takes constant memory. A part that
turns out shorter or longer than it said ends the stream with ``StreamBroken``: it never goes on with shifted bytes.
"""

import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

END_OF_TAR = bytes(2 * tarfile.BLOCKSIZE)


class StreamBroken(Exception):
    """A part had not the bytes that it had announced."""


@dataclass(frozen=True, slots=True)
class Part:
    """``size`` bytes; ``open(offset, length)`` yields ``length`` of them from ``offset`` (both always inside)."""

    size: int
    open: Callable[[int, int], Iterator[bytes]]


def bytes_part(data: bytes) -> Part:
    """A part whose bytes are at hand."""
    return Part(len(data), lambda offset, length: iter((data[offset : offset + length],)))


class PartStream:
    """The parts one after the other. ``size`` is known without opening any of them."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = [part for part in parts if part.size]
        self._ends = list(accumulate(part.size for part in self._parts))
        self.size = self._ends[-1] if self._ends else 0

    def read(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start``, ``length`` of them (all that follow where it is None); parts open as they come.

        Raises ``ValueError`` at once for what lies outside, and ``StreamBroken``, or what a part raises, underway.
        """
        end = self.size if length is None else start + length
        if not 0 <= start <= end <= self.size:
            raise ValueError(f"bytes {start} to {end} of {self.size}")
        return self._read(start, end)

    def _read(self, start: int, end: int) -> Iterator[bytes]:
        for part, part_end in zip(self._parts, self._ends, strict=True):
            part_start = part_end - part.size
            first, last = max(start, part_start), min(end, part_end)
            if first < last:
                yield from _exactly(part, first - part_start, last - first)


def _exactly(part: Part, offset: int, length: int) -> Iterator[bytes]:
    left = length
    for chunk in part.open(offset, length):
        left -= len(chunk)
        if left < 0:
            raise StreamBroken(f"a part of {part.size} bytes has more")
        yield chunk
    if left:
        raise StreamBroken(f"a part of {part.size} bytes has {left} less")


def tar_member(name: str, content: Part | bytes, *, mode: int = 0o644, mtime: int = 0) -> list[Part]:
    """The parts of one file in a tar archive: header, content, padding. Owner is root; ``mtime`` in seconds (UTC).

    GNU format: sizes past 8 GiB in base 256 and long names in a record of their own, which Docker, Podman and every
    tar of today read. End the archive with ``END_OF_TAR``.
    """
    part = bytes_part(content) if isinstance(content, bytes) else content
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = part.size, mode, mtime
    header = bytes_part(info.tobuf(tarfile.GNU_FORMAT))
    return [header, part, bytes_part(bytes(-part.size % tarfile.BLOCKSIZE))]
