"""Images of Cog, whose command is a server that nobody asks: a run starts ``modelyard_cog`` in its place, which does.

It is laid beside the inputs, under a name that no input can have, so the image stays as it is.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import modelyard_cog
from modelyard.kit import db
from modelyard.rooms.runs.errors import EngineRefused
from modelyard_cog.failures import REASON

FOLDER = ".cog"
DRIVER = f"/in/{FOLDER}/{modelyard_cog.__name__}"
PYTHON = re.compile(r"python[0-9.]*")
LAST_WORDS = 8 * 1024


def driven(command: Sequence[str]) -> list[str]:
    """What is started in place of an image's command: the Python that the command names, or else ``python3``."""
    pythons = (word for word in command if PYTHON.fullmatch(PurePosixPath(word).name))
    return [next(pythons, "python3"), "-I", "-S", "-X", "utf8", DRIVER, *command]


def is_driven(command: Sequence[str] | None) -> bool:
    return command is not None and DRIVER in command


def lay_driver(inputs: Path) -> None:
    """Puts the driver beside the inputs, in the folder that becomes ``/in``."""
    source = Path(modelyard_cog.__file__).parent
    shutil.copytree(source, inputs / FOLDER / source.name, ignore=shutil.ignore_patterns("__pycache__"))


@contextlib.contextmanager
def explained(command: Sequence[str] | None) -> Iterator[None]:
    """Says with what an engine refuses, such as a program that is not there, what a driven run needs."""
    try:
        yield
    except EngineRefused as e:
        if command is None or not is_driven(command):
            raise
        raise EngineRefused(f"{e.detail} An image of Cog is run by its own Python: {command[0]}.") from e


def reason_in(log: Path, command: Sequence[str] | None) -> str | None:
    """Why a driven run failed, by the last line of its log; None for other runs, and where that says nothing."""
    if not is_driven(command):
        return None
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_WORDS))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return None
    last = lines[-1] if lines else ""
    return db.storable_text(last.removeprefix(REASON)) if last.startswith(REASON) else None
