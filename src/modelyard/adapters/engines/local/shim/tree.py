"""Processes below a process, from ``/proc``: who they are, what they use, and ending them all."""

import os

from modelyard.adapters.engines.local.shim.signals import SIGKILL

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def children(pid: int) -> list[int]:
    """Direct children; empty when the process is gone."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found: list[int] = []
    for thread in threads:
        text = _read(f"/proc/{pid}/task/{thread}/children")
        if text is None:  # a kernel without CONFIG_PROC_CHILDREN, or the thread has just ended
            return _children_by_scan(pid)
        found.extend(int(word) for word in text.split())
    return found


def descendants(pid: int) -> list[int]:
    """All processes below ``pid``, itself not included."""
    found: list[int] = []
    queue = [pid]
    while queue:
        below = children(queue.pop())
        found += below
        queue += below
    return found


def name(pid: int) -> str | None:
    """The short name of a process, None when it is gone."""
    text = _read(f"/proc/{pid}/comm")
    return None if text is None else text.rstrip("\n")


def living(pids: list[int]) -> list[int]:
    """Those that are neither gone nor waiting to be buried."""
    return [pid for pid in pids if (_stat(pid) or "Z")[0] not in "ZX"]


def start_of(pid: int) -> int | None:
    """When the process started, in ticks since the machine did: with the pid it names a process for good."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def kernel_version() -> tuple[int, int]:
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int("".join(digit for digit in minor if digit.isdigit()) or 0)


def resident_bytes(pids: list[int]) -> int:
    """Resident memory of the processes, shared pages counted once per process: an upper bound, and cheap."""
    total = 0
    for pid in pids:
        words = (_read(f"/proc/{pid}/statm") or "0 0").split()
        total += int(words[1]) * _PAGE
    return total


def proportional_bytes(pids: list[int]) -> int:
    """Resident memory with shared pages divided among those that share them; slower, and exact."""
    return sum(_proportional(pid) for pid in pids)


def cpu_seconds(pids: list[int]) -> float:
    """Time used so far by these processes and by the children that they have waited for."""
    ticks = 0
    for pid in pids:
        fields = _stat(pid)
        if fields:
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / _TICK


def kill_all(pids: list[int]) -> None:
    for pid in pids:
        send(pid, SIGKILL)


def send(pid: int, number: int) -> None:
    """Sends a signal; a process that is gone is no error."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _proportional(pid: int) -> int:
    for line in (_read(f"/proc/{pid}/smaps_rollup") or "").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return resident_bytes([pid])


def _children_by_scan(pid: int) -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _parent(int(entry)) == pid]


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def _stat(pid: int) -> list[str]:
    """Fields of ``/proc/PID/stat`` after the command, which may hold spaces and brackets; proc(5)."""
    text = _read(f"/proc/{pid}/stat")
    return text.rpartition(")")[2].split() if text else []


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None
