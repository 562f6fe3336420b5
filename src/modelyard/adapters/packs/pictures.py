"""One image, decoded to its last pixel. What decoders raise is said in words; a decoder's crash is its process's."""

import io
from collections.abc import Callable

from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import jpeg_factory
from PIL.PngImagePlugin import PngImageFile

from modelyard.adapters.packs.plain_png import measure_plain

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "PPM")
MAX_PIXELS = 89_478_485
"""Of one image, as Pillow has it: 358 MB once decoded."""

MAX_FRAME_PIXELS = 1_000_000_000
"""Of all frames of an animation together."""

TURNED = frozenset({5, 6, 7, 8})
"""Values of EXIF's orientation that swap width and height (CIPA DC-008, 4.6.5)."""

NOTED = frozenset({"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"})
DECODER_FAULTS = (OSError, ValueError, SyntaxError, EOFError, OverflowError, TypeError, IndexError, KeyError)
STARTS: tuple[tuple[bytes, Callable[[io.BytesIO], Image.Image]], ...] = (
    (b"\x89PNG\r\n\x1a\n", PngImageFile),
    (b"\xff\xd8\xff", jpeg_factory),
)


class NoImage(Exception):
    """Why these bytes are no image of a dataset, in words."""


def prepare() -> None:
    """Loads the decoders, so that processes made from this one need not."""
    Image.preinit()
    Image.init()


def measure(data: bytes) -> tuple[int, int, str]:
    """Width and height as it is displayed, and the mode. Raises ``NoImage``."""
    if not data:
        raise NoImage("The file is empty.")
    try:
        if plain := measure_plain(data, max_pixels=MAX_PIXELS):
            return plain
        with _opened(data) as image:
            return _measure(image)
    except UnidentifiedImageError as e:
        raise NoImage(_foreign(data)) from e
    except (Image.DecompressionBombError, MemoryError) as e:
        raise NoImage("It needs more memory than is allowed.") from e
    except DECODER_FAULTS as e:
        raise NoImage(f"The image is damaged: {str(e)[:200] or 'it ends too early'}.") from e


def _opened(data: bytes) -> Image.Image:
    """The usual two formats are told by their first bytes; asking all decoders takes longer than decoding a digit."""
    for start, decoder in STARTS:
        if data.startswith(start):
            return decoder(io.BytesIO(data))
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _measure(image: Image.Image) -> tuple[int, int, str]:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise NoImage(f"It has {width:,} × {height:,} pixels; {MAX_PIXELS:,} are allowed.")
    mode = image.mode
    image.load()
    if getattr(image, "is_animated", False):
        _load_frames(image, width * height)
    if not NOTED.isdisjoint(image.info) and image.getexif().get(0x0112) in TURNED:
        return height, width, mode
    return width, height, mode


def _load_frames(image: Image.Image, pixels: int) -> None:
    frames = int(getattr(image, "n_frames", 1))
    if frames * pixels > MAX_FRAME_PIXELS:
        raise NoImage(f"It has {frames:,} frames, too many to look at.")
    for frame in range(1, frames):
        image.seek(frame)
        if image.size[0] * image.size[1] > MAX_PIXELS:
            raise NoImage("One of its frames is too large.")
        image.load()
    image.seek(0)


def _foreign(data: bytes) -> str:
    start = data[:512].lstrip().lower()
    if b"<svg" in start or (start.startswith(b"<?xml") and b"svg" in data[:4096].lower()):
        return "SVG is a drawing, not an image of pixels; convert it to PNG."
    return "It is no image that is read here (PNG, JPEG, WebP, GIF, TIFF, BMP)."
