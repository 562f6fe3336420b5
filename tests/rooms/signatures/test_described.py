"""Signatures out of runs: only what a signature is made of is taken from a stranger's report."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.rooms.signatures.described import MAX_BYTES, accept_signature
from modelyard.rooms.signatures.errors import SignatureUnsupported
from modelyard.rooms.signatures.schemas import Signature


def found(**properties: Any) -> dict[str, Any]:
    return {"inputs": {"type": "object", "properties": properties}, "output": {"type": "integer"}}


def test_a_signature_is_taken_as_it_is():
    schema = {"type": "array", "items": {"type": ["number", "null"]}, "minItems": 3, "x-modelyard": "array"}
    signature = accept_signature({**found(features=schema), "notes": ["n" * 5000, 3]})
    assert signature.inputs["properties"]["features"] == schema
    assert (signature.inputs["required"], signature.inputs["additionalProperties"]) == ([], False)
    assert [len(note) for note in signature.notes] == [1000, 1]
    assert Signature.from_json(signature.to_json()) == signature


def test_what_could_reach_elsewhere_is_left_out():
    signature = accept_signature(found(a={"$ref": "https://example.com/x", "pattern": "(a+)+$", "type": "string"}))
    assert signature.inputs["properties"]["a"] == {"type": "string"}


@pytest.mark.parametrize(
    "report",
    [
        None,
        [],
        {},
        {"inputs": []},
        {"inputs": {"type": "array"}},
        found(a=3),
        found(a={"type": "tensor"}),
        found(a={"type": [["x"]]}),
        found(a={"enum": "abc"}),
        found(a={"items": "x"}),
        found(a={"enum": ["x" * MAX_BYTES]}),
        found(a={"default": float("nan")}),
        {"inputs": {"type": "object", "properties": [1]}},
    ],
)
def test_anything_else_is_refused(report: Any):
    with pytest.raises(SignatureUnsupported):
        accept_signature(report)


def test_depth_is_bounded():
    schema: dict[str, Any] = {}
    for _ in range(100):
        schema = {"items": schema}
    with pytest.raises(SignatureUnsupported, match="nested too deeply"):
        accept_signature(found(a=schema))


WORDS = st.sampled_from(
    ["type", "properties", "items", "anyOf", "enum", "minimum", "required", "x-modelyard", "$ref", "a"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["object", "array", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(JSON, JSON)
def test_no_report_breaks_it(inputs: Any, output: Any):
    try:
        signature = accept_signature({"inputs": inputs, "output": output})
    except SignatureUnsupported:
        return
    assert signature.inputs["type"] == "object"
