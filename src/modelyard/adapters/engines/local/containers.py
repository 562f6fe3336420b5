"""The folders of containers: taking a name, reading a state, waiting, stopping, settling, removing.

``<root>/<name>/lock`` is held by the container's supervisor as long as it lives; that is how anybody tells a running
container from one that ended, whatever happened to whom. What is in the folder is described in ``shim.records``.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelyard.adapters.engines.local.shim import cgroups, tree
from modelyard.adapters.engines.local.shim.records import (
    EXIT,
    LOCK,
    LOG,
    SPEC,
    STATE,
    STOP,
    USAGE,
    move_back,
    to_json,
    write_record,
)
from modelyard.adapters.engines.local.untar import remove_tree
from modelyard.adapters.engines.local.users import UserRange
from modelyard.rooms.runs.errors import ContainerExists, ContainerMissing, EngineUnavailable
from modelyard.rooms.runs.ports import Container, Isolation, State, Usage

MARK = "MODELYARD_CONTAINER"
"""A variable by which the processes of a container at level ``none`` are found when its supervisor is gone."""
_LOST = 128 + signal.SIGKILL
_PATIENCE = 30.0
"""Seconds after which a supervisor that should have ended is killed."""
_POLL = 0.02
"""Seconds between looks where the kernel offers no descriptor for a process."""
_LONGEST_WATCH = 1000
"""Milliseconds after which a watched container is read again, in case the watch was for nothing."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Reserved:
    """A name that is taken. ``lock`` is a descriptor; close it once the shim has it, or to give up."""

    folder: Path
    lock: int


