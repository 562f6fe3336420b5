"""A model's inputs from the command line, read by its signature."""

import base64
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from modelyard.apps.cli.exits import UsageError

BYTES = frozenset({"image", "file"})
TYPES: dict[str, Any] = {
    "integer": int | float,  # 2.0 is an integer to JSON Schema
    "number": int | float,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def read_inputs(arguments: Sequence[str], *, schema: dict[str, Any], whole: str | None = None) -> dict[str, Any]:
    """Inputs by name from ``--name value``, ``--name=value``, ``name=value``, ``--flag``; ``whole`` is a JSON object.

    ``@file`` reads a value from a file (``@-`` from standard input, ``@@`` is a literal ``@``): bytes for an image or a
    file, text for a text, JSON for everything else. Raises ``UsageError`` naming the input.
    """
    known: dict[str, Any] = schema.get("properties", {})
    inputs = _whole(whole) if whole is not None else {}
    for name, text in _pairs(arguments, known):
        if name not in known and schema.get("additionalProperties", True) is False:
            raise UsageError(f"The model has no input '{name}'.", remedy=_choices(known))
        inputs[name] = read_value(f"--{name} ", text, resolved(known.get(name, {}), schema))
    missing = [name for name in schema.get("required", []) if name not in inputs]
    if missing:
        raise UsageError(f"The input '{missing[0]}' is missing.", remedy=_choices(known))
    return inputs


def read_value(option: str, text: str, schema: dict[str, Any]) -> Any:
    """A value as its (resolved) schema says; ``@file`` as in ``read_inputs``. ``option`` is what was written before it,
    with the space or ``=`` between: ``--age ``. Raises ``UsageError``."""
    if text.startswith("@") and not text.startswith("@@"):
        return _from_file(_plain(option), text[1:], schema)
    text = text[1:] if text.startswith("@@") else text
    if schema.get("x-modelyard") in BYTES and not text.startswith("data:"):
        shown = text if Path(text).is_file() else "file"
        raise UsageError(f"{_plain(option)} takes a file.", remedy=f"Write {option}@{shown}.")
    if _takes_text(schema):
        return text if _is_text_only(schema) else _json_or_text(text)
    return _typed(option, text, schema)


def describe_input(name: str, schema: dict[str, Any]) -> str:
    """One line for people: ``--age INTEGER``."""
    return f"--{name} {kind_of(schema)}"


def kind_of(schema: dict[str, Any]) -> str:
    """What a value is, for people: ``INTEGER``, ``LOW|HIGH``, ``@FILE``."""
    return _kind(schema).upper()


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Follows a reference into ``$defs``, and looks through ``X | None``."""
    if "$ref" in schema:
        schema = root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2], {})
    choices = [c for c in schema.get("anyOf", []) if c.get("type") != "null"]
    return resolved(choices[0], root) if len(choices) == 1 else schema


def _whole(text: str) -> dict[str, Any]:
    found = _json("--inputs", _read("--inputs", text[1:]).decode() if text.startswith("@") else text)
    if not isinstance(found, dict):
        raise UsageError("--inputs is not a JSON object.", remedy="Write --inputs '{\"name\": value}' or @file.json.")
    return found


def _pairs(arguments: Sequence[str], known: dict[str, Any]) -> Iterator[tuple[str, str]]:
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, text = argument.removeprefix("--").partition("=")
        if equals:
            yield _own_spelling(name, known), text
        elif not argument.startswith("--"):
            raise UsageError(f"'{argument}' is not understood.", remedy="Write --name value or name=value.")
        elif _is_flag(name, known, rest):
            yield _own_spelling(name, known), "true"
        elif name.startswith("no-") and name not in known:
            yield _own_spelling(name.removeprefix("no-"), known), "false"
        elif rest:
            yield _own_spelling(name, known), rest.pop(0)
        else:
            raise UsageError(f"--{name} has no value.", remedy=f"Write --{name} VALUE or --{name} @file.")


def _own_spelling(name: str, known: dict[str, Any]) -> str:
    """``--max-depth`` for ``max_depth``."""
    return name if name in known else name.replace("-", "_") if name.replace("-", "_") in known else name


def _is_flag(name: str, known: dict[str, Any], rest: list[str]) -> bool:
    boolean = known.get(_own_spelling(name, known), {}).get("type") == "boolean"
    return boolean and (not rest or rest[0] not in ("true", "false"))


def _typed(option: str, text: str, schema: dict[str, Any]) -> Any:
    try:
        value = json.loads(text)
    except ValueError as e:
        raise _mistyped(option, text, schema) from e
    if value is not None and not _fits(value, str(schema.get("type"))):
        raise _mistyped(option, text, schema)
    return value


def _fits(value: Any, kind: str) -> bool:
    if kind in ("integer", "number") and isinstance(value, bool):
        return False
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES.get(kind, object))


def _mistyped(option: str, text: str, schema: dict[str, Any]) -> UsageError:
    shown = text if len(text) <= 40 else text[:40] + "…"
    return UsageError(f"'{shown}' is not what {_plain(option)} takes.", remedy=f"Write {option}{kind_of(schema)}.")


def _plain(option: str) -> str:
    return option.rstrip(" =")


def _from_file(name: str, path: str, schema: dict[str, Any]) -> Any:
    content = _read(name, path)
    if schema.get("x-modelyard") in BYTES:
        return base64.b64encode(content).decode()
    try:
        text = content.decode()
    except UnicodeDecodeError as e:
        raise UsageError(f"{path} is not text, which {name} takes.", remedy="Give a text or JSON file.") from e
    return text if _is_text_only(schema) else _json(name, text)


def _read(name: str, path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as e:
        raise UsageError(f"{path} for {name} cannot be read: {e.strerror}.", remedy="Check the path.") from e


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as e:
        raise UsageError(f"What {name} was given is not valid JSON: {e}.", remedy="Correct it.") from e


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _takes_text(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type", [])
    free = not any(key in schema for key in ("type", "anyOf", "$ref"))
    return free or kinds == "string" or "string" in kinds or any(_takes_text(c) for c in schema.get("anyOf", []))


def _is_text_only(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "string" and all(isinstance(choice, str) for choice in schema.get("enum", []))


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("x-modelyard")
    if kind:
        return "@file" if kind in BYTES else str(kind)
    if "enum" in schema:
        return "|".join(json.dumps(choice, ensure_ascii=False).strip('"') for choice in schema["enum"])
    return str(schema.get("type", "json"))


def _choices(known: dict[str, Any]) -> str:
    return f"It takes {', '.join(describe_input(n, s) for n, s in known.items())}." if known else "It takes no inputs."
