"""What the values of a signature look like to protocols that know only tables, tensors and scalars."""

from dataclasses import dataclass
from typing import Any

_SCALARS = {"integer": "integer", "number": "number", "boolean": "boolean", "string": "string"}
_MOST_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Shape:
    """One input or output.

    ``kind``: ``scalar``, ``array`` (nested lists of scalars), ``table`` (a list of objects), ``upload`` (a file or an
    image, as base64 text) or ``any``. ``scalar`` is the JSON type of a scalar or of an array's elements, None where
    that is open. ``depth`` counts an array's dimensions, None where any number will do. ``columns`` are those of a
    table that names them, with their JSON types.
    """

    name: str
    kind: str
    scalar: str | None = None
    depth: int | None = None
    required: bool = True
    columns: tuple[tuple[str, str | None], ...] = ()
    closed: bool = False

    @property
    def is_list(self) -> bool:
        return self.kind in ("array", "table")


def input_shapes(schema: dict[str, Any]) -> list[Shape]:
    """One for each input of a signature, in its order."""
    required = frozenset(schema.get("required", ()))
    definitions = schema.get("$defs", {})
    found = schema.get("properties", {})
    return [shape_of(name, inner, definitions, required=name in required) for name, inner in found.items()]


def output_shapes(schema: dict[str, Any]) -> list[Shape]:
    """The outputs: the fields of an object that names them all, else one that is called ``output``."""
    definitions = schema.get("$defs", {})
    resolved = _resolve(schema, definitions)
    fields = resolved.get("properties")
    if fields and resolved.get("type") == "object" and not resolved.get("additionalProperties"):
        return [shape_of(name, inner, definitions) for name, inner in fields.items()]
    return [shape_of("output", schema, definitions)]


def shape_of(name: str, schema: Any, definitions: dict[str, Any], *, required: bool = True) -> Shape:
    """What a JSON Schema says, as far as a ``Shape`` can."""
    schema = _resolve(schema, definitions)
    mark = schema.get("x-modelyard")
    if mark in ("file", "image"):
        return Shape(name, "upload", "string", required=required)
    if mark == "table" or (schema.get("type") == "array" and _is_record(schema.get("items"), definitions)):
        return _table(name, schema, definitions, required)
    if schema.get("type") == "array":
        depth, scalar = _nesting(schema, definitions)
        loose = depth is None and scalar is None and mark != "array"
        return Shape(name, "any" if loose and "items" in schema else "array", scalar, depth, required)
    scalar = _scalar(schema)
    return Shape(name, "scalar" if scalar else "any", scalar, required=required)


def _table(name: str, schema: dict[str, Any], definitions: dict[str, Any], required: bool) -> Shape:
    row = _resolve(schema.get("items", {}), definitions)
    columns = [(key, _scalar(_resolve(inner, definitions))) for key, inner in row.get("properties", {}).items()]
    closed = bool(columns) and row.get("additionalProperties") is False
    return Shape(name, "table", required=required, columns=tuple(columns), closed=closed)


def _nesting(schema: dict[str, Any], definitions: dict[str, Any]) -> tuple[int | None, str | None]:
    """How many lists are within each other, and what is innermost; None for the first where that is open."""
    for depth in range(1, _MOST_DEPTH):
        schema = _resolve(schema.get("items", {}), definitions)
        if schema.get("type") != "array":
            scalar = _scalar(schema)
            return (depth if scalar else None), scalar
    return None, None


def _scalar(schema: dict[str, Any]) -> str | None:
    found = schema.get("type")
    if isinstance(found, list):
        kinds = [kind for kind in found if kind != "null"]
        found = kinds[0] if len(kinds) == 1 else "number" if set(kinds) == {"integer", "number"} else None
    if found is None:
        choices = [schema["const"]] if "const" in schema else schema.get("enum", [])
        found = _json_type(choices)
    return _SCALARS.get(found) if isinstance(found, str) else None


def _json_type(choices: list[Any]) -> str | None:
    kinds = {type(choice) for choice in choices if choice is not None}
    names = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(kinds.pop()) if len(kinds) == 1 else None


def _is_record(schema: Any, definitions: dict[str, Any]) -> bool:
    resolved = _resolve(schema, definitions) if schema else {}
    return resolved.get("type") == "object"


def _resolve(schema: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema behind references, and the one arm of a union that is not null."""
    for _ in range(_MOST_DEPTH):
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref", "")
        arms = [arm for arm in schema.get("anyOf", ()) if isinstance(arm, dict) and arm.get("type") != "null"]
        if reference.startswith("#/$defs/"):
            schema = definitions.get(reference.removeprefix("#/$defs/"), {})
        elif len(arms) == 1:
            schema = arms[0]
        else:
            return schema
    return {}
