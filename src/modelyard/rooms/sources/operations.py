"""Operations: what a configuration says of them, and what a script says by itself."""

import ast
import re
import tomllib
from typing import Any

from modelyard.rooms.signatures.schemas import Target
from modelyard.rooms.sources.errors import ConfigInvalid, ProjectIncomplete
from modelyard.rooms.sources.targets import read_target

KINDS = ("operation", "visualisation", "trainer")
OUTPUTS = frozenset({"output", "out"})
"""The parameter that is given the folder for results, by its name."""
RUN_REMEDY = 'Name the function, as in "run": "rotate:rotate".'
ABOUT_MODELS = ("predict", "framework", "model", "arguments", "input_shape", "artifact", "batch")
SCRIPT_BLOCK = re.compile(r"(?m)^# /// script\s*$\n(?P<content>(^#(| .*)$\n)+)^# ///\s*$")
"""Inline script metadata (PEP 723)."""


def read_run(config: dict[str, Any]) -> Target | None:
    """The function of an operation; None where the configuration is not one of an operation."""
    if config.get("run") is None:
        return None
    target = read_target(config["run"], key="run", remedy=RUN_REMEDY)
    if target.class_name is not None:
        raise ConfigInvalid("An operation is a function, not a method.", remedy=RUN_REMEDY, field="/run/class")
    return target


def check_operation(config: dict[str, Any], *, is_alone: bool) -> None:
    """Raises ``ConfigInvalid`` for keys of models beside ``run``, and for a kind without it (``is_alone``: of a script
    that says itself what runs)."""
    if config.get("run") is None:
        if config.get("kind") is not None and not is_alone:
            raise ConfigInvalid("kind is said of operations, which have run.", remedy=RUN_REMEDY, field="/kind")
        return
    for key in ABOUT_MODELS:
        if config.get(key) is not None:
            raise ConfigInvalid(
                f"{key} is for models, and run for operations.", remedy=f"Remove {key} or run.", field=f"/{key}"
            )


def find_function(script: bytes, *, module: str) -> str:
    """The one function of a script that can be an operation, by its text alone.

    It is the public function with a parameter ``output``, or else the only public function. Raises ``ConfigInvalid``
    where there is none or several.
    """
    try:
        body = ast.parse(script).body
    except (SyntaxError, ValueError, RecursionError) as e:
        raise ConfigInvalid(f"{module}.py is not Python: {e}.", remedy="Mend the script.", field="source") from e
    public = [n for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and not n.name.startswith("_")]
    found = [node.name for node in public if _takes_output(node)] or [node.name for node in public]
    if len(found) == 1:
        return found[0]
    said = f"{module}.py has several functions that could be meant: {', '.join(found[:10])}."
    raise ConfigInvalid(
        said if found else f"{module}.py has no function that could be run.",
        remedy=f'Say which: "run": "{module}:{found[0] if found else "function"}".',
        field="/run",
    )


def script_requirements(script: bytes) -> list[str] | None:
    """The ``dependencies`` that a script names in its head (PEP 723); None where it has no such block."""
    blocks = list(SCRIPT_BLOCK.finditer(script.decode(errors="replace")))
    if not blocks:
        return None
    lines = blocks[0]["content"].splitlines()
    try:
        said = tomllib.loads("\n".join(line.removeprefix("#").removeprefix(" ") for line in lines))
    except tomllib.TOMLDecodeError as e:
        raise ProjectIncomplete(
            f"The script's block of metadata is not TOML: {e}.", remedy="See PEP 723.", field="source"
        ) from e
    found = said.get("dependencies", [])
    if not isinstance(found, list) or not all(isinstance(line, str) for line in found):
        raise ProjectIncomplete("The script's dependencies are not a list of texts.", field="source")
    return found


def _takes_output(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    arguments = function.args
    return any(a.arg in OUTPUTS for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))
