"""What the box serves (``box.json``) and how (the environment)."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_CONFIG = "/modelyard/box.json"
FORMAT = 1


class ConfigError(Exception):
    """The box was started with a configuration it cannot use; the message says which part and why."""


@dataclass(frozen=True, slots=True)
class Target:
    """The function that predicts: ``module.function`` or, with a class, ``module.class_name(…).function``."""

    module: str
    class_name: str | None
    function: str


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How calls may run together: at most so many, after waiting for them for at most so many seconds."""

    max_size: int = 64
    max_wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Box:
    """The content of ``box.json``. ``artifact`` is a path, or None when the target needs no unpickled model.

    ``batch`` says that the target takes several calls' rows at once; None where the author has not said so.
    ``framework`` says which adapter of ``flavours`` calls the model; None where ``target`` does. ``operation`` is the
    kind of an operation, whose target is called once, by ``run``; None for a model.
    """

    target: Target
    artifact: str | None
    source: str
    site: str
    signature: dict[str, Any]
    card: dict[str, Any]
    batch: BatchLimits | None = None
    framework: dict[str, Any] | None = None
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve. Durations are seconds, sizes bytes. ``socket`` None means TCP on ``port``.

    ``timeout_s`` is what a prediction may take, and ``wait_s`` what it may wait for a worker before.

    ``records`` is how many records of predictions are kept for the platform to fetch; 0 where no platform asks.
    ``keep_inputs`` says whether inputs and outputs are among them, until the platform says otherwise.
    ``fetch_urls`` says whether files and images may be given by URL.
    """

    socket: str | None
    port: int
    repository: str | None
    version: str | None
    workers: int
    timeout_s: float
    wait_s: float
    load_timeout_s: float
    read_timeout_s: float
    max_body_bytes: int
    queue: int
    show_traceback: bool
    records: int
    keep_inputs: bool
    fetch_urls: bool
    fetch_timeout_s: float


def load_box() -> Box:
    """Reads ``box.json``, or the file that MODELYARD_BOX_CONFIG names. Raises ConfigError.

    Where an engine cannot change the root, MODELYARD_ROOT is the folder that stands for ``/`` in these paths.
    """
    root = os.environ.get("MODELYARD_ROOT", "")
    path = os.environ.get("MODELYARD_BOX_CONFIG", root + DEFAULT_CONFIG)
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 (pathlib costs start-up time)
            return _box(json.load(file), root)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{path} lacks or misspells {error}") from error


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Reads the MODELYARD_* variables; absent or empty means the default. Raises ConfigError naming the variable."""
    return Settings(
        socket=environ.get("MODELYARD_SOCKET") or None,
        port=int(_number(environ, "MODELYARD_PORT", 8000, least=0)),
        repository=environ.get("MODELYARD_REPOSITORY") or None,
        version=environ.get("MODELYARD_VERSION") or None,
        workers=int(_number(environ, "MODELYARD_WORKERS", 1, least=1)),
        timeout_s=(timeout := _number(environ, "MODELYARD_TIMEOUT_S", 60, least=0.01)),
        wait_s=timeout,
        load_timeout_s=_number(environ, "MODELYARD_LOAD_TIMEOUT_S", 600, least=0.01),
        read_timeout_s=_number(environ, "MODELYARD_READ_TIMEOUT_S", 30, least=0.01),
        max_body_bytes=int(_number(environ, "MODELYARD_MAX_BODY_BYTES", 100 * 2**20, least=1)),
        queue=int(_number(environ, "MODELYARD_QUEUE", 128, least=1)),
        show_traceback=_flag(environ, "MODELYARD_SHOW_TRACEBACK"),
        records=int(_number(environ, "MODELYARD_RECORDS", 0, least=0)),
        keep_inputs=_flag(environ, "MODELYARD_KEEP_INPUTS"),
        fetch_urls=_flag(environ, "MODELYARD_FETCH_URLS"),
        fetch_timeout_s=_number(environ, "MODELYARD_FETCH_TIMEOUT_S", 10, least=0.01),
    )


def check_timeout(environ: Mapping[str, str]) -> float:
    """Seconds that ``check`` gives the model to load and answer its example."""
    return _number(environ, "MODELYARD_CHECK_TIMEOUT_S", 120, least=0.01)


def _box(document: dict[str, Any], root: str) -> Box:
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r} is not {FORMAT}, the only one this box reads")
    target = document["target"]
    return Box(
        target=Target(target["module"], target.get("class"), target["function"]),
        artifact=root + document["artifact"] if document.get("artifact") else None,
        source=root + document["source"],
        site=root + document["site"],
        signature=document["signature"],
        card=document.get("card") or {},
        batch=_batch(document.get("batch")),
        framework=document.get("framework"),
        operation=document.get("operation"),
    )


def _batch(found: Any) -> BatchLimits | None:
    """``true``, or an object with ``max_size`` and ``max_wait_ms``, each of which may be absent."""
    if found is None or found is False:
        return None
    said = {} if found is True else found
    return BatchLimits(int(said.get("max_size", BatchLimits().max_size)), float(said.get("max_wait_ms", 0)) / 1000)


def _flag(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "0").lower() in {"1", "true", "yes"}


def _number(environ: Mapping[str, str], name: str, default: float, *, least: float) -> float:
    text = environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError as error:
        raise ConfigError(f"{name} is {text!r}, which is not a number") from error
    if not least <= value < float("inf"):
        raise ConfigError(f"{name} is {text}; it must be at least {least:g}")
    return value
