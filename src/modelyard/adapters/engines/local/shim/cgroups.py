"""Control groups, version 2 or 1: finding a place where some can be made, limiting, metering, ending.

A *place* is a folder in which this process may create groups, with the controllers that work there; a *group* is one
folder per place for one container. Kernel documentation: admin-guide/cgroup-v2.rst and cgroup-v1/.
"""

import os

from modelyard.adapters.engines.local.shim.records import Value
from modelyard.adapters.engines.local.shim.signals import SIGKILL

PARENT = "modelyard"
_WANTED = ("cpu", "memory", "pids")
_PERIOD = 100_000
"""Microseconds of a CPU bandwidth period, the kernel's default."""


class Place:
    """``version`` is 1 or 2; ``controllers`` are those of cpu, cpuacct, memory, pids that work in ``folder``."""

    __slots__ = ("controllers", "folder", "version")

    def __init__(self, version: int, folder: str, controllers: list[str]) -> None:
        self.version = version
        self.folder = folder
        self.controllers = controllers

    def to_list(self) -> list[Value]:
        return [self.version, self.folder, [*self.controllers]]


def find_places() -> list[Place]:
    """Where groups can be made, after trying; empty where they cannot. Version 1 has a place per hierarchy."""
    memberships = [line.strip().split(":", 2) for line in _read("/proc/self/cgroup").splitlines()]
    mounts = _mounts()
    own = next((path for _, names, path in memberships if not names), None)
    unified = _unified_place(mounts["unified"], own) if own and "unified" in mounts else None
    if unified:
        return [unified]
    places = []
    for _, names, path in memberships:
        for controller in names.split(","):
            if controller in (*_WANTED, "cpuacct") and controller in mounts:
                place = _legacy_place(mounts[controller], path, controller)
                places += [place] if place else []
    return places


def make(places: list[Place], name: str, *, memory_bytes: int, cpus: float, pids: int) -> list[Place]:
    """Creates the groups of one container and sets their limits; what cannot be limited is left unlimited."""
    groups = [Place(place.version, f"{place.folder}/{name}", place.controllers) for place in places]
    for group in groups:
        os.makedirs(group.folder, exist_ok=True)
        for file, value in _limits(group, memory_bytes, cpus, pids):
            write(f"{group.folder}/{file}", value)
    return groups


def join(groups: list[Place]) -> None:
    """Puts the calling process into the groups."""
    for group in groups:
        with open(f"{group.folder}/cgroup.procs", "w") as file:
            file.write("0" if group.version == 2 else str(os.getpid()))


def cpu_seconds(groups: list[Place]) -> float | None:
    for group in groups:
        if group.version == 2:
            used = _keyed(f"{group.folder}/cpu.stat").get("usage_usec")
            if used is not None:
                return used / 1e6
        elif "cpuacct" in group.controllers:
            used = _number(f"{group.folder}/cpuacct.usage")
            if used is not None:
                return used / 1e9
    return None


def memory_peak(groups: list[Place]) -> int | None:
    for group in groups:
        if "memory" in group.controllers:
            return _number(f"{group.folder}/{'memory.peak' if group.version == 2 else 'memory.max_usage_in_bytes'}")
    return None


def memory_now(groups: list[Place]) -> int | None:
    """Bytes charged at this moment: what its processes hold, its files in memory, and cached pages of files."""
    for group in groups:
        if "memory" in group.controllers:
            return _number(f"{group.folder}/{'memory.current' if group.version == 2 else 'memory.usage_in_bytes'}")
    return None


def limits_memory(groups: list[Place]) -> bool:
    return any("memory" in group.controllers for group in groups)


def limits_pids(groups: list[Place]) -> bool:
    return any("pids" in group.controllers for group in groups)


def limits_cpu(groups: list[Place]) -> bool:
    return any("cpu" in group.controllers for group in groups)


def out_of_memory(groups: list[Place]) -> bool:
    """Whether the kernel killed something in the group because the group's memory was used up."""
    files = {1: "memory.oom_control", 2: "memory.events"}
    return any(_keyed(f"{g.folder}/{files[g.version]}").get("oom_kill", 0) for g in groups if "memory" in g.controllers)


def out_of_pids(groups: list[Place]) -> bool:
    """Whether a fork was refused because of the limit."""
    return any(_keyed(f"{g.folder}/pids.events").get("max", 0) for g in groups if "pids" in g.controllers)


