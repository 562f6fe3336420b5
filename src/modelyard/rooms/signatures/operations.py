"""Turns the signature of a function into that of an operation: inputs, parameters, and the folder for results."""

from typing import Any

from modelyard.rooms.signatures.errors import SignatureUnsupported
from modelyard.rooms.signatures.kinds import INPUT_KINDS
from modelyard.rooms.signatures.schemas import Schema, Signature

OUTPUTS = ("output", "out")
WORDS = ("title", "description", "examples")
NOT_KEPT = (
    "What it returns is not kept: return a dict, which becomes the run's result, and write files into the folder that "
    "the parameter output names."
)
NO_OUTPUT = "It has no parameter output, so it leaves no files. Add output: Path to be given the folder for results."


def as_operation(signature: Signature) -> Signature:
    """The signature with inputs as ``x-modelyard`` says, without ``output`` (or ``out``), which is given ``/out``.

    Raises ``SignatureUnsupported`` where files are asked for inside of something else than a list.
    """
    properties = dict(signature.inputs.get("properties", {}))
    output = next((name for name in OUTPUTS if name in properties), None)
    if output is not None:
        _check_output(output, properties.pop(output))
    shaped = {name: _shaped(name, schema) for name, schema in properties.items()}
    for definition in signature.inputs.get("$defs", {}).values():
        _refuse_inside(definition, "a class of the source")
    required = [name for name in signature.inputs.get("required", []) if name != output]
    inputs = {**signature.inputs, "properties": shaped, "required": required}
    keeps = _is_object(signature.output)
    notes = [*signature.notes, *_notes(signature, has_output=output is not None, keeps=keeps)]
    return Signature(inputs, signature.output if keeps else {}, signature.streams, tuple(notes))


def _check_output(name: str, schema: Schema) -> None:
    if schema.get("x-modelyard") != "files" and schema.get("type", "string") != "string":
        raise SignatureUnsupported(
            f'The parameter "{name}" is given the folder for results, but its type is no path.',
            remedy=f"Write {name}: Path, or rename it.",
            field="predict/function",
        )


def _shaped(name: str, schema: Schema) -> Schema:
    """An input as one word at the top; a parameter as it is."""
    kind = _input_kind(schema)
    if kind is None:
        _refuse_inside(schema, f'the parameter "{name}"')
        return schema
    words = {word: schema[word] for word in WORDS if word in schema}
    return {"type": "string", "x-modelyard": kind, **words}


def _input_kind(schema: Schema) -> str | None:
    """Which files it is given: those of a list, of an optional input too; None for a parameter."""
    if schema.get("x-modelyard") in INPUT_KINDS:
        return str(schema["x-modelyard"])
    if schema.get("type") == "array" and _input_kind(schema.get("items") or {}):
        return "files"
    branches = [branch for branch in schema.get("anyOf", ()) if branch.get("type") != "null"]
    return _input_kind(branches[0]) if len(branches) == 1 else None


def _refuse_inside(schema: Any, place: str) -> None:
    if isinstance(schema, dict):
        if schema.get("x-modelyard") in INPUT_KINDS:
            raise SignatureUnsupported(
                f"Files are asked for inside {place}.",
                remedy="Make each input a parameter of its own, such as images: Path.",
                field="predict/function",
            )
        for value in schema.values():
            _refuse_inside(value, place)
    elif isinstance(schema, list):
        for value in schema:
            _refuse_inside(value, place)


def _is_object(schema: Schema) -> bool:
    return schema.get("type") == "object" or "$ref" in schema


def _notes(signature: Signature, *, has_output: bool, keeps: bool) -> list[str]:
    said = bool(set(signature.output) - {"description"}) and signature.output.get("type") != "null"
    is_path = signature.output.get("x-modelyard") == "file"
    if said and not keeps and not is_path:
        return [NOT_KEPT]
    return [] if has_output or keeps or signature.streams else [NO_OUTPUT]
