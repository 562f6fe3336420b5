"""Looks after one container from its start to its end."""

import os
import select
import time
from collections.abc import Callable

from modelyard.adapters.engines.local.shim import cgroups, signals, tree
from modelyard.adapters.engines.local.shim.log import BoundedLog
from modelyard.adapters.engines.local.shim.meters import Meter
from modelyard.adapters.engines.local.shim.plan import Plan
from modelyard.adapters.engines.local.shim.records import (
    EXIT,
    LOG,
    STATE,
    STOP,
    USAGE,
    Value,
    move_back,
    to_json,
    write_record,
)
from modelyard.adapters.engines.local.shim.sandbox import KILLED, Sandbox

Starter = Callable[[Plan, list[cgroups.Place]], Sandbox]
_LAST_WORDS = 5.0
"""Seconds to wait for the log to close after everything was killed."""
_TELL = 2.0
"""Seconds between two notes of what was used so far."""


class Supervisor:
    """``start`` brings the container up, ``run`` returns when it has ended and everything is written down."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._groups: list[cgroups.Place] = []
        self._sandbox: Sandbox | None = None
        self._reason: str | None = None
        self._deadline: float | None = None
        self._told = time.monotonic()
        self._wake, wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signals.set_wakeup_fd(wake_writer)
        for number in (signals.SIGTERM, signals.SIGCHLD):
            signals.signal(number, lambda *_: None)
        for number in (signals.SIGHUP, signals.SIGINT, signals.SIGPIPE):
            signals.signal(number, signals.SIG_IGN)

    def start(self, starter: Starter) -> None:
        """Starts the container and writes down that it runs; raises ``LaunchFailed`` or ``OSError``."""
        plan = self._plan
        self._groups = self._make_groups()
        file = os.open(f"{plan.folder}/{LOG}", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._sandbox = starter(plan, self._groups)
        self._log = BoundedLog(self._sandbox.output, file, limit=plan.log_bytes)
        self._sandbox.await_command(self._log)
        self._meter = Meter(
            self._sandbox.outer,
            self._groups,
            memory=plan.memory_bytes,
            pids=plan.pids,
            folders=plan.watched,
            disk=plan.disk_bytes,
        )
        groups: list[Value] = [group.to_list() for group in self._groups]
        state: Value = {
            "supervisor": os.getpid(),
            "supervisor_start": tree.start_of(os.getpid()),
            "started_at": time.time(),
            "groups": groups,
        }
        write_record(plan.folder, STATE, to_json(state))

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
            self._heed_use(sandbox)
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

    def _patience(self) -> float:
        """Seconds until something must be looked at."""
        waits = [max(0.0, self._meter.due_in)]
        if self._deadline is not None:
            waits.append(max(0.0, self._deadline - time.monotonic()))
        return min(waits)

    def _heed_stop(self, sandbox: Sandbox) -> None:
        grace = self._wished_grace()
        if grace is None:
            return
        if self._reason is None:
            self._reason = "stopped"
            sandbox.terminate()
        deadline = time.monotonic() + grace
        self._deadline = deadline if self._deadline is None else min(self._deadline, deadline)
        if time.monotonic() >= self._deadline:
            sandbox.kill()

    def _wished_grace(self) -> float | None:
        """The grace of a wish to stop, None without one."""
        try:
            with open(f"{self._plan.folder}/{STOP}", encoding="utf-8") as file:
                return float(file.read())
        except OSError:
            return None

    def _heed_use(self, sandbox: Sandbox) -> None:
        if self._meter.due_in > 0:
            return
        excess = self._meter.look()
        if excess is not None and self._reason in (None, "stopped"):
            self._reason = excess
            sandbox.kill()
        self._tell_usage()

    def _tell_usage(self) -> None:
        """Writes down from time to time what the engine cannot read from a control group."""
        if time.monotonic() - self._told >= _TELL:
            self._told = time.monotonic()
            write_record(self._plan.folder, USAGE, to_json(self._meter.usage()))

    def _finish(self, sandbox: Sandbox) -> None:
        sandbox.kill()
        self._hear_last_words()
        code = KILLED if sandbox.exit_code is None else sandbox.exit_code
        reason = self._reason or self._reason_of_groups(code)
        record: Value = {
            "exit_code": code,
            "reason": reason,
            "usage": self._meter.usage(sandbox.used),
            "ended_at": time.time(),
        }
        self._remove_groups()
        self._restore()
        write_record(self._plan.folder, EXIT, to_json(record))

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
