"""A signature that came out of a run: a stranger's words, so only what a signature is made of is taken from it."""

import json
import math
from typing import Any

from modelyard.rooms.signatures.errors import SignatureUnsupported
from modelyard.rooms.signatures.schemas import Schema, Signature

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_NOTES, MAX_NOTE = 20, 1000
TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}
SCHEMAS = {"items", "additionalProperties"}
SCHEMA_LISTS = {"anyOf", "prefixItems"}
NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
COUNTS = {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}
TEXTS = {"title", "description", "format", "contentEncoding", "contentMediaType", "x-modelyard"}
VALUES = {"enum", "default", "examples", "const"}


def accept_signature(found: Any) -> Signature:
    """The signature in what a run reported; raises ``SignatureUnsupported`` for anything else.

    References, patterns and words that are not known here are left out: what is left can only accept more.
    """
    if not isinstance(found, dict) or not isinstance(found.get("inputs"), dict):
        raise _refusal("it reported none")
    try:
        inputs = _schema(found["inputs"])
        output = _schema(found.get("output") or {})
        size = len(json.dumps([inputs, output], allow_nan=False))
    except (ValueError, RecursionError) as e:
        raise _refusal(str(e) or "it is nested too deeply") from e
    if inputs.get("type") != "object" or not isinstance(inputs.get("properties"), dict) or size > MAX_BYTES:
        raise _refusal("its inputs are no object of named inputs" if size <= MAX_BYTES else "it is too large")
    notes = found.get("notes")
    said = tuple(str(note)[:MAX_NOTE] for note in notes[:MAX_NOTES]) if isinstance(notes, list) else ()
    inputs.setdefault("required", [])
    inputs.setdefault("additionalProperties", False)
    return Signature(inputs, output, bool(found.get("streams")), said)


def _schema(value: Any, *, depth: int = 0) -> Schema:
    if depth > MAX_DEPTH:
        raise ValueError("it is nested too deeply")
    if not isinstance(value, dict):
        raise ValueError("a schema in it is no object")
    kept: Schema = {}
    for word, content in value.items():
        accepted = _word(str(word), content, depth + 1)
        if accepted is not None:
            kept[str(word)] = accepted[0]
    return kept


def _word(word: str, content: Any, depth: int) -> tuple[Any] | None:  # noqa: PLR0911 (one return for each kind)
    """The content of one keyword, in a tuple; None for what is left out. Raises ValueError for a wrong content."""
    if word == "type":
        return (_types(content),)
    if word == "properties":
        return ({str(name): _schema(part, depth=depth) for name, part in _mapping(content).items()},)
    if word in SCHEMAS:
        return (content if isinstance(content, bool) else _schema(content, depth=depth),)
    if word in SCHEMA_LISTS:
        return ([_schema(part, depth=depth) for part in _list(content)],)
    if word == "required":
        return ([str(name) for name in _list(content)],)
    if word in NUMBERS and isinstance(content, int | float) and not isinstance(content, bool):
        return (content,) if math.isfinite(content) else None
    if word in COUNTS and isinstance(content, int) and content >= 0:
        return (content,)
    if word in TEXTS and isinstance(content, str):
        return (content,)
    return (content,) if word in VALUES and (word != "enum" or _list(content)) else None


def _types(content: Any) -> Any:
    for name in _list(content) if isinstance(content, list) else [content]:
        if not isinstance(name, str) or name not in TYPES:
            raise ValueError(f"{str(name)[:40]!r} is no type")
    return content


def _mapping(content: Any) -> dict[Any, Any]:
    if not isinstance(content, dict):
        raise ValueError("its properties are no object")
    return content


def _list(content: Any) -> list[Any]:
    if not isinstance(content, list):
        raise ValueError("a list in it is none")
    return content


def _refusal(why: str) -> SignatureUnsupported:
    return SignatureUnsupported(
        f"The model's signature cannot be used: {why}.", remedy="See the build's log, and push the model again."
    )
