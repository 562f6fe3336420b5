"""Tensors of the Open Inference Protocol: JSON data and binary data ↔ nested lists.

Binary data is little-endian, row major, without padding; BYTES elements have their length before them as a 32-bit
number (KServe's "Binary Tensor Data Extension"). No numpy here: the server process stays small.
"""

import struct
import sys
from array import array
from collections.abc import Callable
from math import prod
from typing import Any

from modelyard_box.errors import Problem

TYPES = {
    "BOOL": "?", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q", "INT8": "b", "INT16": "h", "INT32": "i",
    "INT64": "q", "FP16": "e", "FP32": "f", "FP64": "d", "BF16": "H", "BYTES": "",
}  # fmt: skip
"""Datatypes, and the letter for one element in ``struct`` and ``array``."""

OF_SCALAR = {"integer": "INT64", "number": "FP64", "boolean": "BOOL", "string": "BYTES"}
_IN_ARRAY = frozenset("BHIQbhiqfd")
_LENGTH = struct.Struct("<I")
_MOST_DIMENSIONS = 32


def read_tensor(tensor: dict[str, Any], binary: bytes | None) -> tuple[list[Any], list[int]]:
    """The elements of a request's tensor, flat, and its shape. BYTES are text in JSON data and bytes in binary data.

    Raises Problem for what does not fit together.
    """
    name, datatype, shape = _described(tensor)
    count = prod(shape)
    if binary is not None:
        elements = decode(binary, datatype, count, name)
    else:
        elements = _flat(tensor.get("data"), shape, name)
        if not _are(elements, datatype):
            raise malformed(f"tensor '{name}' has data that are not {datatype}")
    if len(elements) != count:
        raise malformed(f"tensor '{name}' has {len(elements)} elements, but its shape {shape} holds {count}")
    return elements, shape


def decode(data: bytes, datatype: str, count: int, name: str) -> list[Any]:
    """Elements from binary data. Raises Problem when there is more or less than ``count`` of them."""
    if datatype == "BYTES":
        return list(_decode_bytes(data, name))
    letter = TYPES[datatype]
    size = struct.calcsize(f"<{letter}")
    if len(data) != count * size:
        raise malformed(f"tensor '{name}' needs {count * size} bytes, and has {len(data)}")
    if datatype == "BF16":
        wide = array("I", [half << 16 for half in _numbers(data, "H")])
        return _numbers(wide.tobytes(), "f", swap=False)
    return _numbers(data, letter)


def encode(elements: list[Any], datatype: str) -> bytes:
    """Binary data of elements; None, which JSON has for NaN, becomes NaN. Raises Problem for what does not fit."""
    try:
        if datatype == "BYTES":
            return b"".join(_LENGTH.pack(len(data)) + data for data in map(_as_bytes, elements))
        if datatype in ("FP64", "FP32", "FP16"):
            elements = [float("nan") if element is None else element for element in elements]
        return struct.pack(f"<{len(elements)}{TYPES[datatype]}", *elements)
    except (struct.error, TypeError, OverflowError) as error:
        raise Problem(500, "result-not-serialisable", f"the output is not a tensor of {datatype}: {error}") from error


def nest(elements: list[Any], shape: list[int]) -> Any:
    """Nested lists from flat elements; a shape without dimensions gives the element itself."""
    if not shape:
        return elements[0]
    for size in reversed(shape[1:]):
        if size == 0:
            return _empty(shape)
        elements = [elements[start : start + size] for start in range(0, len(elements), size)]
    return elements


def measure(value: Any) -> list[int] | None:
    """The shape of nested lists, None when they are ragged."""
    shape: list[int] = []
    level = [value]
    while level and all(isinstance(item, list) for item in level):
        sizes = {len(item) for item in level}
        if len(sizes) != 1 or len(shape) == _MOST_DIMENSIONS:
            return None
        shape.append(sizes.pop())
        level = [inner for item in level for inner in item]
    return None if any(isinstance(item, list) for item in level) else shape


