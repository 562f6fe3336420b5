"""MLflow's model signatures (``ModelSignature.to_dict`` of MLflow 2 and 3) as ours.

One prediction takes one row: a column is an input of its own, a tensor loses its first, open dimension.
"""

import json
from collections.abc import Mapping
from typing import Any

from modelyard.rooms.signatures.errors import SignatureUnsupported
from modelyard.rooms.signatures.schemas import Schema, Signature

MAX_COLUMNS = 2000
MAX_DEPTH = 10
SCALARS: dict[str, Schema] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "long": {"type": "integer"},
    "float": {"type": "number"},
    "double": {"type": "number"},
    "string": {"type": "string"},
    "binary": {"type": "string", "contentEncoding": "base64", "x-modelyard": "file"},
    "datetime": {"type": "string", "format": "date-time"},
    "any": {},
}
KINDS = {"float": "number", "int": "integer", "uint": "integer", "bool": "boolean", "str": "string", "object": ""}
UNNAMED = "input"


def read_mlflow_signature(document: Mapping[str, Any]) -> Signature:
    """The signature in an ``MLmodel`` file; raises ``SignatureUnsupported`` for what is no such signature."""
    try:
        inputs = _listed(document.get("inputs"))
        properties, required = _properties(inputs)
        for param in _listed(document.get("params")):
            properties[_name(param, "")] = _param(param)
        output = _output(_listed(document.get("outputs")))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as e:
        raise SignatureUnsupported(f"The signature in MLmodel cannot be read ({type(e).__name__}: {e}).") from e
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return Signature(schema, output)


def _listed(value: Any) -> list[Mapping[str, Any]]:
    """Schemas stand in the YAML as JSON text."""
    found = json.loads(value) if isinstance(value, str) else value
    if found is None:
        return []
    if not isinstance(found, list) or len(found) > MAX_COLUMNS or not all(isinstance(item, dict) for item in found):
        raise ValueError("it is no list of columns")
    return found


def _properties(specs: list[Mapping[str, Any]]) -> tuple[dict[str, Schema], list[str]]:
    properties: dict[str, Schema] = {}
    required = []
    for index, spec in enumerate(specs):
        name = _name(spec, UNNAMED if len(specs) == 1 else str(index))
        properties[name] = _input(spec)
        if spec.get("required", True):
            required.append(name)
    return properties, required


def _name(spec: Mapping[str, Any], default: str) -> str:
    name = spec.get("name")
    if name is None and default:
        return default
    if not isinstance(name, str | int) or len(str(name)) > 200:
        raise ValueError("a column has no usable name")
    return str(name)


def _input(spec: Mapping[str, Any]) -> Schema:
    schema = _schema(spec)
    return schema if spec.get("required", True) else {"anyOf": [schema, {"type": "null"}]}


def _schema(spec: Mapping[str, Any], *, depth: int = 0) -> Schema:
    """A column (``ColSpec``), a tensor (``TensorSpec``), or the part of a nested column."""
    if depth > MAX_DEPTH:
        raise ValueError("it is nested too deeply")
    kind = str(spec["type"]).lower()
    if kind == "tensor":
        return _tensor(spec["tensor-spec"])
    if kind == "array":
        return {"type": "array", "items": _schema(spec["items"], depth=depth + 1)}
    if kind == "object":
        members = {name: _schema(part, depth=depth + 1) for name, part in spec["properties"].items()}
        required = [name for name, part in spec["properties"].items() if part.get("required", True)]
        return {"type": "object", "properties": members, "required": required}
    if kind == "map":
        return {"type": "object", "additionalProperties": _schema(spec["values"], depth=depth + 1)}
    return dict(SCALARS.get(kind, {}))


def _tensor(spec: Mapping[str, Any]) -> Schema:
    """One item of a batch, where the first dimension is open; else the whole."""
    shape = [int(n) for n in spec["shape"]]
    return nested_schema(shape[1:] if shape[:1] == [-1] else shape, _item(str(spec["dtype"])))


def nested_schema(shape: list[int], item: Schema) -> Schema:
    """Lists in lists of that shape; -1 stands for any length. No dimension: the item itself."""
    schema = item
    for index, length in enumerate(reversed(shape[:32])):
        bounds = {"minItems": length, "maxItems": length} if length >= 0 else {}
        schema = {"type": "array", "items": schema, **bounds}
        if index == len(shape) - 1:
            schema["x-modelyard"] = "array"
    return schema


def _item(dtype: str) -> Schema:
    kind = KINDS.get(dtype.rstrip("0123456789"), "")
    return {"type": kind} if kind else {}


def _param(spec: Mapping[str, Any]) -> Schema:
    schema = dict(SCALARS.get(str(spec.get("type", "")).lower(), {}))
    if spec.get("shape") is not None:
        schema = {"type": "array", "items": schema}
    default = spec.get("default")
    if default is None:
        return {"anyOf": [schema, {"type": "null"}], "default": None}
    return {**schema, "default": default}


def _output(specs: list[Mapping[str, Any]]) -> Schema:
    if not specs:
        return {}
    if len(specs) == 1 and specs[0].get("name") is None:
        return _schema(specs[0])
    properties, _ = _properties(specs)
    are_tensors = all(spec.get("type") == "tensor" for spec in specs)
    return {"type": "object", "properties": properties, **({"x-modelyard": "tensors"} if are_tensors else {})}