class Folders:
    """The containers below ``root``; safe among threads and processes. ``users`` gets back the uid of one removed."""

    def __init__(self, root: Path, users: UserRange | None) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = root
        self._users = users
        self._boot = _BOOT.read_text().strip()

    def reserve(self, name: str, document: dict[str, Any]) -> Reserved:
        """Takes the name and keeps ``document``: labels, isolation, image, layers, uid, moves, groups.

        Raises ``ContainerExists``.
        """
        draft = self._root / f".new-{uuid.uuid4().hex}"
        draft.mkdir(mode=0o700)
        lock = os.open(draft / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_record(str(draft), SPEC, to_json(document | {"boot": self._boot}))
        (draft / LOG).touch()
        try:
            draft.rename(self._root / name)
        except OSError as error:
            os.close(lock)
            remove_tree(draft)
            raise ContainerExists(f"A container named {name} exists.", remedy="Remove it first.") from error
        return Reserved(self._root / name, lock)

    def names(self) -> list[str]:
        return sorted(entry.name for entry in os.scandir(self._root) if not entry.name.startswith("."))

    def exists(self, name: str) -> bool:
        return bool(name) and not name.startswith(".") and "/" not in name and (self._root / name).is_dir()

    def folder(self, name: str) -> Path:
        return self._root / name

    def document(self, name: str) -> dict[str, Any]:
        """What was kept at ``reserve``; raises ``ContainerMissing``."""
        found = read_record(str(self._root / name), SPEC) if self.exists(name) else None
        if found is None:
            raise ContainerMissing(f"There is no container named {name}.")
        return found

    def read(self, name: str) -> Container:
        """The container now; one that lost its supervisor is settled. Raises ``ContainerMissing``."""
        document, folder = self.document(name), str(self._root / name)
        ended = read_record(folder, EXIT)
        if ended is None and not _alive(folder):
            ended = self._settle(name, document)
        state = read_record(folder, STATE)
        if state is None:
            self._forget_failed_start(name)
            raise ContainerMissing(f"The container {name} has not started.")
        if ended:
            _bury(state["supervisor"])
        usage = ended["usage"] if ended else _usage_so_far(folder, state)
        return Container(
            name=name,
            state=State.EXITED if ended else State.RUNNING,
            labels=document["labels"],
            isolation=Isolation(document["isolation"]),
            started_at=datetime.fromtimestamp(state["started_at"], UTC),
            exit_code=ended["exit_code"] if ended else None,
            reason=ended["reason"] if ended else None,
            usage=Usage(gpu_seconds=0.0, **usage),  # none is given a GPU
        )

    def wait(self, name: str, timeout: float | None) -> Container:
        end = None if timeout is None else time.monotonic() + timeout
        container = self.read(name)
        while container.state is State.RUNNING:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return container
            self._await_supervisor(name, left)
            container = self.read(name)
        return container

    def stop(self, name: str, grace: float) -> Container:
        """A supervisor that does not do its work is killed; the kernel ends what it held."""
        container = self.read(name)
        if container.state is State.EXITED:
            return container
        write_record(str(self._root / name), STOP, str(float(grace)))
        self._signal(name, signal.SIGTERM)
        container = self.wait(name, grace + _PATIENCE)
        if container.state is State.RUNNING:
            self._signal(name, signal.SIGKILL)
            container = self.wait(name, _PATIENCE)
        return container

    def log(self, name: str, offset: int, limit: int) -> bytes:
        self.document(name)
        with contextlib.suppress(FileNotFoundError), (self._root / name / LOG).open("rb") as file:
            file.seek(max(offset, 0))
            return file.read(limit)
        raise ContainerMissing(f"There is no container named {name}.")

    def end(self, name: str) -> None:
        """Stops it without grace; if it is just starting, once it has started."""
        while self.exists(name):
            try:
                self.stop(name, 0)
            except ContainerMissing:
                time.sleep(_POLL)
            else:
                return

    def remove(self, name: str) -> None:
        """Removes the folder of a container that has ended; of several who do so at once, one does."""
        folder = self._root / name
        document = read_record(str(folder), SPEC) or {}
        for inside, source in document.get("moves", []):
            move_back(inside, source)
        doomed = self._root / f".gone-{uuid.uuid4().hex}"
        try:
            folder.rename(doomed)
        except FileNotFoundError:
            return
        if self._users and document.get("uid") is not None:
            self._users.give_back(document["uid"])
        remove_tree(doomed)

    def sweep(self) -> None:
        """Removes what a process that died left half-made or half-removed."""
        for entry in list(os.scandir(self._root)):
            if entry.name.startswith(".gone-") or (entry.name.startswith(".new-") and not _alive(entry.path)):
                remove_tree(Path(entry.path))
        for name in self.names():
            self._forget_failed_start(name)

    def _forget_failed_start(self, name: str) -> None:
        """Removes a container that never ran and of which nobody is left who starts it."""
        folder = str(self._root / name)
        if not _alive(folder) and read_record(folder, STATE) is None:
            self._settle(name, read_record(folder, SPEC) or {})
            self.remove(name)

    def _settle(self, name: str, document: dict[str, Any]) -> dict[str, Any]:
        """Ends what may be left of a container whose supervisor died, and writes down that it did."""
        folder = str(self._root / name)
        with _exclusive(folder):
            ended = read_record(folder, EXIT)
            if ended is not None:  # by itself, or somebody else was quicker
                return ended
            same_boot = document.get("boot") == self._boot
            state = read_record(folder, STATE) or {}
            if same_boot:
                _end_leftovers(name, document, state)
            for inside, source in document.get("moves", []):
                move_back(inside, source)
            usage = read_record(folder, USAGE) or {}
            reason = "its supervisor was killed" if same_boot else "the machine was restarted"
            ended = {"exit_code": _LOST, "reason": reason, "usage": usage, "ended_at": time.time()}
            write_record(folder, EXIT, to_json(ended))
            return ended

    def _await_supervisor(self, name: str, timeout: float | None) -> None:
        """Returns when the supervisor has ended or ``timeout`` seconds have passed, or sooner."""
        pid = self._supervisor(name)
        if pid is None:
            return
        try:
            watch = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        except OSError:  # forbidden, as in some containers
            time.sleep(_POLL if timeout is None else min(_POLL, timeout))
            return
        try:
            poll = select.poll()
            poll.register(watch, select.POLLIN)
            poll.poll(_LONGEST_WATCH if timeout is None else min(timeout * 1000, _LONGEST_WATCH))
        finally:
            os.close(watch)

    def _signal(self, name: str, number: int) -> None:
        pid = self._supervisor(name)
        if pid is not None:
            tree.send(pid, number)

    def _supervisor(self, name: str) -> int | None:
        """The supervisor's pid while it lives; a number alone might be somebody else's by now."""
        state = read_record(str(self._root / name), STATE)
        same = state is not None and tree.start_of(state["supervisor"]) == state["supervisor_start"]
        return int(state["supervisor"]) if state and same else None


def read_record(folder: str, name: str) -> dict[str, Any] | None:
    """The document, or None when it is not there or not whole."""
    try:
        document = json.loads(Path(folder, name).read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _alive(folder: str) -> bool:
    """Whether somebody holds the container's lock: its supervisor, or whoever is just making it."""
    try:
        with open(f"{folder}/{LOCK}", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextlib.contextmanager
def _exclusive(folder: str) -> Iterator[None]:
    try:
        with open(f"{folder}/{LOCK}", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    except FileNotFoundError as error:
        raise ContainerMissing("The container was removed meanwhile.") from error


def _bury(pid: int) -> None:
    """Where we are process 1, as in a Docker container, supervisors become our children."""
    if os.getpid() == 1:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _usage_so_far(folder: str, state: dict[str, Any]) -> dict[str, Any]:
    groups = [cgroups.Place(*group) for group in state["groups"]]
    told = read_record(folder, USAGE) or {}
    cpu, memory = cgroups.cpu_seconds(groups), cgroups.memory_peak(groups)
    return {
        "cpu_seconds": told.get("cpu_seconds") if cpu is None else cpu,
        "memory_peak_bytes": memory or told.get("memory_peak_bytes"),
        "memory_byte_seconds": told.get("memory_byte_seconds"),
    }


def _end_leftovers(name: str, document: dict[str, Any], state: dict[str, Any]) -> None:
    """Kills by control group, by user, or by the variable that every process of the container has."""
    groups = [cgroups.Place(*group) for group in state.get("groups") or document.get("groups", [])]
    cgroups.kill(groups)
    if document.get("uid") is not None:
        _kill_user(document["uid"])
    elif document.get("isolation") == Isolation.NONE:
        tree.kill_all(_marked(f"{MARK}={name}"))
    end = time.monotonic() + 1.0
    while not cgroups.remove(groups) and time.monotonic() < end:
        time.sleep(0.005)


def _kill_user(uid: int) -> None:
    """By a process of that user, which may signal nobody else; it kills itself with the rest."""
    kill = ["/bin/sh", "-c", "kill -9 -1"]
    try:
        subprocess.run(kill, user=uid, group=uid, extra_groups=[], env={}, check=False, stderr=subprocess.DEVNULL)
    except OSError as error:
        raise EngineUnavailable(f"The processes of user {uid} could not be ended: {error}.") from error


def _marked(variable: str) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if entry.isdigit() and variable.encode() in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                found.append(int(entry))
    return found
