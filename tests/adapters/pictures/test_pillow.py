"""Pictures are drawn anew, and what is no picture, or too much of one, is refused before it costs anything."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from modelyard.adapters.pictures.pillow import MAX_BYTES, SHOWN_SIDE, PillowPictures
from modelyard.rooms.repos.errors import PictureInvalid, PictureTooLarge


def drawn(tmp_path: Path, data: bytes) -> Image.Image:
    file = tmp_path / "picture"
    file.write_bytes(data)
    return Image.open(io.BytesIO(PillowPictures().redraw(file)))


def encoded(form: str, size: tuple[int, int] = (64, 32), mode: str = "RGB", **options: object) -> bytes:
    target = io.BytesIO()
    Image.new(mode, size, 128 if mode in ("L", "P") else None).save(target, form, **options)
    return target.getvalue()


@pytest.mark.parametrize(
    ("form", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGB")],
)
def test_three_formats_become_one(tmp_path: Path, form: str, mode: str) -> None:
    picture = drawn(tmp_path, encoded(form, mode=mode))
    assert (picture.format, picture.size) == ("WEBP", (64, 32))


def test_what_cameras_note_is_gone_and_the_picture_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken at home"
    picture = drawn(tmp_path, encoded("JPEG", exif=exif.tobytes()))
    assert picture.size == (32, 64)
    assert dict(picture.getexif()) == {}


def test_large_ones_become_small(tmp_path: Path) -> None:
    assert max(drawn(tmp_path, encoded("JPEG", (3000, 1500))).size) == SHOWN_SIDE


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", b"<svg/>", encoded("PNG")[:60], encoded("GIF", mode="P"), encoded("BMP"), encoded("TIFF")],
)
def test_what_is_no_such_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(PictureInvalid):
        drawn(tmp_path, data)


def test_too_many_bytes_or_pixels_are_refused_unseen(tmp_path: Path) -> None:
    with pytest.raises(PictureTooLarge):
        drawn(tmp_path, bytes(MAX_BYTES + 1))
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    with pytest.raises((PictureTooLarge, PictureInvalid)):
        drawn(tmp_path, bomb + encoded("PNG")[33:])
