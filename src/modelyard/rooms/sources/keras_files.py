"""What a ``.keras`` file says of itself: a zip with two JSON documents beside the weights. Nothing is loaded."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KERAS_SUFFIX = ".keras"
HDF5 = (".h5", ".hdf5")
"""The older form: does not say as plain data which Keras made it."""
MAX_JSON = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class KerasFile:
    """``version`` is that of Keras which wrote it, empty where it does not say. ``problem`` when it is no such file."""

    version: str = ""
    has_lambda: bool = False
    problem: str = ""


def read_keras(path: Path) -> KerasFile:
    """Reads ``metadata.json`` and ``config.json``; never raises for what is in the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            metadata, config = _json(archive, "metadata.json"), _json(archive, "config.json")
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, RecursionError, NotImplementedError, RuntimeError) as e:
        return KerasFile(problem=f"It is no .keras file, or damaged ({type(e).__name__}).")
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return KerasFile(str(version or "")[:40], _has_lambda(config))


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    if archive.getinfo(name).file_size > MAX_JSON:
        raise ValueError(name)
    with archive.open(name) as file:
        return json.loads(file.read(MAX_JSON))


def _has_lambda(config: Any) -> bool:
    """Whether a layer, however deep, is a Lambda or holds a serialised function."""
    pending = [config]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if value.get("class_name") in ("Lambda", "__lambda__"):
                return True
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return False
