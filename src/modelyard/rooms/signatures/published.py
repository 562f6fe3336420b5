"""The form that an image brings along: a JSON Schema (2020-12) written by whoever made it, or Cog's OpenAPI document.

Everything that is later validated against it runs on the server, so what it may be is bounded: nothing remote, nothing
recursive, not deep, not large, also where ``$ref`` repeats the same part again and again.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from modelyard.rooms.signatures.errors import SchemaRefused
from modelyard.rooms.signatures.schemas import Schema, Signature

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_NODES = 20_000
"""Objects and lists, counted as often as references repeat them."""
DRAFT = "https://json-schema.org/draft/2020-12/schema"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
RESERVED = frozenset({"inputs.json", "params.json"})
"""Files that a container finds beside its inputs."""
REFUSED = ("$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$recursiveAnchor", "$anchor", "$vocabulary")


def read_published(text: str) -> Signature:
    """The signature that a schema of one object gives; raises ``SchemaRefused`` with a JSON pointer."""
    schema = _parse(text)
    if str(schema.get("$schema", DRAFT)).rstrip("#") != DRAFT:
        raise _refused("/$schema", f"is not {DRAFT}")
    return _accept(schema)


def read_cog(text: str) -> Signature:
    """The signature that Cog's OpenAPI document gives by ``components.schemas.Input``; raises ``SchemaRefused``."""
    document = _parse(text)
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    if not isinstance(schemas, dict) or not isinstance(schemas.get("Input"), dict):
        raise _refused("/components/schemas/Input", "is missing")
    parts = {name: _from_cog(schema) for name, schema in schemas.items() if name not in ("Input", "Output")}
    schema = _from_cog(schemas["Input"])
    schema["$defs"] = _reached(schema, parts)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        ordered = sorted(properties.items(), key=_cog_order)
        schema["properties"] = {name: _cog_input(value) for name, value in ordered}
    return _accept(schema)


def _parse(text: str) -> Schema:
    if len(text.encode()) > MAX_BYTES:
        raise _refused("", f"is larger than {MAX_BYTES // 1024} KiB")
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise _refused("", "is not JSON, or is nested too deeply") from e
    if not isinstance(schema, dict):
        raise _refused("", "is not a JSON object")
    return schema


def _accept(schema: Schema) -> Signature:
    _Walk(schema).check()
    _check_draft(schema)
    if schema.get("type", "object") != "object" or "properties" not in schema:
        raise _refused("/type", "is not the schema of one object with properties")
    _check_names(schema)
    _check_defaults(schema)
    return Signature({"required": [], **schema, "type": "object"}, {})


def _check_draft(schema: Schema) -> None:
    error = best_match(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema))
    if error is not None:
        raise _refused(_pointer(error.absolute_path), f"is no JSON Schema (2020-12): {error.message[:300]}")


def _check_names(schema: Schema) -> None:
    variables: dict[str, str] = {}
    for name in schema["properties"]:
        pointer = _pointer(("properties", name))
        if not NAME.fullmatch(name) or name in RESERVED:
            raise _refused(pointer, "is no name: write a letter, then letters, digits, '_', '-' and '.'")
        variable = re.sub(r"[.-]", "_", name).upper()
        if variable in variables:
            raise _refused(pointer, f"and {variables[variable]!r} would be the same environment variable, {variable}")
        variables[variable] = name
    for number, name in enumerate(schema.get("required", ())):
        if name not in schema["properties"]:
            raise _refused(f"/required/{number}", f"names {name!r}, which is no property")


def _check_defaults(schema: Schema) -> None:
    """Defaults are filled in where nothing is given, so each has to be valid itself."""
    for name, part in schema["properties"].items():
        if not isinstance(part, dict) or "default" not in part:
            continue
        alone = {key: value for key, value in schema.items() if key != "required"}
        error = best_match(Draft202012Validator(alone).iter_errors({name: part["default"]}))
        if error is not None:
            raise _refused(_pointer(("properties", name, "default")), f"is not valid: {error.message[:300]}")


