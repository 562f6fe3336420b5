"""Processes that a test run starts: each leaves a record, so that whoever comes later can stop it by its id."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TERM_SECONDS = 20
KILL_SECONDS = 5


@dataclass(frozen=True)
class Record:
    """A process and the moment it started (clock ticks since boot), which tells it from a later one of the same id."""

    pid: int
    started: int

    def alive(self) -> bool:
        return self.started == _started(self.pid)


def launch(
    folder: Path,
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    user: int | None = None,
    group: int | None = None,
) -> Record:
    """Starts a process in its own session with its output in ``folder/log``; its record lies beside that."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=os.environ | dict(env or {}),
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
    record = note(process.pid)
    (folder / f"{process.pid}.process").write_text(json.dumps([record.pid, record.started]))
    return record


def note(pid: int) -> Record:
    return Record(pid, _started(pid) or 0)


def read(file: Path) -> Record:
    return Record(*json.loads(file.read_text()))


def stop_recorded(folder: Path, *, below: bool = True) -> None:
    """Ends every process recorded in ``folder``, and ``below``: TERM, and KILL to its session after a while."""
    pattern = "**/*.process" if below else "*.process"
    records = [read(file) for file in sorted(folder.glob(pattern))]
    for record in records:
        _signal(record, signal.SIGTERM)
    if not _gone(records, TERM_SECONDS):
        for record in records:
            _signal(record, signal.SIGKILL)
        _gone(records, KILL_SECONDS)


def _signal(record: Record, number: signal.Signals) -> None:
    if record.alive():
        send = os.killpg if number == signal.SIGKILL else os.kill
        send(record.pid, number)


def _gone(records: Sequence[Record], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(record.alive() for record in records):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _started(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat (proc(5)); None for a process that is gone or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])
