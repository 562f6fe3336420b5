"""Plain PNG files, checked without Pillow: most images of large datasets are small ones, of which opening takes longer
than decoding. What is not plain, or not whole, is left to Pillow, which also says why (PNG, third edition)."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = struct.Struct(">IIBBBBB")
CHUNK = struct.Struct(">I4s")
CRC = struct.Struct(">I")
FIRST_CHUNK = 33
"""Behind the signature and the header's chunk of 25 bytes."""

MODES = {0: ("L", 1), 2: ("RGB", 3), 4: ("LA", 2), 6: ("RGBA", 4)}
"""Colour type of 8 bits a sample → Pillow's mode, bytes of a pixel."""

HARMLESS = frozenset({b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"bKGD", b"tIME", b"sBIT", b"hIST"})
"""Chunks that say nothing of how many pixels there are, or how they lie."""

LAST_FILTER = 4


def measure_plain(data: bytes, *, max_pixels: int) -> tuple[int, int, str] | None:
    """Width, height and mode of a plain PNG whose every checksum and pixel is there; None for all else."""
    if len(data) < FIRST_CHUNK or data[:8] != SIGNATURE or data[8:16] != b"\x00\x00\x00\x0dIHDR":
        return None
    width, height, depth, colour, *methods = HEADER.unpack_from(data, 16)
    if depth != 8 or colour not in MODES or any(methods) or not 0 < width * height <= max_pixels:
        return None
    if zlib.crc32(data[12:29]) != CRC.unpack_from(data, 29)[0]:
        return None
    mode, size = MODES[colour]
    packed = _pixel_data(data)
    return (width, height, mode) if packed and _is_whole(packed, width * size + 1, height) else None


def _pixel_data(data: bytes) -> bytes | None:
    """What the file's IDAT chunks hold; None where there are chunks of other kinds, or anything else is unusual."""
    parts: list[bytes] = []
    at = FIRST_CHUNK
    while at + CHUNK.size + CRC.size <= len(data):
        length, name = CHUNK.unpack_from(data, at)
        end = at + CHUNK.size + length
        if end + CRC.size > len(data) or zlib.crc32(data[at + 4 : end]) != CRC.unpack_from(data, end)[0]:
            return None
        if name == b"IEND":
            return b"".join(parts) if end + CRC.size == len(data) else None
        if name == b"IDAT":
            parts.append(data[at + CHUNK.size : end])
        elif name not in HARMLESS or parts:
            return None
        at = end + CRC.size
    return None


def _is_whole(packed: bytes, stride: int, height: int) -> bool:
    """Whether there are as many rows as there should be, each begun by a filter that there is."""
    inflater = zlib.decompressobj()
    try:
        rows = inflater.decompress(packed, stride * height + 1)
    except zlib.error:
        return False
    whole = inflater.eof and not inflater.unused_data and len(rows) == stride * height
    return whole and max(rows[::stride]) <= LAST_FILTER
