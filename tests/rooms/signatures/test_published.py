"""Schemas that images bring along: what is accepted, and what is refused with a pointer to it."""

import json
from typing import Any

import pytest

from modelyard.rooms.signatures import service as signatures
from modelyard.rooms.signatures.errors import SchemaRefused


def form(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def accepted(schema: dict[str, Any]) -> dict[str, Any]:
    return signatures.read_published(json.dumps(schema)).inputs


def refused(schema: Any) -> tuple[str | None, str]:
    with pytest.raises(SchemaRefused) as raised:
        signatures.read_published(schema if isinstance(schema, str) else json.dumps(schema))
    assert raised.value.remedy
    return raised.value.field, raised.value.detail


def test_a_form_with_inputs_parameters_and_definitions() -> None:
    schema = form(
        images={"x-modelyard": "files", "title": "Images"},
        angle={"type": "integer", "minimum": 0, "maximum": 360, "default": 90},
        mode={"$ref": "#/$defs/mode", "default": "fast"},
        properties={"type": "string", "pattern": "^[a-z]+$"},
        size={"anyOf": [{"$ref": "#/$defs/size"}, {"type": "null"}], "default": None},
    )
    schema |= {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.org/x",
        "required": ["images"],
    }
    schema["$defs"] = {
        "mode": {"enum": ["fast", "fine"]},
        "size": {"type": "object", "properties": {"w": {"$ref": "#/$defs/n"}}},
        "n": {"type": "number"},
    }
    assert accepted(schema) == schema
    assert signatures.read_published('{"properties": {}}').inputs == {
        "type": "object",
        "properties": {},
        "required": [],
    }


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return form(x=schema)


def repeated() -> dict[str, Any]:
    """Small to write and huge to follow: each definition refers to the one before it several times."""
    schema = form(x={"$ref": "#/$defs/d9"})
    schema["$defs"] = {"d0": {"type": "integer"}}
    for number in range(1, 10):
        schema["$defs"][f"d{number}"] = {"allOf": [{"$ref": f"#/$defs/d{number - 1}"}] * 8}
    return schema


REFUSED: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "/"),
    "a list": ("[]", "/"),
    "an endless nest": ("[" * 100_000, "/"),
    "too large": (form(x={"description": "x" * 300_000}), "/"),
    "no object": ({"type": "array", "items": {}}, "/type"),
    "no properties": ({"type": "object"}, "/type"),
    "another draft": ({"$schema": "http://json-schema.org/draft-07/schema#", **form()}, "/$schema"),
    "an unknown type": (form(x={"type": "int"}), "/properties/x/type"),
    "a bound that is a text": (form(x={"type": "integer", "minimum": "0"}), "/properties/x/minimum"),
    "a remote reference": (form(x={"$ref": "https://example.org/schema.json"}), "/properties/x/$ref"),
    "a file": (form(x={"$ref": "file:///etc/passwd"}), "/properties/x/$ref"),
    "a reference to a name": (form(x={"$ref": "#name"}), "/properties/x/$ref"),
    "a reference to nothing": (form(x={"$ref": "#/$defs/none"}), "/properties/x/$ref"),
    "a dynamic reference": (form(x={"$dynamicRef": "#x"}), "/properties/x/$dynamicRef"),
    "an id below the top": (form(x={"$id": "https://example.org/y"}), "/properties/x/$id"),
    "itself": (form(x={"$ref": "#"}), "/properties/x/$ref"),
    "a circle": (
        {**form(x={"$ref": "#/$defs/a"}), "$defs": {"a": {"items": {"$ref": "#/$defs/b"}}, "b": {"$ref": "#/$defs/a"}}},
        "",
    ),
    "too deep": (nested(40), ""),
    "far too deep": (nested(400), ""),
    "too much": (repeated(), "/"),
    "a pattern that is none": (form(x={"type": "string", "pattern": "("}), "/properties/x/pattern"),
    "a name with a slash": (form(**{"../x": {}}), "/properties/..~1x"),
    "a name with a space": (form(**{"a b": {}}), "/properties/a b"),
    "an empty name": (form(**{"": {}}), "/properties/"),
    "a name of ours": (form(**{"params.json": {}}), "/properties/params.json"),
    "names that become one variable": (form(**{"a-b": {}, "a.b": {}}), "/properties/a.b"),
    "a requirement of nothing": ({**form(x={}), "required": ["y"]}, "/required/0"),
    "a default that is not valid": (form(x={"type": "integer", "default": "1"}), "/properties/x/default"),
    "a default by reference": (
        {**form(x={"$ref": "#/$defs/a", "default": 5}), "$defs": {"a": {"maximum": 4}}},
        "/properties/x/default",
    ),
}


@pytest.mark.parametrize("what", list(REFUSED))
def test_what_cannot_be_a_form_is_refused_with_the_pointer(what: str) -> None:
    schema, pointer = REFUSED[what]
    field, detail = refused(schema)
    if pointer:
        assert field == pointer, detail


def test_values_of_the_author_are_no_schemas() -> None:
    """What stands in a default, an example or a list of choices is data, whatever it looks like."""
    schema = form(
        x={"default": {"$ref": "https://example.org"}, "examples": [{"$anchor": "x"}]}, y={"const": {"$id": "z"}}
    )
    assert accepted(schema)["properties"] == schema["properties"]


def test_cogs_document_gives_its_input() -> None:
    mode = {"enum": ["a", "b"], "type": "string"}
    properties = {
        "n": {"type": "integer", "default": 3, "x-order": 2, "allOf": [{"$ref": "#/components/schemas/mode2"}]},
        "files": {"type": "array", "items": {"type": "string", "format": "uri"}, "x-order": 0},
        "mode": {"$ref": "#/components/schemas/mode", "x-order": 1},
    }
    document = {"components": {"schemas": {"Input": form(**properties), "mode": mode, "mode2": {}, "Other": {}}}}
    inputs = signatures.read_cog(json.dumps(document)).inputs
    assert list(inputs["properties"]) == ["files", "mode", "n"]
    assert inputs["properties"]["files"]["x-modelyard"] == "files"
    assert inputs["$defs"] == {"mode": mode, "mode2": {}}
    for wrong in ({}, {"components": []}, {"components": {"schemas": {"Input": 7}}}):
        with pytest.raises(SchemaRefused):
            signatures.read_cog(json.dumps(wrong))
