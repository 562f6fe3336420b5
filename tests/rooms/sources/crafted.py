"""Zip files made byte by byte, to say things that no honest program writes."""

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass


@dataclass
class Entry:
    """One entry; ``None`` in a ``local_…`` field means the same as in the directory."""

    name: bytes = b"m.py"
    data: bytes = b"x = 1\n"
    method: int = 0
    flags: int = 0
    mode: int = 0o100644
    extra: bytes = b""
    crc: int | None = None
    size: int | None = None
    packed: bytes | None = None
    local_name: bytes | None = None
    local_size: int | None = None
    local_crc: int | None = None
    local_flags: int | None = None
    local_method: int | None = None
    offset: int | None = None
    gap: bytes = b""
    descriptor: bytes = b""


def build(
    entries: list[Entry], *, comment: bytes = b"", count: int | None = None, prefix: bytes = b"", shift: int = 0
) -> bytes:
    """The archive; ``shift`` is added to the offset of the directory, ``prefix`` stands before it all."""
    body, directory = prefix, b""
    for entry in entries:
        body += entry.gap
        packed = entry.packed if entry.packed is not None else pack(entry)
        crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
        size = len(entry.data) if entry.size is None else entry.size
        at = len(body) if entry.offset is None else entry.offset
        local_name = entry.name if entry.local_name is None else entry.local_name
        late = bool((entry.flags if entry.local_flags is None else entry.local_flags) & 8)
        body += struct.pack(
            "<4s5H3L2H", b"PK\x03\x04", 20,
            entry.flags if entry.local_flags is None else entry.local_flags,
            entry.method if entry.local_method is None else entry.local_method,
            0, 33,
            (0 if late else crc) if entry.local_crc is None else entry.local_crc,
            0 if late else len(packed),
            (0 if late else size) if entry.local_size is None else entry.local_size,
            len(local_name), 0,
        ) + local_name + packed + entry.descriptor  # fmt: skip
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 0x0314, 20, entry.flags, entry.method, 0, 33,
            crc, len(packed), size, len(entry.name), len(entry.extra), 0, 0, 0, entry.mode << 16, at,
        ) + entry.name + entry.extra  # fmt: skip
    number = len(entries) if count is None else count
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, number, number, len(directory), len(body) + shift, len(comment))
    return body + directory + end + comment


def pack(entry: Entry) -> bytes:
    if entry.method != 8:
        return entry.data
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(entry.data) + packer.flush()


def honest(files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """What the standard library writes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()
