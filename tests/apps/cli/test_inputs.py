"""Inputs from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from modelyard.apps.cli.exits import UsageError
from modelyard.apps.cli.inputs import read_inputs

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "age": {"type": "integer"},
        "name": {"type": "string"},
        "max_depth": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "deep": {"type": "boolean"},
        "rows": {"type": "array", "x-modelyard": "table", "items": {"type": "object"}},
        "scan": {"type": "string", "contentEncoding": "base64", "x-modelyard": "image"},
        "level": {"enum": ["low", "high", 3]},
        "point": {"$ref": "#/$defs/Point"},
        "anything": {},
    },
    "required": [],
    "additionalProperties": False,
    "$defs": {"Point": {"type": "object", "properties": {"x": {"type": "number"}}}},
}


def read(*arguments: str, **options: Any) -> dict[str, Any]:
    return read_inputs(arguments, schema=SCHEMA, **options)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--age", "42"], {"age": 42}),
        (["age=42", "--name=Ada L."], {"age": 42, "name": "Ada L."}),
        (["--name", "42"], {"name": "42"}),
        (["--name", "-5"], {"name": "-5"}),
        (["--age", "-5"], {"age": -5}),
        (["--name", "@@home"], {"name": "@home"}),
        (["name=a=b"], {"name": "a=b"}),
        (["--max-depth", "3"], {"max_depth": 3}),
        (["--max-depth", "null"], {"max_depth": None}),
        (["--deep"], {"deep": True}),
        (["--no-deep"], {"deep": False}),
        (["--deep", "false"], {"deep": False}),
        (["--deep", "--age", "1"], {"deep": True, "age": 1}),
        (["--level", "low"], {"level": "low"}),
        (["--level", "3"], {"level": 3}),
        (["--point", '{"x": 1}'], {"point": {"x": 1}}),
        (["--rows", '[{"a": 1}]'], {"rows": [{"a": 1}]}),
        (["--anything", "text"], {"anything": "text"}),
        (["--anything", "[1]"], {"anything": [1]}),
        ([], {}),
    ],
)
def test_values_are_read_by_the_signature(arguments: list[str], expected: dict[str, Any]) -> None:
    assert read(*arguments) == expected


def test_files_are_read_by_the_signature(tmp_path: Path) -> None:
    image, table, text = tmp_path / "a.png", tmp_path / "t.json", tmp_path / "t.txt"
    image.write_bytes(b"\x89PNG\xff")
    table.write_text('[{"a": 1}]')
    text.write_text("5")
    assert read(f"--scan=@{image}", f"--rows=@{table}", f"--name=@{text}") == {
        "scan": "iVBOR/8=",
        "rows": [{"a": 1}],
        "name": "5",
    }


def test_whole_object_and_single_inputs_go_together(tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_text(json.dumps({"age": 1, "name": "x"}))
    assert read("age=2", whole=f"@{file}") == {"age": 2, "name": "x"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--agee", "1"], "no input 'agee'"),
        (["--age", "old"], "not what --age takes"),
        (["--age"], "--age has no value"),
        (["stray"], "'stray' is not understood"),
        (["--scan", "a.png"], "--scan takes a file"),
        (["--scan", "@/nowhere/a.png"], "cannot be read"),
        (["--rows", "@/etc/hostname"], "not valid JSON"),
    ],
)
def test_mistakes_are_named(arguments: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read(*arguments)


def test_missing_inputs_are_named() -> None:
    with pytest.raises(UsageError, match="'age' is missing"):
        read_inputs(["--name", "x"], schema={**SCHEMA, "required": ["name", "age"]})


def test_signature_without_names_takes_any() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": True}
    assert read_inputs(["--a-b", "1", "c=x"], schema=schema) == {"a-b": 1, "c": "x"}


@pytest.mark.parametrize("whole", ["[1]", "{", "3"])
def test_whole_must_be_an_object(whole: str) -> None:
    with pytest.raises(UsageError, match="--inputs"):
        read(whole=whole)
