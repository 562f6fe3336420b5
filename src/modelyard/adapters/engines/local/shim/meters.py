"""What a container uses, and whether it uses too much where control groups do not see to it."""

import os
import resource
import stat
import time

from modelyard.adapters.engines.local.shim import cgroups, tree
from modelyard.adapters.engines.local.shim.records import Value

_SHORTEST, _LONGEST = 0.05, 1.0
"""Seconds between two looks: short while use changes or is near a limit, long while nothing happens."""


class Meter:
    """Watches the processes below ``root`` and the bytes in ``folders``.

    The memory held is summed over time from look to look, as if it had changed evenly in between: exact while it
    changes slowly, else wrong by what it grew or shrank in a second.
    """

    def __init__(
        self, root: int, groups: list[cgroups.Place], *, memory: int, pids: int, folders: list[str], disk: int
    ) -> None:
        self.interval = _SHORTEST
        self._root = root
        self._groups = groups
        self._memory_limit = None if cgroups.limits_memory(groups) else memory
        self._pids_limit = None if cgroups.limits_pids(groups) else pids
        self._folders = folders
        self._disk_limit = disk
        self._peak = 0
        self._cpu = 0.0
        self._last = 0
        self._held = 0.0
        self._looked = time.monotonic()

    @property
    def due_in(self) -> float:
        """Seconds until the next look; not more than 0 where it is due."""
        return self._looked + self.interval - time.monotonic()

    def look(self) -> str | None:
        """Measures; returns the reason to end the container, or None."""
        if self._memory_limit or self._pids_limit or self._folders:
            return self._look_at_processes()
        self._note(cgroups.memory_now(self._groups) or 0)
        return None

    def _look_at_processes(self) -> str | None:
        pids = [self._root, *tree.descendants(self._root)]
        memory = tree.resident_bytes(pids)
        self._cpu = max(self._cpu, tree.cpu_seconds(pids))
        charged = cgroups.memory_now(self._groups)
        self._note(memory if charged is None else charged)
        if self._memory_limit and memory > self._memory_limit:
            memory = tree.proportional_bytes(pids)
        self._peak = max(self._peak, memory)
        if self._memory_limit and memory > self._memory_limit:
            return "out of memory"
        if self._pids_limit and len(pids) > self._pids_limit + 2:  # the two that set the container up
            return "too many processes"
        if self._folders and sum(map(stored_bytes, self._folders)) > self._disk_limit:
            return "disk full"
        return None

    def usage(self, ended: resource.struct_rusage | None = None) -> dict[str, Value]:
        """CPU seconds, the greatest memory and memory times seconds so far; ``ended`` is what the kernel said of the
        process at its end."""
        cpu, peak = cgroups.cpu_seconds(self._groups), cgroups.memory_peak(self._groups)
        if ended is not None:
            self._cpu = max(self._cpu, ended.ru_utime + ended.ru_stime)
            self._peak = max(self._peak, ended.ru_maxrss * 1024)
        since = time.monotonic() - self._looked
        return {
            "cpu_seconds": self._cpu if cpu is None else cpu,
            "memory_peak_bytes": peak or self._peak or None,
            "memory_byte_seconds": self._held + (self._last or peak or self._peak) * since,
        }

    def _note(self, memory: int) -> None:
        """Sums up what was held, and decides when to look again."""
        now = time.monotonic()
        self._held += (self._last + memory) / 2 * (now - self._looked)
        steady = self._last * 0.9 <= memory <= self._last * 1.1
        quiet = steady and (not self._memory_limit or memory * 2 < self._memory_limit)
        slowest = 0.5 if self._folders else _LONGEST
        self.interval = min(self.interval * 2, slowest) if quiet else _SHORTEST
        self._looked, self._last = now, memory


def stored_bytes(folder: str) -> int:
    """Bytes on disk below a folder; links are not followed, what vanishes meanwhile counts nothing."""
    total = 0
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return 0
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        total += status.st_blocks * 512
        if stat.S_ISDIR(status.st_mode):
            total += stored_bytes(entry.path)
    return total
