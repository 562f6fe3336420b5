"""Checks that a zip file can be read in one way only (APPNOTE.TXT 6.3.10, PKWARE).

Programs disagree about archives with bytes before, between or after the entries, with entries that overlap, or with
local headers that differ from the central directory. Such files are refused here, before anything is unpacked.
"""

import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from modelyard.rooms.sources.errors import (
    ArchiveAmbiguous,
    ArchiveBomb,
    ArchiveCompression,
    ArchiveEncrypted,
    ArchiveUnreadable,
)

END = struct.Struct("<4s4H2LH")
END_MARK, END64_MARK, LOCATOR_MARK, LOCAL_MARK = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x03\x04"
LOCATOR = struct.Struct("<4sLQL")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCAL = struct.Struct("<4s5H3L2H")
MAX_COMMENT = 65535
FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF
ENCRYPTED = 0x0001 | 0x0040 | 0x2000
HAS_DESCRIPTOR = 0x0008
COMPARED_FLAGS = 0x0001 | 0x0008 | 0x0040 | 0x0800 | 0x2000
ZIP64_EXTRA, UNICODE_PATH_EXTRA = 0x0001, 0x7075
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
REMAKE = "Make the zip file again with another program and push again."


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory lies and how many entries it has."""

    offset: int
    size: int
    entries: int


def read_directory(file: BinaryIO, *, max_entries: int) -> Directory:
    """Finds the one end record, at the very end of the file; raises the ``Archive…`` errors."""
    length = file.seek(0, 2)
    tail_start = max(0, length - MAX_COMMENT - END.size)
    file.seek(tail_start)
    position = tail_start + _find_end(file.read(), is_whole=tail_start == 0)
    directory, end = _read_end(file, position)
    if directory.entries > max_entries:
        raise ArchiveBomb(f"The zip file has {directory.entries} entries; {max_entries} are allowed.")
    if directory.size > max_entries * 1024:
        raise ArchiveBomb("The zip file's directory is too large.", remedy=REMAKE)
    if directory.offset + directory.size != end:
        raise ArchiveAmbiguous(
            "The zip file has other bytes before or inside it, as two zip files put together have.", remedy=REMAKE
        )
    return directory


def check_entries(file: BinaryIO, directory: Directory, archive: zipfile.ZipFile) -> None:
    """Checks each local header against the directory, and that the entries fill the file without gap or overlap."""
    infos = archive.infolist()
    if len(infos) != directory.entries or archive.start_dir != directory.offset:
        raise ArchiveAmbiguous("The zip file's directory does not have as many entries as it says.", remedy=REMAKE)
    expected = 0
    for info in sorted(infos, key=lambda i: i.header_offset):
        _check_method(info)
        if info.header_offset < expected:
            raise ArchiveAmbiguous(f"The entry {shown(info)} overlaps another one.", remedy=REMAKE)
        if info.header_offset > expected:
            raise ArchiveAmbiguous(f"There are stray bytes before the entry {shown(info)}.", remedy=REMAKE)
        expected = _check_local(file, info, limit=directory.offset)
    if expected != directory.offset:
        raise ArchiveAmbiguous("There are stray bytes after the last entry of the zip file.", remedy=REMAKE)


def entry_name(info: zipfile.ZipInfo) -> str:
    """The name of an entry, decoded as its writer meant it.

    Without the UTF-8 flag the specification says CP437, but macOS writes UTF-8 and Info-ZIP adds the name in an extra
    field; both are honoured. Raises ``ArchiveAmbiguous`` where that field contradicts a plain ASCII name.
    """
    name = info.orig_filename
    if info.flag_bits & 0x0800:
        return name
    raw = name.encode("cp437")
    for kind, data in _extra_fields(info.extra):
        if kind == UNICODE_PATH_EXTRA:
            return _unicode_path(info, raw, data)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return name


def shown(info: zipfile.ZipInfo) -> str:
    """The name of an entry for a message: one line, cut."""
    name = info.orig_filename[:80]
    return name if name.isprintable() else ascii(name)


def _find_end(tail: bytes, *, is_whole: bool) -> int:
    """The position of the end record, whose comment must reach exactly to the end of the file."""
    found = []
    at = tail.find(END_MARK)
    while at >= 0:
        if at + END.size <= len(tail) and at + END.size + END.unpack_from(tail, at)[7] == len(tail):
            found.append(at)
        at = tail.find(END_MARK, at + 1)
    if not found:
        is_zip = not is_whole or tail.startswith(LOCAL_MARK)
        why = "The zip file is cut off, or has other bytes after its end." if is_zip else "The file is not a zip file."
        raise ArchiveUnreadable(why, remedy="Upload it again." if is_zip else "Upload a .zip file.")
    if len(found) > 1:
        raise ArchiveAmbiguous("The zip file has more than one end.", remedy=REMAKE)
    return found[0]


def _read_end(file: BinaryIO, position: int) -> tuple[Directory, int]:
    """The directory and where it has to end, which is the ZIP64 end record if there is one."""
    file.seek(position)
    _, disk, start_disk, here, entries, size, offset, _ = END.unpack(file.read(END.size))
    file.seek(max(0, position - LOCATOR.size))
    locator = file.read(LOCATOR.size) if position >= LOCATOR.size else b""
    directory, end = Directory(offset, size, entries), position
    if locator.startswith(LOCATOR_MARK):
        directory, end = _read_end64(file, LOCATOR.unpack(locator)[2], position - LOCATOR.size, directory)
    elif disk or start_disk or here != entries:
        raise ArchiveUnreadable("The zip file is one part of several.", remedy="Upload it as one file.")
    return directory, end


def _read_end64(file: BinaryIO, offset: int, locator: int, short: Directory) -> tuple[Directory, int]:
    if offset + END64.size > locator:
        raise ArchiveUnreadable("The zip file's ZIP64 record is not where it should be.", remedy=REMAKE)
    file.seek(offset)
    mark, length, _, _, disk, start_disk, here, entries, size, start = END64.unpack(file.read(END64.size))
    if mark != END64_MARK or offset + 12 + length != locator or disk or start_disk or here != entries:
        raise ArchiveUnreadable("The zip file's ZIP64 record is damaged.", remedy=REMAKE)
    pairs = ((short.offset, start, FULL32), (short.size, size, FULL32), (short.entries, entries, FULL16))
    if any(small not in {large, full} for small, large, full in pairs):
        raise ArchiveAmbiguous("The zip file's two end records disagree.", remedy=REMAKE)
    return Directory(start, size, entries), offset


def _check_method(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & ENCRYPTED:
        raise ArchiveEncrypted(f"The entry {shown(info)} is encrypted.", remedy="Make the zip without a password.")
    if info.compress_type not in METHODS:
        raise ArchiveCompression(
            f"The entry {shown(info)} uses compression method {info.compress_type}.",
            remedy="Make the zip with the usual compression (deflate).",
        )
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        raise ArchiveAmbiguous(f"The entry {shown(info)} is stored, but has two sizes.", remedy=REMAKE)


def _check_local(file: BinaryIO, info: zipfile.ZipInfo, *, limit: int) -> int:
    """Where the entry ends, its descriptor included; raises ``ArchiveAmbiguous`` when the headers disagree."""
    file.seek(info.header_offset)
    header = file.read(LOCAL.size)
    if len(header) < LOCAL.size or not header.startswith(LOCAL_MARK):
        raise ArchiveUnreadable(f"The entry {shown(info)} is not where the directory says.", remedy="Upload it again.")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = LOCAL.unpack(header)
    raw_name, extra = file.read(name_length), file.read(extra_length)
    name = info.orig_filename.encode("utf-8" if info.flag_bits & 0x0800 else "cp437")
    if raw_name != name or method != info.compress_type or (flags ^ info.flag_bits) & COMPARED_FLAGS:
        raise _disagreement(info)
    packed, size = _wide_sizes(packed, size, extra)
    end = info.header_offset + LOCAL.size + name_length + extra_length + info.compress_size
    if end > limit:
        raise ArchiveAmbiguous(f"The entry {shown(info)} overlaps the directory.", remedy=REMAKE)
    is_same = (crc, packed, size) == (info.CRC, info.compress_size, info.file_size)
    if not is_same and not (flags & HAS_DESCRIPTOR and _may_come_later(crc, packed, size, info)):
        raise _disagreement(info)
    return end + _descriptor_length(file, info, end, is_optional=is_same) if flags & HAS_DESCRIPTOR else end


def _may_come_later(crc: int, packed: int, size: int, info: zipfile.ZipInfo) -> bool:
    """With a descriptor behind the data, the local header has zeros or the true values."""
    pairs = ((crc, info.CRC), (packed, info.compress_size), (size, info.file_size))
    return all(local in {0, true} for local, true in pairs)


def _descriptor_length(file: BinaryIO, info: zipfile.ZipInfo, end: int, *, is_optional: bool) -> int:
    """The length of the data descriptor: with or without mark, with sizes of 4 or 8 bytes (section 4.3.9)."""
    file.seek(end)
    data = file.read(24)
    for mark in (b"PK\x07\x08", b""):
        for form in ("<LLL", "<LQQ"):
            if info.file_size > FULL32 and form == "<LLL":
                continue
            expected = mark + struct.pack(form, info.CRC, info.compress_size, info.file_size)
            if data.startswith(expected) and _is_boundary(data[len(expected) :]):
                return len(expected)
    if is_optional:
        return 0
    raise _disagreement(info)


def _is_boundary(following: bytes) -> bool:
    """Four-byte sizes of a short descriptor could also begin a long one: a record's mark tells them apart."""
    return following[:2] in {b"PK", b"P", b""}


