"""What all adapters have in common: a model that answers one row a call, or many rows at once."""

from collections.abc import Callable
from typing import Any

from modelyard_box.errors import Mismatch
from modelyard_box.outgoing import to_plain

Schema = dict[str, Any]
Inputs = dict[str, Any]


class RowModel:
    """One row of named inputs in, one output out. ``takes_batches``: the rows of several calls may go together."""

    takes_batches = True

    def __init__(self) -> None:
        self.notes: list[str] = []

    def predict_rows(self, rows: list[Inputs]) -> list[Any]:
        """An output for each row, which stands alone. Raises Mismatch, and what the model raises."""
        raise NotImplementedError

    def signature(self) -> Schema:
        """What the model takes and gives: ``inputs`` and ``output`` as JSON Schema, ``streams`` and ``notes``."""
        raise NotImplementedError

    def predict(self, /, **inputs: Any) -> Any:
        """One row."""
        return self.predict_rows([inputs])[0]


class Together:
    """Runs the rows of several calls as one: what ``calling.Caller`` asks of a batcher."""

    def __init__(self, model: RowModel) -> None:
        self._model = model

    def call(self, calls: list[Inputs | Mismatch]) -> list[Any]:
        """A plain output for each call, and each Mismatch as it is. Raises what the model raises."""
        rows = [inputs for inputs in calls if not isinstance(inputs, Mismatch)]
        outputs = iter(self._model.predict_rows(rows) if rows else [])
        return [inputs if isinstance(inputs, Mismatch) else to_plain(next(outputs)) for inputs in calls]


def make_signature(properties: dict[str, Schema], output: Schema, notes: list[str]) -> Schema:
    """A signature whose inputs are all required, and no other is taken."""
    inputs = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"inputs": inputs, "output": output, "streams": False, "notes": notes}


def array_schema(shape: tuple[int | None, ...], item: Schema) -> Schema:
    """Lists in lists of that shape, None for any length; an empty shape is the item itself."""
    schema = item
    for length in reversed(shape):
        bounds = {} if length is None else {"minItems": length, "maxItems": length}
        schema = {"type": "array", "items": schema, **bounds}
    return {**schema, "x-modelyard": "array"} if shape else schema


def schema_of(value: Any) -> Schema:
    """A schema for values like this plain one; lists may have any length."""
    if isinstance(value, list):
        return {"type": "array", "items": schema_of(value[0])} if value else {"type": "array"}
    if isinstance(value, dict):
        return {"type": "object", "properties": {name: schema_of(part) for name, part in value.items()}}
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, kind):
            return {"type": name}
    return {}


def sample_of(schema: Schema) -> Any:
    """A value that fits a schema of this folder, for a first call: zeros, empty texts, first choices."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return [sample_of(schema.get("items", {}))] * schema.get("minItems", 8)
    return {"string": "", "boolean": False, "integer": 0, "number": 0.0}.get(str(kind))


def tried_output(model: RowModel, properties: dict[str, Schema]) -> Schema:
    """The schema of what the model answers to a made-up row; raises what the model raises."""
    row = {name: sample_of(schema) for name, schema in properties.items()}
    return schema_of(to_plain(model.predict_rows([row])[0]))


def row_converter(numpy: Any, name: str, dtype: Any, rank: int | None) -> Callable[[Any], Any]:
    """JSON → an array of that type and number of dimensions; raises Mismatch that names the input."""

    def convert(value: Any) -> Any:
        try:
            array = numpy.asarray(value, dtype=dtype)
        except (TypeError, ValueError, OverflowError) as error:
            raise Mismatch(f"does not fit what the model takes: {error}", [name]) from error
        if rank is not None and array.ndim != rank:
            raise Mismatch(f"has {array.ndim} dimensions, and the model takes {rank}", [name])
        return array

    return convert


def is_uniform(arrays: list[Any]) -> bool:
    """Whether arrays can be put together."""
    return len({array.shape for array in arrays}) <= 1
