"""Bytes of image files → ``PIL.Image.Image``.

Most of the time of a small PNG is not spent on its pixels but on finding out what it is, chunk by chunk in Python. A
plain one (8 bits a band, not interlaced, nothing in it but its pixels) goes to Pillow's own decoder at once.
"""

import io
import struct
from typing import Any

from modelyard_client.loading.optional import require

PNG_HEAD = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
MODES = {0: "L", 2: "RGB", 4: "LA", 6: "RGBA"}
FACTS = struct.Struct(">IIBBBBB")
CHUNK = struct.Struct(">I4s")
FIRST_CHUNK, CHECKSUM = 33, 4
MOST_PIXELS = 50_000_000


class Decoder:
    """Raises what Pillow raises on files that it cannot read."""

    def __init__(self) -> None:
        image = require("PIL.Image")
        self._open, self._from_bytes, self._turn = image.open, image.frombytes, require("PIL.ImageOps").exif_transpose

    def __call__(self, data: bytes) -> Any:
        """The image, turned as its camera was held."""
        plain = plain_png(data)
        if plain is not None:
            mode, size, pixels = plain
            return self._from_bytes(mode, size, pixels, "zip", mode)
        image = self._open(io.BytesIO(data))
        image.load()
        return self._turn(image) if "exif" in image.info else image


def plain_png(data: bytes) -> tuple[str, tuple[int, int], bytes] | None:
    """Mode, size and compressed pixels of a PNG (ISO/IEC 15948) that has only IHDR, IDAT and IEND; None for others."""
    if not data.startswith(PNG_HEAD) or len(data) < FIRST_CHUNK:
        return None
    width, height, bits, colour, *methods = FACTS.unpack_from(data, len(PNG_HEAD))
    mode = MODES.get(colour)
    if bits != 8 or mode is None or any(methods) or not 0 < width * height <= MOST_PIXELS:
        return None
    pixels = _pixels(data)
    return (mode, (width, height), pixels) if pixels else None


def _pixels(data: bytes) -> bytes | None:
    parts: list[bytes] = []
    at = FIRST_CHUNK
    while at + CHUNK.size <= len(data):
        length, name = CHUNK.unpack_from(data, at)
        at += CHUNK.size
        if name == b"IEND":
            return parts[0] if len(parts) == 1 else b"".join(parts)
        if name != b"IDAT":
            return None
        parts.append(data[at : at + length])
        at += length + CHECKSUM
    return None
