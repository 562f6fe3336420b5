"""What a target returns → plain values that have a JSON form.

numpy, pandas, Pillow, pydantic and torch values are recognised by what they can do, so that none of them is imported.
NaN and the infinities, which JSON cannot write, come out as null.
"""

import base64
import dataclasses
import io
from collections.abc import Callable, Mapping, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

_ATOMS = frozenset({str, int, float, bool, type(None)})


class UnserialisableError(Exception):
    """Part of a result has no JSON form. ``path`` leads to it from the result's top."""

    def __init__(self, type_name: str, reason: str = "has no JSON form") -> None:
        super().__init__(type_name)
        self.type_name = type_name
        self.reason = reason
        self.path: list[str | int] = []

    def __str__(self) -> str:
        place = "".join(f"/{part}" for part in self.path) or "the top"
        return f"the result has a value of type {self.type_name} at {place}, which {self.reason}"


def to_plain(value: Any) -> Any:
    """The value as str, int, float, bool, None, lists and dicts with str keys. Raises UnserialisableError."""
    try:
        return _plain(value)
    except RecursionError as error:
        raise UnserialisableError(_name(value), "is nested too deeply or contains itself") from error


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is list or kind is tuple:
        return _items(value)
    if kind is dict:
        return _members(value)
    return _special(value)


def _items(values: Any) -> list[Any]:
    if _ATOMS.issuperset(map(type, values)):
        return list(values)
    plain = []
    for index, value in enumerate(values):
        try:
            plain.append(_plain(value))
        except UnserialisableError as error:
            error.path.insert(0, index)
            raise
    return plain


def _members(values: Mapping[Any, Any]) -> dict[str, Any]:
    plain = {}
    for key, value in values.items():
        name = key if type(key) is str else _key(key)
        try:
            plain[name] = _plain(value)
        except UnserialisableError as error:
            error.path.insert(0, name)
            raise
    return plain


def _key(key: Any) -> str:
    plain = _plain(key)
    if isinstance(plain, bool | None):
        return {True: "true", False: "false", None: "null"}[plain]
    if isinstance(plain, str | int | float):
        return str(plain)
    raise UnserialisableError(_name(key), "cannot be a key in JSON")


def _special(value: Any) -> Any:
    for types, convert in _KNOWN:
        if isinstance(value, types):
            return convert(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _members({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    for feature, convert in _FEATURES:
        if hasattr(type(value), feature):
            return convert(value)
    if type(value).__name__ == "NAType":  # pandas' missing value
        return None
    raise UnserialisableError(_name(value))


def _moment(value: Any) -> str | None:
    return value.isoformat() if value == value else None  # noqa: PLR0124 (pandas' NaT is a datetime unequal to itself)


def _file(path: PurePath) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (a PurePath cannot open itself)
            return _base64(file.read())
    except OSError as error:
        raise UnserialisableError(_name(path), f"names a file that cannot be read ({error})") from error


def _base64(data: Any) -> str:
    return base64.b64encode(data).decode("ascii")


def _array(value: Any) -> Any:
    """An array, scalar, series or tensor, all of which offer ``tolist``."""
    kind = getattr(getattr(value, "dtype", None), "kind", "O")
    if kind in "mM" and type(value).__module__ == "numpy":  # in nanoseconds, numpy would list plain integers
        value = value.astype("datetime64[us]" if kind == "M" else "timedelta64[us]")
    plain = value.tolist()
    if type(plain) is type(value):
        raise UnserialisableError(_name(value))
    return plain if kind in "biufU" else _plain(plain)  # numbers and text need no walk


def _image(image: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return _base64(buffer.getvalue())


_KNOWN: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Enum, lambda value: _plain(value.value)),
    (str, str.__str__),
    (bool, bool),
    (int, int.__int__),
    (float, float.__float__),
    (datetime | date | time, _moment),
    (timedelta, timedelta.total_seconds),
    (Decimal, float),
    (UUID, str),
    (bytes | bytearray | memoryview, _base64),
    (PurePath, _file),
    (Mapping, _members),
    (list | tuple | Set, lambda value: _items(tuple(value))),
)
_FEATURES: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("tolist", _array),  # numpy, pandas.Series, pandas.Index, torch
    ("to_dicts", lambda value: _items(value.to_dicts())),  # polars
    ("iloc", lambda value: _items(value.to_dict(orient="records"))),  # pandas.DataFrame
    ("numpy", lambda value: _plain(value.numpy())),  # tensorflow
    ("model_dump", lambda value: _plain(value.model_dump(mode="json"))),  # pydantic 2
    ("__get_validators__", lambda value: _plain(value.dict())),  # pydantic 1
    ("getexif", _image),  # Pillow
)


def _name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
