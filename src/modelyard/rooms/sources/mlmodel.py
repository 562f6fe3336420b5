"""An MLflow model directory, read as data: ``MLmodel``, its requirements, its signature and its input example."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.rooms.signatures import service as signatures
from modelyard.rooms.signatures.errors import SignatureUnsupported
from modelyard.rooms.signatures.schemas import Signature
from modelyard.rooms.sources.errors import ConfigInvalid, ProjectIncomplete
from modelyard.rooms.sources.requirements import Requirements, parse_requirements
from modelyard.rooms.sources.texts import parse_json, parse_yaml

MLMODEL = "MLmodel"
REMEDY = "Save the model with mlflow.…save_model(…) and push the folder that it makes."
PYTHON = re.compile(r"^(3\.[0-9]{1,2})(?:\.[0-9]+)?$")

ReadFile = Callable[[str], bytes | None]
"""The beginning of a file of the directory, None where there is none."""


@dataclass(frozen=True, slots=True)
class MlflowModel:
    """What an MLflow directory says. ``signature`` is None where it has none, ``python`` empty where not said.

    ``example`` holds inputs by name, None where there is none that can be used.
    """

    requirements: Requirements
    python: str = ""
    signature: Signature | None = None
    example: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()


def read_mlmodel(read: ReadFile) -> MlflowModel:
    """Reads the directory whose files ``read`` gives; raises ``ConfigInvalid``, ``ProjectIncomplete`` and
    ``RequirementsInvalid``."""
    document = _document(read(MLMODEL) or b"")
    flavour = _pyfunc(document)
    signature, notes = _signature(document)
    needed, python = _environment(read, flavour)
    needed, added = _with_mlflow(needed, document)
    example = _example(read, document, signature) if signature else None
    return MlflowModel(needed, python, signature, example, (*notes, *added))


def _document(data: bytes) -> Mapping[str, Any]:
    try:
        document = parse_yaml(data)
    except ConfigInvalid as e:
        raise ConfigInvalid(
            e.detail.replace("The configuration", MLMODEL), remedy="Push it as MLflow wrote it.", field=MLMODEL
        ) from e
    if not isinstance(document, dict) or not isinstance(document.get("flavors"), dict):
        raise ConfigInvalid(f"{MLMODEL} names no flavors.", remedy=REMEDY, field=MLMODEL)
    return document


def _pyfunc(document: Mapping[str, Any]) -> Mapping[str, Any]:
    flavours = document["flavors"]
    flavour = flavours.get("python_function")
    if not isinstance(flavour, dict):
        named = ", ".join(sorted(str(name)[:40] for name in flavours)[:10]) or "none"
        raise ConfigInvalid(
            f"{MLMODEL} has no flavor python_function, by which Python calls a model (it has {named}).",
            remedy="Save the model with a Python flavor of MLflow.",
            field="/flavors",
        )
    return flavour


def _signature(document: Mapping[str, Any]) -> tuple[Signature | None, tuple[str, ...]]:
    found = document.get("signature")
    if not isinstance(found, dict):
        note = "MLmodel has no signature; give one with mlflow.models.infer_signature for a form with each input."
        return None, (note,)
    try:
        return signatures.read_mlflow_signature(found), ()
    except SignatureUnsupported as e:
        return None, (e.detail,)


def _environment(read: ReadFile, flavour: Mapping[str, Any]) -> tuple[Requirements, str]:
    """The requirements and the Python of the first environment file that there is."""
    named = flavour.get("env")
    named = named if isinstance(named, dict) else {"conda": named}
    python = _python_of(flavour.get("python_version"))
    if (data := read("requirements.txt")) is not None:
        return parse_requirements(data), python
    if (data := read(str(named.get("conda") or "conda.yaml"))) is not None:
        lines, found = _conda(_yaml(data, "conda.yaml"))
        return parse_requirements("\n".join(lines)), found or python
    if (data := read(str(named.get("virtualenv") or "python_env.yaml"))) is not None:
        lines, found = _python_env(_yaml(data, "python_env.yaml"))
        return parse_requirements("\n".join(lines)), found or python
    raise ProjectIncomplete(
        "The MLflow directory has neither requirements.txt nor conda.yaml nor python_env.yaml.",
        remedy="Add the requirements.txt that MLflow wrote beside MLmodel.",
        field="requirements",
    )


def _yaml(data: bytes, name: str) -> Mapping[str, Any]:
    try:
        document = parse_yaml(data)
    except ConfigInvalid as e:
        raise ConfigInvalid(e.detail.replace("The configuration", name), remedy=e.remedy, field=name) from e
    return document if isinstance(document, dict) else {}


def _conda(document: Mapping[str, Any]) -> tuple[list[str], str]:
    """The pip part of a conda environment; what conda itself would install is left to the index's wheels."""
    lines: list[str] = []
    python = ""
    listed = document.get("dependencies")
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and isinstance(item.get("pip"), list):
            lines += [str(line) for line in item["pip"]]
        elif isinstance(item, str) and item.startswith("python"):
            python = _python_of(item.removeprefix("python").lstrip("=<>~ "))
    return lines, python


def _python_env(document: Mapping[str, Any]) -> tuple[list[str], str]:
    listed = document.get("dependencies")
    lines = [str(line) for line in listed] if isinstance(listed, list) else []
    return [line for line in lines if not line.startswith("-r ")], _python_of(document.get("python"))


def _python_of(value: Any) -> str:
    match = PYTHON.match(str(value or ""))
    return match[1] if match else ""


def _with_mlflow(needed: Requirements, document: Mapping[str, Any]) -> tuple[Requirements, tuple[str, ...]]:
    """MLflow itself reads the directory; where nothing asks for it, its small distribution of the same version does."""
    names = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower().replace("_", "-") for line in needed.lines}
    if names & {"mlflow", "mlflow-skinny"}:
        return needed, ()
    version = str(document.get("mlflow_version") or "")
    line = f"mlflow-skinny=={version}" if re.fullmatch(r"\d+\.\d+\.\d+", version) else "mlflow-skinny"
    missing = [name for name in ("pandas", "numpy") if name not in names]
    note = f"Its requirements have no MLflow, which reads the directory; {line} is added."
    added = parse_requirements("\n".join([*needed.lines, line, *missing]))
    return Requirements(added.lines, needed.notes), (note,)


def _example(read: ReadFile, document: Mapping[str, Any], signature: Signature) -> dict[str, Any] | None:
    """The first row of the input example, as inputs by name; None where it does not name each input."""
    info = document.get("saved_input_example_info")
    path = info.get("artifact_path") if isinstance(info, dict) else None
    data = read(path) if isinstance(path, str) else None
    if data is None:
        return None
    try:
        row = _first_row(parse_json(data), list(signature.inputs["properties"]))
    except (ConfigInvalid, KeyError, IndexError, TypeError):
        return None
    return row if row and set(signature.inputs["required"]) <= row.keys() else None


def _first_row(example: Any, names: list[str]) -> dict[str, Any]:
    if "columns" in example and "data" in example:
        return {str(name): value for name, value in zip(example["columns"], example["data"][0], strict=True)}
    if "data" in example:
        return dict(zip(names, example["data"][0], strict=False))
    inputs = example["inputs"]
    if isinstance(inputs, dict):
        return {str(name): value[0] for name, value in inputs.items()}
    return {names[0]: inputs[0]}
