"""A zip file's directory as columns, and its entries where they lie (APPNOTE.TXT 6.3.10). Nothing is ever extracted.

The checks are those of ``sources.zip_structure``, made for a million entries: the directory is read once here, each
entry's own header by who reads the entry, and that they fill the file without gap or overlap is asked at the end.
"""

import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from modelyard.adapters.packs.entries import Checked, Entries
from modelyard.adapters.packs.naming import is_plain, shown
from modelyard.rooms.sources import zip_structure
from modelyard.rooms.sources.errors import (
    ArchiveAmbiguous,
    ArchiveBomb,
    ArchiveCompression,
    ArchiveEncrypted,
    ArchiveUnreadable,
    LinkRefused,
)
from modelyard.rooms.sources.names import check_path

CENTRAL = struct.Struct("<4s4xHH4xLLLHHHH2xLL")
LOCAL = struct.Struct("<4s5H3L2H")
LOCAL_MARK = b"PK\x03\x04"
CENTRAL_MARK = b"PK\x01\x02"
READ = 4 * 1024**2
UTF8, DESCRIPTOR = 0x0800, 0x0008
COMPARED_FLAGS = 0x0001 | 0x0008 | 0x0040 | 0x0800 | 0x2000
UNICODE_PATH = b"\x75\x70"
ENCRYPTED = 0x0001 | 0x0040 | 0x2000
STORED, DEFLATED = 0, 8
FULL32 = 0xFFFFFFFF
MAX_RATIO, RATIO_FROM_BYTES = 1032, 64 * 1024**2
REMAKE = "Make the zip file again with another program."


class EntryBroken(Exception):
    """Why one entry cannot be read, in words."""


def read_zip(descriptor: int, number: int, into: Entries, *, max_entries: int) -> None:
    """Adds the files of a zip, source ``number``, as they stand in its directory; folders are left out.

    Raises the ``Archive…``, ``PathUnsafe`` and ``LinkRefused`` errors of ``sources``.
    """
    with os.fdopen(os.dup(descriptor), "rb") as file:
        directory = zip_structure.read_directory(file, max_entries=max_entries)
    data = _Chunks(descriptor, directory.offset, directory.size)
    before = len(into)
    for _ in range(directory.entries):
        _add(into, number, data.take(CENTRAL), data)
    if data.left:
        raise ArchiveAmbiguous("The zip file's directory does not have as many entries as it says.", remedy=REMAKE)
    held = sum(into.packed[before:])
    if held > directory.offset:
        raise ArchiveAmbiguous("The entries of the zip file overlap.", remedy=REMAKE)


def data_start(entries: Entries, row: int, read: Callable[[int, int], bytes]) -> tuple[int, int]:
    """Where the stored bytes of an entry begin, and where its record ends; raises ``EntryBroken`` where its own header
    is not what the directory says of it."""
    start, packed, flags = entries.starts[row], entries.packed[row], entries.flags[row]
    header = read(start, LOCAL.size)
    if len(header) < LOCAL.size or not header.startswith(LOCAL_MARK):
        raise EntryBroken("It is not where the archive's directory says.")
    _, _, own_flags, method, _, _, crc, own_packed, own_size, name_length, extra_length = LOCAL.unpack(header)
    begin = start + LOCAL.size + name_length + extra_length
    name = read(start + LOCAL.size, name_length)
    is_same = hash(name) == entries.names[row] and method == entries.methods[row]
    if not is_same or (own_flags ^ flags) & COMPARED_FLAGS:
        raise EntryBroken("The archive describes it twice, in different ways.")
    truth = (entries.crcs[row], packed, entries.sizes[row])
    said = (crc, own_packed, own_size)
    may_differ = (0, FULL32) if flags & DESCRIPTOR else (FULL32,)
    if any(own != true and own not in may_differ for own, true in zip(said, truth, strict=True)):
        raise EntryBroken("The archive describes it twice, in different ways.")
    end = begin + packed
    return begin, end + (_descriptor_length(read(end, 24), truth) if flags & DESCRIPTOR else 0)


def check_tiling(entries: Entries, found: Checked, number: int) -> None:
    """Raises ``ArchiveAmbiguous`` where two entries of a zip overlap. Entries that could not be read do not count."""
    rows = [i for i, source in enumerate(entries.sources) if source == number and found.ends[i]]
    rows.sort(key=entries.starts.__getitem__)
    reached = 0
    for row in rows:
        if entries.starts[row] < reached:
            raise ArchiveAmbiguous("Entries of the zip file overlap.", remedy=REMAKE)
        reached = found.ends[row]


