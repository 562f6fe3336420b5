"""A directory as the zip that a push sends, and what kind of repository it is for."""

import json
import os
import re
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.apps.cli.exits import UsageError

LEFT_OUT = frozenset(
    {
        ".git", ".hg", ".svn", "__pycache__", ".venv", "venv", "node_modules", ".ipynb_checkpoints", ".DS_Store",
        ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".idea", ".vscode",
    }
)  # fmt: skip
"""What belongs to somebody's tools and not to a model."""

DESCRIPTIONS = ("modelyard.yaml", "MLmodel")
RUNS = re.compile(rb"(?m)^run[ \t]*:")
FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def is_script(path: Path) -> bool:
    """Whether a file is a script, told by its name."""
    return path.is_file() and path.suffix == ".py"


def kind_of(path: Path | None, source: Path | None, config: Path | None) -> str:
    """``operation`` or ``model``: what a folder, zip, or source with its config describes, looked at and not checked.

    The server says what is wrong with it.
    """
    if path is not None:
        return "operation" if RUNS.search(_description(path)) else "model"
    said = _read_json(config) if config else {}
    runs = "run" in said or (source is not None and is_script(source) and not {"predict", "framework"} & said.keys())
    return "operation" if runs else "model"


def _description(path: Path) -> bytes:
    """The text of ``modelyard.yaml``; empty where there is none."""
    if path.is_dir():
        file = path / DESCRIPTIONS[0]
        return file.read_bytes() if file.is_file() else b""
    with zipfile.ZipFile(path) as archive:
        names = (name for name in archive.namelist() if name.rpartition("/")[2] == DESCRIPTIONS[0])
        nearest = min(names, key=lambda name: name.count("/"), default=None)
        return archive.read(nearest) if nearest else b""


def _read_json(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def packed(folder: Path) -> Iterator[Path]:
    """A zip of the folder, removed afterwards. The same files give the same bytes.

    Raises ``UsageError`` when the folder does not describe a model, or holds links or other things than files.
    """
    if not any((folder / name).is_file() for name in DESCRIPTIONS):
        raise UsageError(
            f"{folder} has no {DESCRIPTIONS[0]}.",
            remedy="Write one, or push with --source, --artifact, --requirements and --config.",
        )
    with tempfile.TemporaryDirectory(prefix="modelyard-push-") as workspace:
        target = Path(workspace) / f"{folder.resolve().name}.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in _files(folder):
                _add(archive, path, path.relative_to(folder).as_posix())
        yield target


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(names + [f for f in folders if (Path(parent) / f).is_symlink()]):
            if name not in LEFT_OUT and not name.endswith(".pyc"):
                yield Path(parent) / name


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        what = "a link" if stat.S_ISLNK(mode) else "not a file"
        raise UsageError(f"{path} is {what}.", remedy="Put the file itself there, or move it out of the folder.")
    entry = zipfile.ZipInfo(name, FIXED_TIME)
    entry.external_attr = (0o755 if mode & 0o100 else 0o644) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
        while chunk := source.read(1024 * 1024):
            target.write(chunk)
