"""Pure decisions: which properties of a schema are inputs, what a container is told, which parameters fit."""

import copy
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from modelyard.rooms.operations.errors import ParametersInvalid
from modelyard.rooms.operations.schemas import InputField
from modelyard.rooms.runs.schemas import Input, Purpose, Resources
from modelyard.rooms.versions.schemas import OperationKind

MARK = "x-modelyard"
ONE_FILE = frozenset({"file", "image", "table"})
MANY_FILES = "files"
INPUT_KINDS = ONE_FILE | {MANY_FILES}
ROWS = InputField(
    name="rows",
    kind=MANY_FILES,
    title="Rows",
    description="CSV or JSON Lines with a column for each input of the model, or the images or files themselves.",
    required=True,
)
"""What a model goes over."""
NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
PURPOSES = {
    OperationKind.OPERATION: Purpose.OPERATION,
    OperationKind.VISUALISATION: Purpose.VISUALISATION,
    OperationKind.TRAINER: Purpose.TRAINING,
}
TOLD = 5
"""How many faults of parameters are told at a time."""


def inputs_of(schema: Mapping[str, Any]) -> list[InputField]:
    """The properties that are inputs, in their order."""
    required = schema.get("required") or ()
    return [
        InputField(
            name=name,
            kind=kind,
            title=str(part.get("title") or name),
            description=str(part.get("description") or ""),
            required=name in required,
        )
        for name, part in (schema.get("properties") or {}).items()
        if (kind := _kind(part))
    ]


def parameters_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the properties that are none: no others are accepted, unless it says so."""
    inputs = {field.name for field in inputs_of(schema)}
    kept = {name: part for name, part in (schema.get("properties") or {}).items() if name not in inputs}
    return {
        "additionalProperties": False,
        **{key: value for key, value in schema.items() if key not in ("properties", "required")},
        "type": "object",
        "properties": kept,
        "required": [name for name in schema.get("required") or () if name not in inputs],
    }


def check_parameters(schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with the schema's defaults; raises ``ParametersInvalid``, which names the field."""
    filled = dict(copy.deepcopy(given))
    for name, part in (schema.get("properties") or {}).items():
        if isinstance(part, Mapping) and "default" in part:
            filled.setdefault(name, copy.deepcopy(part["default"]))
    faults = sorted(
        Draft202012Validator(dict(schema)).iter_errors(filled), key=lambda fault: list(map(str, fault.path))
    )
    if faults:
        told = "; ".join(_told(fault) for fault in faults[:TOLD])
        raise ParametersInvalid(told, remedy="Correct them and ask again.", field=_field(faults[0]))
    return filled


def path_inside(name: str, kind: str, files: Sequence[str]) -> str:
    """Where a container finds an input: its one file, or its folder."""
    return f"/in/{name}" if kind == MANY_FILES else f"/in/{name}/{files[0]}"


def environment(parameters: Mapping[str, Any], inputs: Iterable[Input]) -> dict[str, str]:
    """Parameters and inputs as variables: strings as they are, everything else as JSON."""
    told = {f"MODELYARD_PARAM_{_variable(name)}": _text(value) for name, value in parameters.items()}
    return told | {f"MODELYARD_INPUT_{_variable(one.name)}": one.path for one in inputs}


def options(parameters: Mapping[str, Any], inputs: Iterable[Input]) -> list[str]:
    """Parameters and inputs as options of a command line; null is left out."""
    words: list[str] = []
    for name, value in parameters.items():
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        elif value is not None:
            words += [f"--{name}", _text(value)]
    for one in inputs:
        words += [f"--{one.name}", one.path]
    return words


def digest_of(files: Iterable[tuple[str, str, int]]) -> str:
    """One digest for files of (path, digest, size), in the order of their paths."""
    hasher = hashlib.sha256()
    for path, digest, size in sorted(files):
        hasher.update(f"{digest} {size} {path}\n".encode())
    return f"sha256:{hasher.hexdigest()}"


def resources_of(project: Mapping[str, Any], wanted: Mapping[str, Any], *, network: bool, timeout: float) -> Resources:
    """What a run gets: what was asked for, else what its version asks for, else the default."""
    asked = {key: value for key, value in (project.get("resources") or {}).items() if key in Resources.model_fields}
    chosen = {key: value for key, value in wanted.items() if value is not None}
    return Resources.model_validate({"timeout_seconds": timeout, **asked, **chosen, "network": network})


def _kind(part: Any) -> str | None:
    if not isinstance(part, Mapping):
        return None
    if part.get(MARK) in INPUT_KINDS:
        return str(part[MARK])
    choices = (choice for key in ("anyOf", "oneOf", "allOf") for choice in part.get(key) or ())
    return next(filter(None, map(_kind, choices)), None)


def _told(fault: ValidationError) -> str:
    place = ".".join(str(part) for part in fault.absolute_path)
    if fault.validator == "additionalProperties":
        return f"{place + ': ' if place else ''}{fault.message}"
    return f"{place or 'parameters'}: {fault.message}"[:500]


def _field(fault: ValidationError) -> str:
    parts = ["parameters", *(str(part) for part in fault.absolute_path)]
    schema: Any = fault.schema
    instance: Any = fault.instance
    if fault.validator == "required":
        parts += [name for name in schema["required"] if name not in instance][:1]
    if fault.validator == "additionalProperties":
        parts += [name for name in instance if name not in schema.get("properties", {})][:1]
    return ".".join(parts)


def _variable(name: str) -> str:
    return re.sub(r"[^A-Z0-9_]", "_", name.upper())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
