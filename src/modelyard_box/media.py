"""Files and images among the inputs: base64 text, data URIs and uploads, as bytes, paths and Pillow images."""

import binascii
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from modelyard_box.errors import Mismatch

Upload = tuple[bytes, str]
"""What arrives as an uploaded file: its content, and its name or an empty string."""


class Scratch:
    """Files that live as long as one call. The folder is made when the first is needed."""

    def __init__(self) -> None:
        self._folder: str | None = None

    def write(self, name: str, data: bytes) -> Path:
        """Writes a file under its own name, in a folder of its own."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="modelyard-")
        path = Path(tempfile.mkdtemp(dir=self._folder)) / name
        path.write_bytes(data)
        return path

    def clear(self) -> None:
        """Removes what was written since the last time."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def is_url(value: Any) -> bool:
    """Whether a file is given by its address."""
    return type(value) is str and value[:8].lower().startswith(("http://", "https://"))


def to_bytes(value: Any) -> bytes:
    """The bytes of an upload, of base64 text or of a ``data:`` URI. Raises Mismatch."""
    if type(value) is tuple:
        data: bytes = value[0]
        return data
    if type(value) is not str:
        raise Mismatch("is not a file: send base64 text or upload it")
    text = value
    if is_url(text):
        raise Mismatch("is a URL, and this box fetches none: send the bytes, or base64 text")
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        if not head.endswith(";base64"):
            raise Mismatch("is a data URI without base64")
    try:
        return binascii.a2b_base64("".join(text.split()), strict_mode=True)
    except ValueError as error:
        raise Mismatch(f"is not base64: {error}") from error


def to_path(value: Any, scratch: Scratch) -> Path:
    """A file with those bytes, which is gone after the call; an upload keeps its base name. Raises Mismatch."""
    name = os.path.basename(value[1]) if type(value) is tuple else ""  # noqa: PTH119 (the text may be no path at all)
    return scratch.write(name if name.strip(".") else "file", to_bytes(value))


def to_image(value: Any) -> Any:
    """A loaded ``PIL.Image.Image``. Raises Mismatch when Pillow cannot read it or finds it too large."""
    images = sys.modules["PIL.Image"]
    try:
        image = images.open(io.BytesIO(to_bytes(value)))
        image.load()
    except (OSError, ValueError, SyntaxError, images.DecompressionBombError) as error:
        raise Mismatch(f"is not an image that Pillow can read: {error}") from error
    return image
