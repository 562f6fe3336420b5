"""Plain PNG files that are checked without Pillow: what is accepted is what Pillow decodes, and the same of it."""

import io
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from modelyard.adapters.packs.pictures import MAX_PIXELS, NoImage, measure
from modelyard.adapters.packs.plain_png import measure_plain

MODES = ("L", "RGB", "LA", "RGBA")


def png(mode: str, width: int, height: int, seed: int = 1, **options: object) -> bytes:
    data = random.Random(seed).randbytes(width * height * len(mode))
    file = io.BytesIO()
    Image.frombytes(mode, (width, height), data).save(file, "PNG", **options)
    return file.getvalue()


@given(st.sampled_from(MODES), st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32), st.booleans())
def test_it_says_what_pillow_says(mode: str, width: int, height: int, seed: int, optimize: bool) -> None:
    data = png(mode, width, height, seed, optimize=optimize, dpi=(72, 72))
    assert measure_plain(data, max_pixels=MAX_PIXELS) == (width, height, mode) == measure(data)


@given(st.sampled_from(MODES), st.data())
def test_what_is_damaged_is_never_taken_for_whole(mode: str, drawn: st.DataObject) -> None:
    data = bytearray(png(mode, 9, 7))
    at = drawn.draw(st.integers(0, len(data) - 1))
    data[at] ^= drawn.draw(st.integers(1, 255))
    assert measure_plain(bytes(data), max_pixels=MAX_PIXELS) is None
    assert measure_plain(bytes(data[:at]), max_pixels=MAX_PIXELS) is None


@pytest.mark.parametrize(
    "data",
    [
        png("L", 5, 5) + b"more",
        png("L", 5, 5, exif=Image.Exif().tobytes() + b"Exif"),
        png("P", 5, 5),
        b"",
        b"\x89PNG",
    ],
    ids=["something behind it", "orientation", "palette", "empty", "cut"],
)
def test_what_is_not_plain_is_left_to_pillow(data: bytes) -> None:
    assert measure_plain(data, max_pixels=MAX_PIXELS) is None


def test_pixels_that_are_too_few_too_many_or_filtered_by_nothing_known_are_bad() -> None:
    rows = b"".join(b"\x00" + bytes(4) for _ in range(4))
    assert measure_plain(written(4, 4, rows), max_pixels=16) == (4, 4, "L")
    assert measure_plain(written(4, 4, rows), max_pixels=15) is None
    for wrong in (rows[:-1], rows + b"\x00", b"\x05" + rows[1:]):
        assert measure_plain(written(4, 4, wrong), max_pixels=16) is None
    with pytest.raises(NoImage):
        measure(written(4, 4, rows[:-9]))


def test_a_bomb_is_not_unpacked() -> None:
    assert measure_plain(written(4, 4, bytes(50_000_000)), max_pixels=16) is None


def written(width: int, height: int, rows: bytes) -> bytes:
    """A grey PNG with these rows, their filters included."""
    head = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x00\x00\x00\x00"
    chunks = (b"IHDR" + head, b"IDAT" + zlib.compress(rows), b"IEND")
    framed = (len(c[4:]).to_bytes(4) + c + zlib.crc32(c).to_bytes(4) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)
