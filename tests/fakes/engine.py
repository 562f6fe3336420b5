"""An engine in memory, held to the engine's contract: for tests of rooms that start containers.

By default a command is a plain process of this machine with no confinement at all, in a private folder, with paths of
mounts in its variables and arguments rewritten to their sources. With ``program`` a Python function runs in its place.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs.errors import ContainerExists, ContainerMissing, EngineRefused, EngineUnavailable
from modelyard.rooms.runs.ports import Container, ContainerSpec, Isolation, State, Usage


@dataclass
class Running:
    """What a program is given: ``write`` adds to the log, ``stopping`` is set when it shall end, ``usage`` is what the
    engine shall say that it used."""

    spec: ContainerSpec
    log: bytearray = field(default_factory=bytearray)
    stopping: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    exit_code: int | None = None
    reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    kill: Callable[[], None] = lambda: None
    terminate: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> None:
        room = self.spec.limits.log_bytes - len(self.log)
        self.log += data[: max(room, 0)]


Program = Callable[[Running], int]


class FakeEngine:
    """Implements ``Engine``. ``containers`` is the state to share with another object, as a restarted server would.

    ``unavailable`` makes every verb raise ``EngineUnavailable``; ``isolation`` may be set to what a test needs.
    """

    def __init__(
        self,
        blobs: BlobStore,
        *,
        program: Program | None = None,
        containers: dict[str, Running] | None = None,
        isolation: Isolation = Isolation.NAMESPACES,
    ) -> None:
        self.isolation = isolation
        self.unavailable = False
        self.containers: dict[str, Running] = {} if containers is None else containers
        self._blobs = blobs
        self._program = program
        self._lock = threading.Lock()

    def create(self, spec: ContainerSpec) -> Container:
        self._check_available()
        self._check(spec)
        running = Running(spec)
        with self._lock:
            if spec.name in self.containers:
                raise ContainerExists(f"{spec.name} exists")
            self.containers[spec.name] = running
        try:
            self._start(running)
        except EngineRefused:
            del self.containers[spec.name]
            raise
        return self._container(running)

    def wait(self, name: str, *, timeout: float | None = None) -> Container:
        running = self._find(name)
        running.ended.wait(timeout)
        return self._container(running)

    def logs(self, name: str, *, offset: int = 0, limit: int = 1024**2) -> bytes:
        return bytes(self._find(name).log[offset : offset + limit])

    def stop(self, name: str, *, grace: float = 10.0) -> Container:
        running = self._find(name)
        if not running.ended.is_set():
            running.reason = "stopped"
            running.stopping.set()
            running.terminate()
            if not running.ended.wait(grace):
                running.kill()
                running.ended.wait()
        return self._container(running)

    def remove(self, name: str) -> None:
        self._check_available()
        if name in self.containers:
            self.stop(name, grace=0)
            self.containers.pop(name, None)

    def list(self, labels: Mapping[str, str] | None = None) -> list[Container]:
        self._check_available()
        found = [self._container(running) for running in list(self.containers.values())]
        return [one for one in found if (labels or {}).items() <= one.labels.items()]

    def _check_available(self) -> None:
        if self.unavailable:
            raise EngineUnavailable("The engine was switched off by a test.")

    def _check(self, spec: ContainerSpec) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", spec.name):
            raise EngineRefused(f"{spec.name!r} is no container name")
        for digest in spec.image.layers:
            if self._blobs.stat(digest) is None:
                raise EngineRefused(f"the layer {digest} is missing")

    def _find(self, name: str) -> Running:
        self._check_available()
        if name not in self.containers:
            raise ContainerMissing(f"no container {name}")
        return self.containers[name]

    def _container(self, running: Running) -> Container:
        ended = running.ended.is_set()
        return Container(
            name=running.spec.name,
            state=State.EXITED if ended else State.RUNNING,
            labels=dict(running.spec.labels),
            isolation=self.isolation,
            started_at=running.started_at,
            exit_code=running.exit_code if ended else None,
            reason=running.reason if ended else None,
            usage=running.usage,
        )

    def _start(self, running: Running) -> None:
        work = _call(self._program, running) if self._program else _follow(running, *_spawn(running))
        threading.Thread(target=work, daemon=True).start()


def _call(program: Program, running: Running) -> Callable[[], None]:
    """Runs a Python function; one that does not heed ``stopping`` counts as killed."""

    def kill() -> None:
        running.exit_code = 128 + signal.SIGKILL
        running.ended.set()

    def work() -> None:
        try:
            code = program(running)
        except Exception as error:
            running.write(f"{type(error).__name__}: {error}\n".encode())
            code = 1
        if not running.ended.is_set():
            running.exit_code = code
            running.ended.set()

    running.kill = kill
    return work


def _spawn(running: Running) -> tuple[subprocess.Popen[bytes], Path]:
    home = Path(tempfile.mkdtemp(prefix="fake-engine-"))
    config = running.spec.image.config.get("config") or {}
    work = home / (config.get("WorkingDir") or "/").strip("/")
    work.mkdir(parents=True, exist_ok=True)
    pairs = (entry.partition("=") for entry in config.get("Env") or [])
    variables = {name: value for name, _, value in pairs} | dict(running.spec.env)
    words = running.spec.command or [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
    moved = [(mount.target, str(mount.source)) for mount in running.spec.mounts]
    try:
        process = subprocess.Popen(
            [_moved(word, moved) for word in words],
            env={name: _moved(value, moved) for name, value in variables.items()},
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        shutil.rmtree(home)
        raise EngineRefused(f"{words[0] if words else 'no command'}: {error.strerror}") from error
    running.terminate = process.terminate
    running.kill = process.kill
    return process, home


def _moved(text: str, mounts: Sequence[tuple[str, str]]) -> str:
    for target, source in mounts:
        if text == target or text.startswith(f"{target}/"):
            return source + text.removeprefix(target)
    return text


def _follow(running: Running, process: subprocess.Popen[bytes], home: Path) -> Callable[[], None]:
    def read() -> None:
        if process.stdout is not None:
            while data := os.read(process.stdout.fileno(), 65536):
                running.write(data)

    def work() -> None:
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        code = process.wait()
        _kill_descendants(home)
        reader.join()
        shutil.rmtree(home, ignore_errors=True)
        running.exit_code = 128 - code if code < 0 else code
        running.ended.set()

    return work


def _kill_descendants(home: Path) -> None:
    """Whoever still has a working folder of this container belongs to it."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and Path(os.readlink(entry / "cwd")).is_relative_to(home):
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue
