"""``python -I -S …/modelyard_box [serve|check|describe|run|batch]``; the other commands are what these start.

Run as a directory, Python puts the package's own folder on the path, where our ``worker`` or ``frames`` would hide
modules of the user; its parent goes to the end of the path instead.
"""

import importlib
import os
import sys

sys.dont_write_bytecode = True  # -I makes Python ignore PYTHONDONTWRITEBYTECODE
_PACKAGE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 (pathlib costs start-up time)
COMMANDS = {
    "serve": "modelyard_box.serve",
    "check": "modelyard_box.check",
    "describe": "modelyard_box.flavours.describe",
    "run": "modelyard_box.run",
    "batch": "modelyard_box.batch",
    "worker": "modelyard_box.worker",
    "operate": "modelyard_box.operate",
    "parquet": "modelyard_box.rows.parquet",
}


def main(arguments: list[str]) -> int:
    """Runs one command and returns the exit status; the command's module is loaded only then."""
    command = arguments[0] if arguments else "serve"
    if command not in COMMANDS or len(arguments) > 1:
        print(f"usage: modelyard_box [{'|'.join(COMMANDS)}]", file=sys.stderr)
        return 2
    status: int = importlib.import_module(COMMANDS[command]).main()
    return status


if __name__ == "__main__":
    if not __package__:
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _PACKAGE]  # noqa: PTH100
        sys.path.append(os.path.dirname(_PACKAGE))  # noqa: PTH120
    sys.exit(main(sys.argv[1:]))
