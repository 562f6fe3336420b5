"""The process that draws previews, ``python -I -m modelyard.adapters.pictures.preview_worker``: see ``kit.workers``."""

import base64
import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from modelyard.kit.workers import Answer, Request, serve

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")
MAX_PIXELS = 100_000_000
LOSSLESS_SIDE = 512
"""Small pictures (digits, masks, plots) are kept exactly."""

QUALITY = 85
DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
"""Modes of more than 8 bits, as microscopes and depth cameras write: shown from their least to their greatest value."""


def handle(request: Request) -> Answer:
    """``file`` → ``picture``, ``side`` pixels wide and high at most; ``refused`` says why there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return {"picture": base64.b64encode(_draw(Path(request["file"]), request["side"])).decode()}
    except (UnidentifiedImageError, Image.DecompressionBombWarning, Image.DecompressionBombError):
        return {"refused": "This is no picture that can be shown, or too large a one."}
    except MemoryError:
        return {"refused": "It needs more memory than is allowed."}
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, TypeError, IndexError, KeyError):
        return {"refused": "The picture is damaged."}  # what decoders raise


def _draw(file: Path, side: int) -> bytes:
    with Image.open(file, formats=FORMATS) as image:
        width, height = image.size
        image.draft("RGB", (side, side))
        shown = plain(ImageOps.exif_transpose(image))
        shown.thumbnail((side, side))
        target = io.BytesIO()
        is_small = max(width, height) <= LOSSLESS_SIDE
        shown.save(target, "WEBP", quality=QUALITY, lossless=is_small, exif=b"", icc_profile=None)
        return target.getvalue()


def plain(image: Image.Image) -> Image.Image:
    """In 8 bits, with or without transparency."""
    if image.mode in DEEP:
        return _stretch(image.convert("F")).convert("L")
    return image.convert("RGBA" if image.mode in ("RGBA", "LA", "PA", "P") else "RGB")


def _stretch(image: Image.Image) -> Image.Image:
    least, greatest = (float(bound) for bound in image.getextrema())  # type: ignore[arg-type]  # one band has two
    scale = 255 / (greatest - least) if greatest > least else 0.0
    return image.point(lambda value: value * scale - least * scale)


if __name__ == "__main__":
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    serve(handle)
