"""Reads the opcodes of a pickle one by one, with bounded arguments; nothing is built and nothing is called.

The grammar is that of the standard library's ``pickletools``; its readers are not used because they read arguments of
any length into memory.
"""

import pickletools
import struct
from collections.abc import Iterator
from typing import IO, Any

MAX_TEXT = 64 * 1024
"""Longest argument that is kept; what is longer is passed over and stands as ``LONG``."""
CHUNK = 1024**2


class Malformed(Exception):
    """The bytes are no pickle from here on. Caught inside this room."""


class _Long:
    """An argument that was too long to be kept."""


LONG = _Long()

_OPCODES = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}
_FIXED = {"uint1": "<B", "uint2": "<H", "int4": "<i", "uint4": "<I", "uint8": "<Q", "float8": ">d"}
_COUNTED = {
    **dict.fromkeys(("string1", "bytes1", "unicodestring1", "long1"), "<B"),
    **dict.fromkeys(("string4", "bytes4", "unicodestring4", "long4"), "<I"),
    **dict.fromkeys(("bytes8", "unicodestring8", "bytearray8"), "<Q"),
}


def read_opcodes(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Name and argument of each opcode up to and with ``STOP``; raises ``Malformed``.

    Text is ``str``, other counted arguments ``bytes``, the pair of ``GLOBAL`` is one text with a space, as in
    ``pickletools``. Between two opcodes the file stands right behind the first.
    """
    while True:
        code = file.read(1)
        opcode = _OPCODES.get(code)
        if opcode is None:
            raise Malformed("it ends too early" if not code else f"byte {code!r} begins no instruction")
        yield opcode.name, _argument(file, opcode.arg.name) if opcode.arg is not None else None
        if opcode.name == "STOP":
            return


def skip(file: IO[bytes], count: int) -> None:
    """Passes over ``count`` bytes; raises ``Malformed`` when there are fewer."""
    while count > 0:
        read = len(file.read(min(count, CHUNK)))
        if not read:
            raise Malformed("it ends too early")
        count -= read


def read_exactly(file: IO[bytes], count: int) -> bytes:
    """Raises ``Malformed`` when there are fewer."""
    data = file.read(count)
    if len(data) < count:
        raise Malformed("it ends too early")
    return data


def _argument(file: IO[bytes], kind: str) -> Any:
    if form := _FIXED.get(kind):
        return struct.unpack(form, read_exactly(file, struct.calcsize(form)))[0]
    if form := _COUNTED.get(kind):
        return _counted(file, kind, struct.unpack(form, read_exactly(file, struct.calcsize(form)))[0])
    if kind == "stringnl_noescape_pair":
        return f"{_line(file)} {_line(file)}"
    text = _line(file)
    if kind.startswith("decimalnl"):
        return _decimal(text)
    return text.strip("'\"") if kind == "stringnl" else text


def _counted(file: IO[bytes], kind: str, count: int) -> Any:
    if count > MAX_TEXT:
        skip(file, count)
        return LONG
    data = read_exactly(file, count)
    if kind.startswith("unicode"):
        return data.decode("utf-8", "surrogatepass" if _is_text(data) else "replace")
    if kind.startswith("string"):
        return data.decode("latin-1")
    return int.from_bytes(data, "little", signed=True) if kind.startswith("long") else data


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _line(file: IO[bytes]) -> str:
    data = file.readline(MAX_TEXT)
    if not data.endswith(b"\n"):
        raise Malformed("it ends too early" if len(data) < MAX_TEXT else "a line is too long")
    return data[:-1].decode("utf-8", "replace")


def _decimal(text: str) -> Any:
    """Numbers of protocol 0; ``01`` and ``00`` are its booleans."""
    digits = text.rstrip("L")
    if len(digits) > 100:
        return LONG
    try:
        return int(digits)
    except ValueError as e:
        raise Malformed(f"{text[:20]!r} is no number") from e
