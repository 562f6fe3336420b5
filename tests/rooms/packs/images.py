"""Real images (scikit-learn's digits) as files of archives, and somebody who imports them."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
from PIL import Image
from sklearn.datasets import load_digits

from rooms.datasets.shelf import Collector


@cache
def digits(count: int = 60) -> dict[str, bytes]:
    """PNG files in folders for each digit."""
    data = load_digits()
    return {
        f"{label}/{number:04}.png": encoded(Image.fromarray((16 * image).clip(0, 255).astype("uint8")))
        for number, (image, label) in enumerate(zip(data.images[:count], data.target[:count], strict=True))
    }


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def zipped(files: Mapping[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: Mapping[str, bytes], *, compression: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def begin(
    me: Collector, *archives: tuple[str, bytes], labels: tuple[str, bytes] | None = None, **body: Any
) -> httpx.Response:
    """Asks for an import of archives, given by name."""
    wanted: dict[str, Any] = {"uploads": [me.upload(content, name) for name, content in archives], **body}
    if labels:
        wanted["labels"] = me.upload(labels[1], labels[0])
    return me.http.post(f"{me.path}/imports", json=wanted)
