"""The port ``Pictures`` by Pillow: three formats, bounded before anything is decoded, written anew without metadata."""

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from modelyard.rooms.repos.errors import PictureInvalid, PictureTooLarge

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 10 * 1024**2
MAX_SIDE, MAX_PIXELS = 10_000, 40_000_000
SHOWN_SIDE = 1024
QUALITY = 85
MEDIA_TYPE = "image/webp"
REMEDY = "Use a PNG, JPEG or WebP picture."


class PillowPictures:
    """Decodes one frame and writes it as WebP, ``SHOWN_SIDE`` pixels wide and high at most, as its camera was held."""

    media_type = MEDIA_TYPE

    def redraw(self, file: Path) -> bytes:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise PictureTooLarge(f"It has {size} bytes; {MAX_BYTES} are allowed.", remedy="Make it smaller.")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                return _redraw(file)
        except (UnidentifiedImageError, Image.DecompressionBombWarning, Image.DecompressionBombError) as e:
            raise PictureInvalid("This is no picture that can be shown.", remedy=REMEDY, field="upload") from e
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError) as e:  # what decoders raise
            raise PictureInvalid("The picture is damaged.", remedy=REMEDY, field="upload") from e


def _redraw(file: Path) -> bytes:
    with Image.open(file, formats=FORMATS) as image:
        width, height = image.size
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
            raise PictureTooLarge(f"It is {width} × {height} pixels.", remedy="Make it smaller, such as 1024 × 1024.")
        image.draft("RGB", (SHOWN_SIDE, SHOWN_SIDE))
        turned = ImageOps.exif_transpose(image)
        shown = turned.convert("RGBA" if turned.mode in ("RGBA", "LA", "PA", "P") else "RGB")
        shown.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        target = io.BytesIO()
        shown.save(target, "WEBP", quality=QUALITY, exif=b"", icc_profile=None)
        return target.getvalue()
