"""What is decoded the short way is what Pillow makes of the whole file; anything unusual goes the long way."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from modelyard_client.loading.decoding import Decoder, plain_png

DECODE = Decoder()


def encoded(image: Image.Image, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG", **options)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@settings(max_examples=60, deadline=None)
@given(
    mode=st.sampled_from(["L", "LA", "RGB", "RGBA"]),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    pixels=st.binary(min_size=4, max_size=64),
    level=st.integers(0, 9),
)
def test_a_plain_png_is_the_same_either_way(mode: str, width: int, height: int, pixels: bytes, level: int) -> None:
    size = width * height * len(mode)
    image = Image.frombytes(mode, (width, height), (pixels * (size // len(pixels) + 1))[:size])
    data = encoded(image, compress_level=level)
    assert plain_png(data) is not None
    found, wanted = DECODE(data), opened(data)
    assert (found.mode, found.size, found.tobytes()) == (wanted.mode, wanted.size, wanted.tobytes())


def unusual() -> dict[str, bytes]:
    grey, text = Image.new("L", (9, 9), 7), PngInfo()
    text.add_text("Title", "nine")
    return {
        "a palette": encoded(grey.convert("P")),
        "one bit": encoded(grey.convert("1")),
        "sixteen bits": encoded(Image.new("I;16", (9, 9), 700)),
        "a text": encoded(grey, pnginfo=text),
        "a transparent shade": encoded(grey, transparency=7),
    }


@pytest.mark.parametrize("name", unusual())
def test_what_is_unusual_goes_the_long_way(name: str) -> None:
    data = unusual()[name]
    assert plain_png(data) is None
    found, wanted = DECODE(data), opened(data)
    assert (found.mode, found.info, found.tobytes()) == (wanted.mode, wanted.info, wanted.tobytes())


@pytest.mark.parametrize("cut", [10, 40, 60])
def test_a_torn_file_is_refused(cut: int) -> None:
    data = encoded(Image.effect_noise((30, 30), 60))
    with pytest.raises((OSError, ValueError, SyntaxError)):
        DECODE(data[:cut])