def _wide_sizes(packed: int, size: int, extra: bytes) -> tuple[int, int]:
    """The sizes of a local header, from its ZIP64 field where they do not fit (section 4.5.3)."""
    for kind, data in _extra_fields(extra):
        if kind == ZIP64_EXTRA and FULL32 in {packed, size} and len(data) >= 16:
            wide_size, wide_packed = struct.unpack_from("<QQ", data)
            return (wide_packed if packed == FULL32 else packed), (wide_size if size == FULL32 else size)
    return packed, size


def _extra_fields(extra: bytes) -> list[tuple[int, bytes]]:
    fields, at = [], 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        fields.append((kind, extra[at + 4 : at + 4 + length]))
        at += 4 + length
    return fields


def _unicode_path(info: zipfile.ZipInfo, raw: bytes, data: bytes) -> str:
    """The name of the Info-ZIP Unicode Path field (section 4.6.9), which is bound to the plain name by its CRC."""
    try:
        version, crc = struct.unpack_from("<BL", data)
        name = data[5:].decode()
    except (struct.error, UnicodeDecodeError) as e:
        raise _disagreement(info) from e
    if version != 1 or crc != zlib.crc32(raw) or (raw.isascii() and name.encode() != raw):
        raise _disagreement(info)
    return name


def _disagreement(info: zipfile.ZipInfo) -> ArchiveAmbiguous:
    return ArchiveAmbiguous(f"The zip file describes the entry {shown(info)} twice, in different ways.", remedy=REMAKE)
