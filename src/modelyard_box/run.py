"""The ``run`` command: what a run of an operation is given is checked, and handed to the process that does the work.

The checking needs a package of ours, the work must see none of them; so this process becomes that one by ``exec``,
and signals and the exit status need nobody in between.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from modelyard_box.config import ConfigError, load_box
from modelyard_box.errors import Problem
from modelyard_box.serve import add_site
from modelyard_box.spawn import box_command

REFUSED = 2
"""Exit status where inputs or parameters do not fit."""
IN = "/in"


class RunRefused(Exception):
    """What was given cannot be run; the message says why."""


def main() -> int:  # noqa: RET503 (what exec becomes does not return)
    """Becomes the process that calls the target; returns 2 where it was given something that does not fit."""
    try:
        schema = load_box().signature["inputs"]
        _check(schema, {**read_params(), **read_inputs(schema)})
    except (RunRefused, ConfigError) as error:
        print(f"run: {error}", file=sys.stderr)
        return REFUSED
    command = box_command("operate")
    os.execv(command[0], command)  # noqa: S606 (our own program)


def read_params() -> dict[str, Any]:
    """``/in/params.json``; empty where there is none. Raises RunRefused."""
    return _read_object(_folder() / "params.json") or {}


def read_inputs(schema: dict[str, Any]) -> dict[str, str]:
    """The path of each input by ``/in/inputs.json``, or by the folders ``/in/<name>``. Raises RunRefused."""
    kinds = input_kinds(schema)
    listed = _read_object(_folder() / "inputs.json")
    if listed is None:
        return {name: str(_found(name, kind)) for name, kind in kinds.items() if (_folder() / name).is_dir()}
    for name, path in listed.items():
        if name not in kinds or not isinstance(path, str):
            raise RunRefused(f"'{name}' is not an input; there are {', '.join(kinds) or 'none'}")
    return {name: _here(path) for name, path in listed.items()}


def input_kinds(schema: dict[str, Any]) -> dict[str, str]:
    """What each input is (``file``, ``files``, ``image``, ``table``), by its name."""
    known = ("file", "files", "image", "table")
    found = {name: inner.get("x-modelyard") for name, inner in schema.get("properties", {}).items()}
    return {name: kind for name, kind in found.items() if kind in known}


def _check(schema: dict[str, Any], given: dict[str, Any]) -> None:
    add_site()
    try:
        importlib.import_module("modelyard_box.inputs").Inputs(schema).check(given)
    except Problem as problem:
        raise RunRefused(problem.detail) from problem
    for name in input_kinds(schema):
        if name in given and not os.path.exists(given[name]):  # noqa: PTH110
            raise RunRefused(f"input '{name}': there is no {given[name]}")


def _read_object(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunRefused(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict):
        raise RunRefused(f"{path} is not a JSON object")
    return found


def _found(name: str, kind: str) -> Path:
    """The folder of an input, or the one file in it."""
    folder = _folder() / name
    if kind == "files":
        return folder
    files = [entry for entry in folder.iterdir() if entry.is_file()]
    if len(files) != 1:
        raise RunRefused(f"input '{name}' is one file, but {folder} has {len(files)}")
    return files[0]


def _folder() -> Path:
    """``/in``; where an engine cannot change the root, it says where that is."""
    return Path(os.environ.get("MODELYARD_IN") or IN)


def _here(path: str) -> str:
    return str(_folder()) + path.removeprefix(IN) if path == IN or path.startswith(f"{IN}/") else path
