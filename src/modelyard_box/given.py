"""What an operation is given of its files: the path itself, or what the annotation asks for, read from it."""

import importlib
import typing
from pathlib import Path, PurePath
from typing import Any

from modelyard_box.errors import Mismatch
from modelyard_box.incoming import bare
from modelyard_box.loading import Loaded

_READERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".csv": ("read_csv", {}),
    ".tsv": ("read_csv", {"sep": "\t"}),
    ".parquet": ("read_parquet", {}),
    ".json": ("read_json", {}),
    ".jsonl": ("read_json", {"lines": True}),
    ".ndjson": ("read_json", {"lines": True}),
    ".xlsx": ("read_excel", {}),
}
"""How pandas reads a table, by the end of its name."""


def read_given(loaded: Loaded, name: str, kind: str, path: Path) -> Any:
    """The value for an input: a path, a table, or what the target's own converter makes of the bytes.

    Raises Mismatch where a file is none of the kind that is asked for.
    """
    annotation = _without_none(loaded.hints.get(name))
    if _is_path(annotation) or annotation in (None, str):
        loaded.converters.pop(name, None)
        return str(path) if annotation is str else path
    if _is_frame(annotation):
        loaded.converters.pop(name, None)
        return _read_table(name, path)
    if kind == "files":
        return _read_all(loaded, name, annotation, path)
    return (path.read_bytes(), path.name)


def _read_all(loaded: Loaded, name: str, annotation: Any, folder: Path) -> Any:
    """Each file of a folder, in the order of their names, for a list."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    item = _without_none(next(iter(typing.get_args(annotation)), None))
    if _is_path(item):
        loaded.converters.pop(name, None)
        return paths
    return [(path.read_bytes(), path.name) for path in paths]


def _read_table(name: str, path: Path) -> Any:
    known = _READERS.get(path.suffix.lower())
    if known is None:
        raise Mismatch(f"is {path.name}, which is no table: give one of {', '.join(_READERS)}", [name])
    verb, options = known
    try:
        return getattr(importlib.import_module("pandas"), verb)(path, **options)
    except (ValueError, OSError, ImportError) as error:
        raise Mismatch(f"is {path.name}, which pandas cannot read: {error}", [name]) from error


def _without_none(annotation: Any) -> Any:
    """The annotation without what stands around it, and without ``| None``."""
    annotation = bare(annotation)
    arms = [arm for arm in typing.get_args(annotation) if arm is not type(None)]
    is_optional = type(None) in typing.get_args(annotation) and len(arms) == 1
    return bare(arms[0]) if is_optional else annotation


def _is_path(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, PurePath)


def _is_frame(annotation: Any) -> bool:
    module, name = getattr(annotation, "__module__", ""), getattr(annotation, "__qualname__", "")
    return module.partition(".")[0] == "pandas" and name == "DataFrame"
