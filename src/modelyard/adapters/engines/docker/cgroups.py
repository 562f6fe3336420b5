"""What a container used, from a cgroup parent of its own.

Docker's statistics end with the container; the counters of a parent cgroup stay until it is removed. cgroup v1 has one
tree per controller, v2 one for all (kernel documentation: admin-guide/cgroup-v1, admin-guide/cgroup-v2).
"""

import contextlib
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from modelyard.rooms.runs.ports import Usage


@dataclass(frozen=True, slots=True)
class CgroupTree:
    """The control groups of this machine as the engine drives them; ``systemd`` names groups as slices."""

    root: Path
    systemd: bool

    def parent(self, name: str) -> str:
        """The value of CgroupParent for the container ``name``. A dash nests slices, so it is written otherwise."""
        return f"modelyard-{name.replace('-', '_')}.slice" if self.systemd else f"/modelyard/{name}"

    def usage(self, name: str) -> Usage | None:
        """What was used so far, by whatever ran under the parent; None where its cgroup cannot be read."""
        cpu = self._read(name, "cpuacct.usage")
        if cpu is not None:
            return Usage(int(cpu) / 1e9, _number(self._read(name, "memory.max_usage_in_bytes")))
        if (stat := self._read(name, "cpu.stat")) is not None:
            microseconds = _fields(stat).get("usage_usec")
            seconds = None if microseconds is None else microseconds / 1e6
            return Usage(seconds, _number(self._read(name, "memory.peak")))
        return None

    def memory_now(self, name: str) -> int | None:
        """Bytes charged to it at this moment, cached pages of files included."""
        return _number(self._read(name, "memory.usage_in_bytes") or self._read(name, "memory.current"))

    def memory_ran_out(self, name: str) -> bool:
        """Whether the kernel killed something for want of memory (v2 counts it in the parent as well)."""
        return _fields(self._read(name, "memory.events") or "").get("oom_kill", 0) > 0

    def processes_ran_out(self, name: str) -> bool:
        """Whether a fork was refused (counted in the parent from Linux 6.12 on, v2 only)."""
        return _fields(self._read(name, "pids.events") or "").get("max", 0) > 0

    def remove(self, name: str) -> None:
        """Removes the parent; it is empty when its container is gone. Where that is not allowed, it stays."""
        for folder in self._folders(name):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def remove_others(self, prefix: str, *, keep: Set[str]) -> None:
        """Removes the parents whose names begin with ``prefix`` but those in ``keep``, and those still in use."""
        kept = {Path(self.parent(name)).name for name in keep}
        for folder in self._folders(prefix, more="*"):
            if folder.name not in kept:
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def _read(self, name: str, file: str) -> str | None:
        for folder in self._folders(name):
            with contextlib.suppress(OSError):
                return (folder / file).read_text().strip()
        return None

    def _folders(self, name: str, *, more: str = "") -> list[Path]:
        """The group's folders, one per tree; with ``more`` a pattern that goes on after the name."""
        parent = self.parent(f"{name}{more}").lstrip("/")
        relative = f"modelyard.slice/{parent}" if self.systemd else parent
        found = [*self.root.glob(f"*/{relative}"), *self.root.glob(relative)]
        return [folder for folder in found if folder.is_dir()]


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


def _fields(text: str) -> dict[str, int]:
    """The flat keyed format: ``key value`` lines."""
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