def flatten(value: Any, depth: int) -> list[Any]:
    """The elements of lists that are ``depth`` deep."""
    level = [value]
    for _ in range(depth):
        level = [inner for item in level for inner in item]
    return level


def guess_datatype(elements: list[Any]) -> str | None:
    """The datatype that holds these plain values, None when no tensor does (objects, mixtures)."""
    kinds = {type(element) for element in elements} - {type(None)}
    for datatype, allowed in (("BOOL", {bool}), ("INT64", {int}), ("FP64", {int, float}), ("BYTES", {str})):
        has_gap = datatype != "FP64" and None in elements
        if kinds and kinds <= allowed and not has_gap:
            return datatype
    return None


def malformed(detail: str) -> Problem:
    return Problem(400, "bad-request", detail)


def _described(tensor: dict[str, Any]) -> tuple[str, str, list[int]]:
    name, datatype, shape = tensor.get("name"), tensor.get("datatype"), tensor.get("shape")
    if not isinstance(name, str):
        raise malformed("an input tensor has no name")
    if datatype not in TYPES:
        raise malformed(f"tensor '{name}' has datatype {datatype}; known are {', '.join(TYPES)}")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise malformed(f"tensor '{name}' has no shape, which is a list of sizes")
    if len(shape) > _MOST_DIMENSIONS:
        raise malformed(f"tensor '{name}' has more than {_MOST_DIMENSIONS} dimensions")
    return name, datatype, shape


def _flat(data: Any, shape: list[int], name: str) -> list[Any]:
    """JSON data may be flat or nested."""
    if not isinstance(data, list):
        raise malformed(f"tensor '{name}' has no data: it needs a list, or binary_data_size in its parameters")
    if not data or not isinstance(data[0], list):
        return data
    if measure(data) != shape:
        raise malformed(f"the data of tensor '{name}' are not nested as its shape {shape} says")
    return flatten(data, len(shape))


def _are(elements: list[Any], datatype: str) -> bool:
    kinds = {type(element) for element in elements}
    if datatype == "BOOL":
        return kinds <= {bool}
    if datatype == "BYTES":
        return kinds <= {str}
    if datatype in ("FP16", "BF16", "FP32", "FP64"):
        return kinds <= {int, float, type(None)}
    return kinds <= {int} and _in_range(elements, datatype)


def _in_range(elements: list[int], datatype: str) -> bool:
    bits = int(datatype.removeprefix("U").removeprefix("INT"))
    least, most = (0, 2**bits) if datatype.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    return all(least <= element < most for element in elements)


def _numbers(data: bytes, letter: str, *, swap: bool = sys.byteorder == "big") -> list[Any]:
    if letter not in _IN_ARRAY:
        return list(struct.unpack(f"<{len(data) // struct.calcsize(f'<{letter}')}{letter}", data))
    numbers = array(letter)
    numbers.frombytes(data)
    if swap:
        numbers.byteswap()
    return numbers.tolist()


def _decode_bytes(data: bytes, name: str) -> list[bytes]:
    elements: list[bytes] = []
    start, end = 0, len(data)
    while start < end:
        if end - start < _LENGTH.size:
            raise malformed(f"tensor '{name}' ends within the length of an element")
        (size,) = _LENGTH.unpack_from(data, start)
        start += _LENGTH.size + size
        if start > end:
            raise malformed(f"tensor '{name}' ends within an element")
        elements.append(data[start - size : start])
    return elements


def _as_bytes(element: Any) -> bytes:
    if not isinstance(element, str):
        raise TypeError(f"{type(element).__name__} is not text")
    return element.encode("utf-8", "surrogatepass")


def _empty(shape: list[int]) -> list[Any]:
    make: Callable[[], list[Any]] = list
    for size in reversed(shape[: shape.index(0)]):
        make = _repeated(size, make)
    return make()


def _repeated(size: int, make: Callable[[], list[Any]]) -> Callable[[], list[Any]]:
    return lambda: [make() for _ in range(size)]
