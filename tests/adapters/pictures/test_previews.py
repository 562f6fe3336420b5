"""Previews of whatever pictures strangers make; what is none, or too much, harms nobody."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from modelyard.adapters.pictures.previews import PillowPreviews
from modelyard.kit.workers import WorkerLimits
from modelyard.rooms.results.errors import PreviewImpossible


@pytest.fixture
def previews() -> Iterator[PillowPreviews]:
    opened = PillowPreviews()
    yield opened
    opened.close()


def drawn(previews: PillowPreviews, tmp_path: Path, data: bytes, side: int = 256) -> Image.Image:
    (tmp_path / "picture").write_bytes(data)
    return Image.open(io.BytesIO(previews.draw(tmp_path / "picture", side=side)))


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "1"])
def test_six_formats_become_one(previews: PillowPreviews, tmp_path: Path, form: str, mode: str) -> None:
    data = encoded(Image.new("RGB", (600, 300), "red").convert(mode).convert("L" if mode == "1" else "RGB"), form)
    picture = drawn(previews, tmp_path, data)
    assert (picture.format, picture.size) == ("WEBP", (256, 128))


def test_small_ones_are_kept_exactly(previews: PillowPreviews, tmp_path: Path) -> None:
    digits = np.random.default_rng(1).integers(0, 256, (28, 28), dtype=np.uint8)
    picture = drawn(previews, tmp_path, encoded(Image.fromarray(digits), "PNG"))
    assert np.array_equal(np.asarray(picture.convert("L")), digits)


def test_deep_ones_are_stretched(previews: PillowPreviews, tmp_path: Path) -> None:
    deep = np.linspace(1000, 3000, 64 * 64).reshape(64, 64).astype(np.uint16)
    for form in ("TIFF", "PNG"):
        picture = drawn(previews, tmp_path, encoded(Image.fromarray(deep), form)).convert("L")
        assert picture.getextrema() == (0, 255)


def test_transparency_and_turns_are_kept(previews: PillowPreviews, tmp_path: Path) -> None:
    assert drawn(previews, tmp_path, encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG")).mode == "RGBA"
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = drawn(previews, tmp_path, encoded(Image.new("RGB", (64, 32)), "JPEG", exif=exif.tobytes()))
    assert (turned.size, dict(turned.getexif())) == ((32, 64), {})


def png_of(width: int, height: int) -> bytes:
    """A PNG that says so, of few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


HOSTILE = {
    "empty": b"",
    "text": b"no picture",
    "script": b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
    "cut": encoded(Image.new("RGB", (64, 64)), "PNG")[:60],
    "bomb": png_of(100_000, 100_000),
    "no pixels": png_of(3000, 3000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_ones_are_refused(previews: PillowPreviews, tmp_path: Path, name: str) -> None:
    with pytest.raises(PreviewImpossible) as caught:
        drawn(previews, tmp_path, HOSTILE[name])
    assert caught.value.remedy
    assert drawn(previews, tmp_path, encoded(Image.new("RGB", (8, 8)), "PNG")).size == (8, 8)


def test_a_process_that_dies_is_replaced(tmp_path: Path) -> None:
    """With so little memory, decoding ends the process or the attempt; the next picture is drawn by another."""
    previews = PillowPreviews(WorkerLimits(memory_bytes=160 * 1024**2, cpu_seconds=20), size=1)
    with pytest.raises(PreviewImpossible):
        drawn(previews, tmp_path, encoded(Image.new("RGB", (8000, 8000)), "PNG"))
    assert drawn(previews, tmp_path, encoded(Image.new("RGB", (8, 8)), "PNG")).size == (8, 8)
    previews.close()
