"""The types that a form can show, by dotted name. ``collections.abc`` and ``typing_extensions`` count as ``typing``."""

from typing import Any

from modelyard.rooms.signatures.schemas import Schema

BASE64: Schema = {"type": "string", "contentEncoding": "base64"}
IMAGE: Schema = {**BASE64, "contentMediaType": "image/*", "x-modelyard": "image"}
FILE: Schema = {**BASE64, "x-modelyard": "file"}
TABLE: Schema = {"type": "array", "items": {"type": "object"}, "x-modelyard": "table"}
ARRAY: Schema = {"type": "array", "x-modelyard": "array"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
STRING: Schema = {"type": "string"}
LIST: Schema = {"type": "array"}
OBJECT: Schema = {"type": "object"}

INPUT_KINDS = frozenset({"file", "files", "image", "table"})
"""What an input of an operation can be: one file of some kind, or a folder of files."""

NAMED: dict[str, Schema] = {
    "builtins.int": INTEGER,
    "builtins.float": NUMBER,
    "builtins.str": STRING,
    "builtins.bool": {"type": "boolean"},
    "builtins.bytes": FILE,
    "builtins.bytearray": FILE,
    "builtins.list": LIST,
    "builtins.tuple": LIST,
    "builtins.set": {"type": "array", "uniqueItems": True},
    "builtins.frozenset": {"type": "array", "uniqueItems": True},
    "builtins.dict": OBJECT,
    "builtins.object": {},
    "typing.Any": {},
    "typing.AnyStr": STRING,
    "typing.Text": STRING,
    "typing.List": LIST,
    "typing.Tuple": LIST,
    "typing.Sequence": LIST,
    "typing.Iterable": LIST,
    "typing.Dict": OBJECT,
    "typing.Mapping": OBJECT,
    "pathlib.Path": FILE,
    "pathlib.PurePath": FILE,
    "pydantic.FilePath": FILE,
    "datetime.date": {"type": "string", "format": "date"},
    "datetime.datetime": {"type": "string", "format": "date-time"},
    "datetime.time": {"type": "string", "format": "time"},
    "datetime.timedelta": {**NUMBER, "title": "Seconds"},
    "uuid.UUID": {"type": "string", "format": "uuid"},
    "decimal.Decimal": NUMBER,
    "PIL.Image.Image": IMAGE,
    "PIL.Image": IMAGE,  # `from PIL import Image` and then `image: Image`, as many write
    "numpy.ndarray": ARRAY,
    "numpy.typing.NDArray": ARRAY,
    "numpy.typing.ArrayLike": ARRAY,
    "pandas.DataFrame": TABLE,
    "pandas.core.frame.DataFrame": TABLE,
    "pydantic.StrictInt": INTEGER,
    "pydantic.StrictFloat": NUMBER,
    "pydantic.StrictStr": STRING,
    "pydantic.StrictBool": {"type": "boolean"},
    "pydantic.PositiveInt": {"type": "integer", "exclusiveMinimum": 0},
    "pydantic.NonNegativeInt": {"type": "integer", "minimum": 0},
    "pydantic.NegativeInt": {"type": "integer", "exclusiveMaximum": 0},
    "pydantic.PositiveFloat": {"type": "number", "exclusiveMinimum": 0},
    "pydantic.NonNegativeFloat": {"type": "number", "minimum": 0},
    "pydantic.NegativeFloat": {"type": "number", "exclusiveMaximum": 0},
}
LISTS = {
    "builtins.list",
    "typing.List",
    "typing.Sequence",
    "typing.MutableSequence",
    "typing.Collection",
    "typing.Iterable",
}
SETS = {"builtins.set", "builtins.frozenset", "typing.Set", "typing.FrozenSet", "typing.AbstractSet"}
TUPLES = {"builtins.tuple", "typing.Tuple"}
MAPPINGS = {
    "builtins.dict",
    "typing.Dict",
    "typing.Mapping",
    "typing.MutableMapping",
    "collections.OrderedDict",
    "typing.OrderedDict",
    "typing.DefaultDict",
    "collections.defaultdict",
}
STREAMS = {
    "typing.Iterator",
    "typing.Generator",
    "typing.Iterable",
    "typing.AsyncIterator",
    "typing.AsyncGenerator",
    "typing.AsyncIterable",
}
AWAITABLES = {"typing.Awaitable": 0, "typing.Coroutine": 2}
"""Wrappers of a result, and which of their arguments is the result."""
TRANSPARENT = {"typing.Required", "typing.NotRequired", "typing.ReadOnly", "typing.Final", "dataclasses.InitVar"}
CONSTRAINED_CALLS: dict[str, Schema] = {
    "pydantic.conint": INTEGER,
    "pydantic.confloat": NUMBER,
    "pydantic.constr": STRING,
}
INTEGER_SCALARS = {f"numpy.{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)} | {"numpy.integer"}
OPERATION_KINDS = {
    "pathlib.Path": "files",
    "pathlib.PurePath": "files",
    "pydantic.DirectoryPath": "files",
    "pydantic.FilePath": "file",
    "builtins.bytes": "file",
    "builtins.bytearray": "file",
    "PIL.Image.Image": "image",
    "PIL.Image": "image",
    "pandas.DataFrame": "table",
    "pandas.core.frame.DataFrame": "table",
}
FLOAT_SCALARS = {"numpy.float16", "numpy.float32", "numpy.float64", "numpy.floating", "numpy.number"}


def operation_schema(name: str) -> Schema | None:
    """As ``named_schema`` for the parameters of an operation, whose files are given as paths."""
    kind = OPERATION_KINDS.get(name)
    return named_schema(name) if kind is None else {"type": "string", "x-modelyard": kind}


def named_schema(name: str) -> Schema | None:
    """A fresh schema for a dotted name, or None where a form cannot show the type."""
    if name in INTEGER_SCALARS:
        return dict(INTEGER)
    if name in FLOAT_SCALARS:
        return dict(NUMBER)
    schema: Any = NAMED.get(name)
    return None if schema is None else dict(schema)
