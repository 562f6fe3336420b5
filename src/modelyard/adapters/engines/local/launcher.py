"""Starting a shim and hearing whether its container runs."""

import json
import os
import select
import subprocess
from pathlib import Path

from modelyard.adapters.engines.local import shim
from modelyard.adapters.engines.local.shim.plan import Plan
from modelyard.rooms.runs.errors import EngineRefused, EngineUnavailable

SOURCES = Path(__file__).resolve().parents[4]
_PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop()); from {package} import {entry}; {entry}.main()"
_DEADLINE = 60.0


def start_shim(plan: Plan, *, python: str) -> None:
    """Returns once the command of the container runs.

    Raises ``EngineRefused`` when the command or a mount is at fault, ``EngineUnavailable`` when the shim is.
    """
    report = _converse(plan, python)
    if report is None:
        raise EngineUnavailable("The supervisor of the container ended without a word.")
    if "error" in report:
        raise EngineRefused(f"The container could not be started: {report['error']}")


def can_start(plan: Plan, *, python: str) -> str | None:
    """Tries a plan whose command does not exist; returns why not even that far was reached, or None."""
    report = _converse(plan, python)
    if report is None:
        return "the supervisor could not be started"
    return None if report.get("step") == "exec" else report.get("error") or "it ran"


def _converse(plan: Plan, python: str) -> dict[str, str] | None:
    program = _PROGRAM.format(package=shim.__name__, entry=_entry(plan))
    argv = [python, "-I", "-S", "-c", program, str(SOURCES)]
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={},
        cwd="/",
        pass_fds=[plan.lock],
        start_new_session=True,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise EngineUnavailable("The supervisor of the container has no streams.")
        try:
            process.stdin.write(plan.to_bytes())
            process.stdin.close()
        except BrokenPipeError:
            return None
        return _hear(process.stdout.fileno())


def _entry(plan: Plan) -> str:
    """The entry with the fewest imports that can do it."""
    if plan.bwrap is None:
        return "entry_bare"
    return "entry_staged" if plan.uid is not None else "entry_namespaces"


def _hear(source: int) -> dict[str, str] | None:
    """The one document that the shim says, up to the end of the stream; None when it says nothing in time."""
    text = b""
    while select.select([source], [], [], _DEADLINE)[0]:
        data = os.read(source, 65536)
        if not data:
            break
        text += data
    try:
        report = json.loads(text)
    except ValueError:
        return None
    return report if isinstance(report, dict) else None
