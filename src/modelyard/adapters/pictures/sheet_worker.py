"""The process that draws sheets, ``python -I -m modelyard.adapters.pictures.sheet_worker``: see ``kit.workers``."""

import base64
import io
import warnings
import zlib
from pathlib import Path

from PIL import Image, ImageOps

from modelyard.adapters.pictures.preview_worker import FORMATS, MAX_PIXELS, plain
from modelyard.kit.workers import Answer, Request, serve

MAX_BYTES = 64 * 1024**2
DEFLATED = 8
QUALITY = 80
QUICK = 0
"""WebP's least effort: somebody waits, and the sheet is looked at once."""


def handle(request: Request) -> Answer:
    """``pictures`` (lists of file, offset, length, method) → ``sheet``, squares of ``side``, ``columns`` in a row."""
    side, columns, pictures = request["side"], request["columns"], request["pictures"]
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGBA", (side * min(columns, len(pictures)), side * rows))
    for number, (file, *place) in enumerate(pictures):
        small = _small(file, *place, side=side)
        if small is not None:
            left, top = (number % columns) * side, (number // columns) * side
            sheet.paste(small, (left + (side - small.width) // 2, top + (side - small.height) // 2))
    target = io.BytesIO()
    sheet.save(target, "WEBP", quality=QUALITY, method=QUICK)
    return {"sheet": base64.b64encode(target.getvalue()).decode()}


def _small(file: str, offset: int, length: int, method: int, *, side: int) -> Image.Image | None:
    """The picture, ``side`` wide or high; None for what cannot be drawn."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _draw(_read(file, offset, length, method), side)
    except Exception:  # whatever a decoder raises on whatever strangers made: the square stays empty
        return None


def _read(file: str, offset: int, length: int, method: int) -> bytes:
    if length > MAX_BYTES:
        raise ValueError("too long")
    with Path(file).open("rb", buffering=0) as stream:
        stream.seek(offset)
        data = stream.read(length)
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, MAX_BYTES) if method == DEFLATED else data


def _draw(data: bytes, side: int) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        image.draft("RGB", (side, side))
        shown = plain(ImageOps.exif_transpose(image) if "exif" in image.info else image)
        times = side // max(shown.size)
        if times > 1:  # digits and icons: their pixels are to be seen
            return shown.resize((shown.width * times, shown.height * times), Image.Resampling.NEAREST)
        shown.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
        return shown


if __name__ == "__main__":
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    serve(handle)