class _Walk:
    """Follows a schema and its references: how deep it goes and how much it is, each part looked at once."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._known: dict[int, tuple[int, int]] = {}
        self._under_way: set[int] = set()

    def check(self) -> None:
        depth, nodes = self._measure(self._schema, "", 0)
        if depth > MAX_DEPTH:
            raise _refused("", f"is nested more than {MAX_DEPTH} deep")
        if nodes > MAX_NODES:
            raise _refused("", f"has more than {MAX_NODES} parts, references counted as often as they are made")

    def _measure(self, node: Any, pointer: str, level: int) -> tuple[int, int]:
        """How deep the node goes and how many parts it has. Raises ``SchemaRefused``."""
        if not isinstance(node, dict | list):
            return 0, 0
        if level > 4 * MAX_DEPTH:
            raise _refused(pointer, f"is nested more than {MAX_DEPTH} deep")
        if id(node) in self._under_way:
            raise _refused(pointer, "is recursive")
        if id(node) not in self._known:
            self._under_way.add(id(node))
            self._known[id(node)] = self._measure_parts(node, pointer, level)
            self._under_way.discard(id(node))
        return self._known[id(node)]

    def _measure_parts(self, node: dict[str, Any] | list[Any], pointer: str, level: int) -> tuple[int, int]:
        items = node.items() if isinstance(node, dict) else enumerate(node)
        measured = [self._measure(value, f"{pointer}/{_escaped(key)}", level + 1) for key, value in items]
        if isinstance(node, dict) and self._is_schema(pointer):
            _check_words(node, pointer)
            if isinstance(node.get("$ref"), str):
                measured.append(self._measure(self._target(node["$ref"], pointer), f"{pointer}/$ref", level + 1))
        return 1 + max((depth for depth, _ in measured), default=0), 1 + sum(nodes for _, nodes in measured)

    def _target(self, reference: str, pointer: str) -> Any:
        """What a reference within the document names."""
        if reference != "#" and not reference.startswith("#/"):
            raise _refused(f"{pointer}/$ref", "is not a reference within the document, such as #/$defs/point")
        found: Any = self._schema
        for part in reference[2:].split("/") if reference != "#" else ():
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or key not in found:
                raise _refused(f"{pointer}/$ref", f"names {reference}, which is not there")
            found = found[key]
        return found

    def _is_schema(self, pointer: str) -> bool:
        """Whether a node is a schema rather than a list of names or a value of the author's."""
        parts = pointer.split("/")
        named = parts[-1] in ("properties", "$defs", "patternProperties", "dependentSchemas")
        is_map = named and (len(parts) < 3 or parts[-2] not in ("properties", "$defs"))
        return not is_map and not any(part in ("default", "const", "enum", "examples") for part in _keywords(parts))


def _keywords(parts: list[str]) -> Iterator[str]:
    """The parts of a pointer that are words of JSON Schema, without the names that authors give."""
    named = False
    for part in parts[1:]:
        if not named:
            yield part
        named = not named and part in ("properties", "$defs", "patternProperties", "dependentSchemas")


def _check_words(node: Mapping[str, Any], pointer: str) -> None:
    for word in REFUSED:
        if word in node:
            raise _refused(f"{pointer}/{word}", "cannot be used here")
    if "$id" in node and pointer:
        raise _refused(f"{pointer}/$id", "stands below the top, where it would change what references mean")
    pattern = node.get("pattern")
    if isinstance(pattern, str):
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as e:
            raise _refused(f"{pointer}/pattern", f"is no regular expression: {e}") from e


def _from_cog(schema: Any) -> Any:
    """As JSON Schema 2020-12: references lead to ``$defs``."""
    text = json.dumps(schema).replace('"#/components/schemas/', '"#/$defs/')
    return json.loads(text)


def _reached(schema: Schema, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``parts`` that the schema leads to."""
    reached: dict[str, Any] = {}
    left = [schema]
    while left:
        for name in re.findall(r'"#/\$defs/([^"/]+)"', json.dumps(left.pop())):
            if name in parts and name not in reached:
                reached[name] = parts[name]
                left.append(parts[name])
    return reached


def _cog_order(item: tuple[str, Any]) -> tuple[int, str]:
    order = item[1].get("x-order") if isinstance(item[1], dict) else None
    return (order if isinstance(order, int) else 1_000_000, item[0])


def _cog_input(schema: Any) -> Any:
    """A text that is an address is a file to Cog; a list of them is files."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "string" and schema.get("format") == "uri":
        return {**schema, "x-modelyard": "file"}
    items = schema.get("items")
    if schema.get("type") == "array" and isinstance(items, dict) and items.get("format") == "uri":
        return {**schema, "x-modelyard": "files"}
    return schema


def _pointer(path: Any) -> str:
    return "".join(f"/{_escaped(part)}" for part in path)


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _refused(pointer: str, what: str) -> SchemaRefused:
    return SchemaRefused(
        f"{pointer or 'The schema'} {what}.",
        remedy="Correct the schema (docs/guides/images.md says what it may be) and push the image again.",
        field=pointer or "/",
    )
