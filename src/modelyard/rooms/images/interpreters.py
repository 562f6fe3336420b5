"""Starts a base image's Python on this machine, out of a folder, through the base's own loader."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from modelyard.rooms.images.bytecode import Interpreter
from modelyard.rooms.images.errors import BaseUnavailable
from modelyard.rooms.images.tars import Entry, check_path

_LOADERS = {"x86_64": "ld-linux-x86-64.so.2", "aarch64": "ld-linux-aarch64.so.1"}
_NOT_NEEDED = ("usr/share/", "var/", "etc/", "dev/", "proc/", "sys/", "root/", "home/", "usr/include/", "usr/src/")


def unpack_tree(entries: Iterable[Entry], folder: Path) -> None:
    """Writes what an interpreter needs of a base into ``folder``, all or nothing, without ever leaving it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as name:
        root = Path(name).resolve() / "root"
        root.mkdir()
        for entry in entries:
            if not entry.path.startswith(_NOT_NEEDED):
                _write(entry, root)
        if not folder.exists():
            root.rename(folder)


def keep_tree(folder: Path, place: Path) -> None:
    """Moves a tree that ``unpack_tree`` wrote to its lasting place; none written, or one there already, is no error."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists() and not place.exists():
        folder.rename(place)


def find_interpreter(folder: Path, interpreter: str, machine: str, *, version: str) -> Interpreter:
    """The Python at ``interpreter`` (its path in the image), of that exact version, of the base in ``folder``."""
    home = (folder / interpreter.lstrip("/")).resolve().parent.parent
    environment = (("PYTHONHOME", str(home)), ("LC_ALL", "C.UTF-8"))
    return Interpreter(_command(folder, interpreter, machine), environment, version)


def ask_version(interpreter: Interpreter) -> Interpreter:
    """The same, with the version that it says itself; raises ``BaseUnavailable`` where it does not start."""
    try:
        version = subprocess.run(
            [*interpreter.command, "-s", "-S", "-c", "import platform; print(platform.python_version())"],
            env=dict(interpreter.environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout.strip()
    except (subprocess.SubprocessError, OSError) as e:
        raise BaseUnavailable("The base's own interpreter does not start on this machine.") from e
    return replace(interpreter, version=version)


def _command(folder: Path, interpreter: str, machine: str) -> tuple[str, ...]:
    loader = next((path for path in _loaders(folder, machine) if path.exists()), None)
    if loader is None:
        raise BaseUnavailable("The base has no GNU C library, which wheels need.", remedy="Use a Debian-based image.")
    triplet = f"{machine}-linux-gnu"
    libraries = [folder / "usr/local/lib", folder / "usr/lib" / triplet, folder / "lib" / triplet]
    path = ":".join(str(library) for library in libraries if library.exists())
    return (str(loader), "--library-path", path, str(folder / interpreter.lstrip("/")))


def _loaders(folder: Path, machine: str) -> list[Path]:
    return [folder / place / _LOADERS[machine] for place in ("usr/lib64", "lib64", "usr/lib", "lib")]


def _write(entry: Entry, root: Path) -> None:
    path = root / check_path(entry.path)
    if not path.parent.resolve().is_relative_to(root):
        raise BaseUnavailable(f"The base has a path that leaves its root: {entry.path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry.kind != "dir" and (path.is_symlink() or path.exists()):
        path.unlink()
    if entry.kind == "dir":
        if not path.is_dir():
            path.mkdir(exist_ok=True)
    elif entry.kind == "link":
        path.symlink_to(_inside(entry, root))
    elif entry.kind == "hardlink":
        shutil.copy2(_source(root, entry.target), path)
    else:
        with path.open("wb") as file:
            for chunk in [entry.content] if isinstance(entry.content, bytes) else entry.content():
                file.write(chunk)
        path.chmod((entry.mode & 0o755) | 0o600)


def _inside(entry: Entry, root: Path) -> str:
    """A link's target, relative to the folder that holds the tree."""
    if not entry.target.startswith("/"):
        return entry.target
    depth = entry.path.count("/")
    return "../" * depth + entry.target.lstrip("/")


def _source(root: Path, target: str) -> Path:
    path = (root / check_path(target)).resolve()
    if not path.is_relative_to(root):
        raise BaseUnavailable(f"The base has a link that leaves its root: {target}")
    return path