class _Chunks:
    """Reads a stretch of a file from front to back, a few megabytes at a time."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        self._descriptor, self._at, self.left = descriptor, start, size
        self._data, self._used = b"", 0

    def take(self, form: struct.Struct) -> tuple[Any, ...]:
        return form.unpack(self.read(form.size))

    def read(self, length: int) -> bytes:
        if length > self.left:
            raise ArchiveUnreadable("The zip file's directory is cut off.", remedy=REMAKE)
        if self._used + length > len(self._data):
            fresh = os.pread(self._descriptor, min(READ, self.left), self._at)
            self._data, self._used = fresh, 0
        begin, self._used = self._used, self._used + length
        self.left -= length
        self._at += length
        return self._data[begin : self._used]


def _add(into: Entries, number: int, row: tuple[Any, ...], data: _Chunks) -> None:
    mark, flags, method, crc, packed, size, name_length, extra_length, comment_length, disk, mode, start = row
    if mark != CENTRAL_MARK or disk:
        raise ArchiveUnreadable("The zip file's directory is damaged.", remedy=REMAKE)
    raw, extra = data.read(name_length), data.read(extra_length)
    data.read(comment_length)
    if FULL32 in (packed, size, start):
        packed, size, start = _wide(packed, size, start, extra)
    path = _decoded(raw, extra, flags)
    is_folder = path.endswith("/")
    _check(path, flags, method, packed, size, mode >> 16, is_folder)
    if is_folder:
        return
    into.paths.append(path)
    into.sources.append(number)
    into.starts.append(start)
    into.packed.append(packed)
    into.sizes.append(size)
    into.methods.append(method)
    into.flags.append(flags)
    into.crcs.append(crc)
    into.names.append(hash(raw))


def _check(path: str, flags: int, method: int, packed: int, size: int, mode: int, is_folder: bool) -> None:
    """What the directory alone shows; the entry itself is not touched."""
    if not is_plain(path):
        check_path(path.removesuffix("/"))
    if flags & ENCRYPTED:
        raise ArchiveEncrypted(f"The entry {shown(path)} is encrypted.", remedy="Make the zip without a password.")
    if method not in (STORED, DEFLATED):
        raise ArchiveCompression(
            f"The entry {shown(path)} uses compression method {method}.",
            remedy="Make the zip with the usual compression (deflate).",
        )
    if method == STORED and packed != size:
        raise ArchiveAmbiguous(f"The entry {shown(path)} is stored, but has two sizes.", remedy=REMAKE)
    if size > RATIO_FROM_BYTES and size > MAX_RATIO * packed:
        raise ArchiveBomb(f"{shown(path)} unpacks to more than deflate can do.", remedy=REMAKE)
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a link" if stat.S_ISLNK(mode) else "a special file"
        raise LinkRefused(f"The entry {shown(path)} is {what}.", remedy="Put the file itself into the zip.")
    if (kind and is_folder != (kind == stat.S_IFDIR)) or (is_folder and size):
        raise ArchiveAmbiguous(f"The entry {shown(path)} is both a file and a folder.", remedy=REMAKE)


def _decoded(raw: bytes, extra: bytes, flags: int) -> str:
    """The name as its writer meant it: by the UTF-8 flag, by Info-ZIP's field, as macOS writes it, else CP437."""
    if raw.isascii():
        return raw.decode("ascii")
    try:
        return raw.decode() if flags & UTF8 or UNICODE_PATH not in extra else _unicode_path(raw, extra)
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _unicode_path(raw: bytes, extra: bytes) -> str:
    for kind, data in _fields(extra):
        if kind == 0x7075 and len(data) > 5 and data[0] == 1 and data[1:5] == struct.pack("<L", zlib.crc32(raw)):
            return data[5:].decode()
    return raw.decode()


def _wide(packed: int, size: int, start: int, extra: bytes) -> tuple[int, int, int]:
    """The numbers that do not fit into 32 bits, from the ZIP64 field, which has just those, in this order (4.5.3)."""
    for kind, data in _fields(extra):
        if kind == 0x0001:
            wide = iter(value for (value,) in struct.iter_unpack("<Q", data[: len(data) // 8 * 8]))
            try:
                size = next(wide) if size == FULL32 else size
                packed = next(wide) if packed == FULL32 else packed
                start = next(wide) if start == FULL32 else start
            except StopIteration as e:
                raise ArchiveUnreadable("The zip file's ZIP64 record is damaged.", remedy=REMAKE) from e
            if max(size, packed, start) >= 2**62:
                raise ArchiveUnreadable("The zip file's ZIP64 record is damaged.", remedy=REMAKE)
            return packed, size, start
    return packed, size, start


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _descriptor_length(data: bytes, truth: tuple[int, int, int]) -> int:
    """The length of the data descriptor: with or without mark, with sizes of 4 or 8 bytes (4.3.9)."""
    crc, packed, size = truth
    for mark in (b"PK\x07\x08", b""):
        for form in ("<LLL", "<LQQ"):
            if (form == "<LQQ" or max(packed, size) <= FULL32) and data.startswith(
                mark + struct.pack(form, crc, packed, size)
            ):
                return len(mark) + struct.calcsize(form)
    return 0