def kill(groups: list[Place]) -> None:
    """Kills what is in the groups; version 2 of kernel 5.14 does so at once, others are walked."""
    for group in groups:
        if group.version == 2 and write(f"{group.folder}/cgroup.kill", "1"):
            continue
        for pid in _read(f"{group.folder}/cgroup.procs").split():
            try:
                os.kill(int(pid), SIGKILL)
            except OSError:
                continue


def remove(groups: list[Place]) -> bool:
    """Removes the groups; False while something is still in them."""
    gone = True
    for group in groups:
        try:
            os.rmdir(group.folder)
        except FileNotFoundError:
            continue
        except OSError:
            gone = False
    return gone


def write(path: str, value: str) -> bool:
    try:
        with open(path, "w") as file:
            file.write(value)
    except OSError:
        return False
    return True


def _limits(group: Place, memory_bytes: int, cpus: float, pids: int) -> list[tuple[str, str]]:
    quota = str(int(cpus * _PERIOD))
    by_controller = {
        (2, "memory"): [("memory.max", str(memory_bytes)), ("memory.swap.max", "0")],
        (2, "pids"): [("pids.max", str(pids))],
        (2, "cpu"): [("cpu.max", f"{quota} {_PERIOD}")],
        (1, "memory"): [
            ("memory.limit_in_bytes", str(memory_bytes)),
            ("memory.memsw.limit_in_bytes", str(memory_bytes)),
        ],
        (1, "pids"): [("pids.max", str(pids))],
        (1, "cpu"): [("cpu.cfs_period_us", str(_PERIOD)), ("cpu.cfs_quota_us", quota)],
    }
    return [pair for controller in group.controllers for pair in by_controller.get((group.version, controller), [])]


def _unified_place(mount: str, own: str) -> Place | None:
    """The nearest group from our own upwards that lets us create children with all wanted controllers.

    Our own usually does not: a group that holds processes may not hand controllers to children. The groups above,
    where systemd delegated them or we are root, hold none.
    """
    folder = os.path.normpath(f"{mount}/{own}")
    while folder.startswith(mount):
        place = _try_unified(folder)
        if place:
            return place
        folder = os.path.dirname(folder)
    return None


def _try_unified(folder: str) -> Place | None:
    available = _read(f"{folder}/cgroup.controllers").split()
    controllers = [controller for controller in _WANTED if controller in available]
    parent = f"{folder}/{PARENT}"
    if "memory" not in controllers or not _made(parent):
        return None
    enable = " ".join(f"+{controller}" for controller in controllers)
    if all(write(f"{path}/cgroup.subtree_control", enable) for path in (folder, parent)) and _holds_processes(parent):
        return Place(2, parent, controllers)
    remove([Place(2, parent, [])])
    return None


def _legacy_place(mount: str, own: str, controller: str) -> Place | None:
    for folder in (os.path.normpath(f"{mount}/{own}"), mount):
        parent = f"{folder}/{PARENT}"
        if _made(parent) and _holds_processes(parent):
            return Place(1, parent, [controller])
    return None


def _made(folder: str) -> bool:
    try:
        os.mkdir(folder)
    except FileExistsError:
        return True
    except OSError:
        return False
    return True


def _holds_processes(parent: str) -> bool:
    """Whether we may move a process into a group made in ``parent``: a child tries, since rights do not tell all."""
    group = Place(2, f"{parent}/try-{os.getpid()}-{os.urandom(3).hex()}", [])
    try:
        os.mkdir(group.folder)
    except OSError:
        return False
    move = ["sh", "-c", 'echo $$ > "$1"', "sh", f"{group.folder}/cgroup.procs"]
    silent = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn("/bin/sh", move, {}, file_actions=silent)
    moved = os.waitpid(child, 0)[1] == 0
    return remove([group]) and moved


def _mounts() -> dict[str, str]:
    """Mount points by controller; ``unified`` for version 2 (proc(5), mountinfo)."""
    found: dict[str, str] = {}
    for line in _read("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        point = before.split(" ")[4]
        if kind == "cgroup2":
            found.setdefault("unified", point)
        elif kind == "cgroup":
            found.update(dict.fromkeys(options.split(","), point))
    return found


def _keyed(path: str) -> dict[str, int]:
    pairs = (line.split() for line in _read(path).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _number(path: str) -> int | None:
    text = _read(path).strip()
    return int(text) if text.isdigit() else None


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
