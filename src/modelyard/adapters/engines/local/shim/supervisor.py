"""Looks after one container from its start to its end."""

import os
import select
import signal
import time
from datetime import UTC, datetime

from modelyard.adapters.engines.local.shim import cgroups, syscalls
from modelyard.adapters.engines.local.shim.log import BoundedLog
from modelyard.adapters.engines.local.shim.meters import Meter
from modelyard.adapters.engines.local.shim.plan import Plan
from modelyard.adapters.engines.local.shim.records import (
    EXIT,
    LOG,
    STATE,
    STOP,
    USAGE,
    move_back,
    read_record,
    write_record,
)
from modelyard.adapters.engines.local.shim.sandbox import Sandbox

_DEFAULT_GRACE = 10.0
_LAST_WORDS = 5.0
"""Seconds to wait for the log to close after everything was killed."""


class Supervisor:
    """``start`` brings the container up, ``run`` returns when it has ended and everything is written down."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._groups: list[cgroups.Place] = []
        self._sandbox: Sandbox | None = None
        self._reason: str | None = None
        self._deadline: float | None = None
        self._told = 0.0
        self._wake, wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_writer)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)

    def start(self) -> dict[str, object]:
        """Starts the container and returns the state as written; raises ``LaunchFailed`` or ``OSError``."""
        plan = self._plan
        self._groups = self._make_groups()
        syscalls.adopt_orphans()
        self._file = open(f"{plan.folder}/{LOG}", "ab", buffering=0)  # noqa: SIM115 - open as long as we live
        self._sandbox = Sandbox.start(plan, self._groups)
        self._log = BoundedLog(self._sandbox.output, self._file, limit=plan.log_bytes)
        self._sandbox.await_command(self._log)
        self._meter = Meter(
            self._sandbox.outer,
            self._groups,
            memory=plan.memory_bytes,
            pids=plan.pids,
            folders=plan.watched,
            disk=plan.disk_bytes,
        )
        state: dict[str, object] = {
            "supervisor": os.getpid(),
            "started_at": datetime.now(UTC).isoformat(),
            "groups": self._groups,
        }
        write_record(plan.folder, STATE, state)
        return state

    def abandon(self) -> None:
        """After a start that failed: nothing is left running and nothing is left made."""
        if self._sandbox is not None:
            self._sandbox.kill()
        self._remove_groups()
        self._restore()

    def run(self) -> None:
        sandbox = self._running()
        while not sandbox.ended():
            self._wait_for_news()
            self._heed_stop(sandbox)
            self._heed_limits(sandbox)
        self._finish(sandbox)

    def _running(self) -> Sandbox:
        if self._sandbox is None:
            raise RuntimeError("the container was not started")
        return self._sandbox

    def _make_groups(self) -> list[cgroups.Place]:
        plan = self._plan
        return cgroups.make(
            plan.places, plan.group, memory_bytes=plan.memory_bytes, cpus=plan.cpus, pids=plan.pids + self._own_share
        )

    @property
    def _own_share(self) -> int:
        """Bubblewrap's two processes count in the group and are not the container's."""
        return 2 if self._plan.bwrap else 0

    def _wait_for_news(self) -> None:
        sources = [self._wake] + ([self._log.source] if self._log.open else [])
        ready, _, _ = select.select(sources, [], [], self._patience())
        if self._wake in ready:
            os.read(self._wake, 4096)
        if self._log.source in ready and self._log.open:
            self._log.pump()

    def _patience(self) -> float | None:
        """Seconds until something must be looked at, None when only news can matter."""
        waits = [self._meter.interval] if self._meter.needed else []
        if self._deadline is not None:
            waits.append(max(0.0, self._deadline - time.monotonic()))
        return min(waits, default=None)

    def _heed_stop(self, sandbox: Sandbox) -> None:
        wish = read_record(self._plan.folder, STOP)
        if wish is None:
            return
        grace = float(wish.get("grace", _DEFAULT_GRACE))
        if self._reason is None:
            self._reason = "stopped"
            sandbox.terminate()
        deadline = time.monotonic() + grace
        self._deadline = deadline if self._deadline is None else min(self._deadline, deadline)
        if time.monotonic() >= self._deadline:
            sandbox.kill()

    def _heed_limits(self, sandbox: Sandbox) -> None:
        if not self._meter.needed or self._reason not in (None, "stopped"):
            return
        excess = self._meter.look()
        if excess is not None:
            self._reason = excess
            sandbox.kill()
        self._tell_usage()

    def _tell_usage(self) -> None:
        """Once a second at most, and only where the engine cannot read a control group."""
        if time.monotonic() - self._told >= 1.0:
            self._told = time.monotonic()
            write_record(self._plan.folder, USAGE, self._meter.usage())

    def _finish(self, sandbox: Sandbox) -> None:
        sandbox.kill()
        self._hear_last_words()
        code = 137 if sandbox.exit_code is None else sandbox.exit_code
        record = {
            "exit_code": code,
            "reason": self._reason or self._reason_of_groups(code),
            "usage": self._meter.usage(sandbox.used),
            "ended_at": datetime.now(UTC).isoformat(),
        }
        self._remove_groups()
        self._restore()
        write_record(self._plan.folder, EXIT, record)

    def _hear_last_words(self) -> None:
        """Everybody who could write is dead, so the pipe ends; a deadline in case something escaped."""
        end = time.monotonic() + _LAST_WORDS
        while self._log.open and time.monotonic() < end:
            if select.select([self._log.source], [], [], end - time.monotonic())[0]:
                self._log.pump()

    def _reason_of_groups(self, code: int) -> str | None:
        if code == 0:
            return None
        if cgroups.out_of_memory(self._groups):
            return "out of memory"
        return "too many processes" if cgroups.out_of_pids(self._groups) else None

    def _remove_groups(self) -> None:
        """A process that was just killed keeps its group for a moment."""
        end = time.monotonic() + _LAST_WORDS
        while not cgroups.remove(self._groups) and time.monotonic() < end:
            cgroups.kill(self._groups)
            time.sleep(0.005)

    def _restore(self) -> None:
        for inside, source in self._plan.restore:
            move_back(inside, source)
