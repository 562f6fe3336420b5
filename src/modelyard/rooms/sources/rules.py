"""Pure decisions about the fields of a configuration: sizes, texts, packages, versions."""

import re
import unicodedata
from typing import Any

from modelyard.rooms.sources.texts import WrittenFloat

UNITS = {
    "": 1,
    "K": 1000,
    "M": 1000**2,
    "G": 1000**3,
    "T": 1000**4,
    "KI": 1024,
    "MI": 1024**2,
    "GI": 1024**3,
    "TI": 1024**4,
}
SIZE = re.compile(r"^([0-9]{1,15}(?:\.[0-9]{1,3})?) ?([KMGT]?I?)B?$", re.IGNORECASE)
PYTHON = re.compile(r"^3\.([0-9]{1,2})$")
PACKAGE = re.compile(r"^[a-z0-9][a-z0-9+.-]{1,99}$")


def read_size(value: Any) -> Any:
    """Bytes from ``"2 GiB"``, ``"512 MB"`` or a number; ValueError for any other text."""
    if not isinstance(value, str):
        return value
    match = SIZE.match(value.strip())
    if match is None or match[2].upper() not in UNITS:
        raise ValueError('write a number of bytes, or a size such as "2 GiB" or "512 MB"')
    return int(float(match[1]) * UNITS[match[2].upper()])


def read_python(value: Any) -> Any:
    """``3.11`` as text, however it was written; ValueError for what names no minor version of Python 3."""
    text = value.text if isinstance(value, WrittenFloat) else value
    if not isinstance(text, str) or not PYTHON.match(text):
        raise ValueError('write the minor version in quotes, such as "3.11"')
    return text


def read_package(value: str) -> str:
    """The name of a Debian package (Debian Policy 5.6.7); ValueError for anything else."""
    if not PACKAGE.match(value) or value.endswith("-"):
        raise ValueError("write names of Debian packages, such as libsndfile1, without versions or options")
    return value


def read_line(value: str) -> str:
    """A text of one line, in normal form; ValueError when it has line breaks or control characters."""
    text = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        raise ValueError("write one line, without control characters")
    return text


def read_prose(value: str) -> str:
    """A text of any number of lines, ended by ``\\n``; ValueError when it has other control characters."""
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").strip()
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in text):
        raise ValueError("it has control characters")
    return text
