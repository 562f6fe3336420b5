"""The files in a container's folder, written whole or not at all."""

import json
import os
from typing import Any

SPEC, STATE, EXIT, USAGE, LOG, LOCK, STOP = (
    "spec.json",
    "state.json",
    "exit.json",
    "usage.json",
    "log",
    "lock",
    "stop.json",
)
"""``spec``: what the engine asked, before the start. ``state``: the supervisor's pid and start, once it runs. ``exit``: how it
ended. ``usage``: so far, where no control group tells. ``stop``: a wish to stop, with its grace in seconds."""


def write_record(folder: str, name: str, document: dict[str, Any]) -> None:
    """Atomic for readers; not forced to disk, since no container survives a power cut."""
    staged = f"{folder}/.{name}.{os.getpid()}.{os.urandom(3).hex()}"
    with open(staged, "w", encoding="utf-8") as file:
        json.dump(document, file)
    os.replace(staged, f"{folder}/{name}")


def read_record(folder: str, name: str) -> dict[str, Any] | None:
    """The document, or None when it is not there or not whole."""
    try:
        with open(f"{folder}/{name}", encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def move_back(inside: str, source: str) -> None:
    """Returns a folder that was moved into a container's root to where it was.

    May be repeated after an interruption at any point; once the folder is back it changes nothing.
    """
    staged = f"{source}.returning"
    if os.path.isdir(source) and not os.path.islink(source):
        return
    if os.path.isdir(inside):
        os.rename(inside, staged)
    if os.path.isdir(staged):
        if os.path.islink(source):
            os.unlink(source)
        os.rename(staged, source)
