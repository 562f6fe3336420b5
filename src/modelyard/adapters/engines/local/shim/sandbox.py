"""The processes of one container: bubblewrap's two and the command, or the command alone."""

import contextlib
import json
import os
import resource
import select
import signal
import time
from abc import ABC, abstractmethod

from modelyard.adapters.engines.local.shim import cgroups, launch, tree
from modelyard.adapters.engines.local.shim.log import BoundedLog
from modelyard.adapters.engines.local.shim.plan import Plan

_START_DEADLINE = 30.0
_KILL_DEADLINE = 5.0
_LOOK = 0.0005
"""Seconds between two looks at whether the command has taken bubblewrap's place; it takes a few milliseconds in all."""


class _StatusClosed(Exception):
    """Bubblewrap has ended."""


class Sandbox(ABC):
    """A started container. ``outer`` is the process that this one waits for, ``output`` what everything in it prints."""

    def __init__(self, child: launch.Child, plan: Plan, groups: list[cgroups.Place]) -> None:
        self.outer = child.pid
        self.output = child.output
        self.exit_code: int | None = None
        self.used: resource.struct_rusage | None = None
        self._plan = plan
        self._groups = groups

    @staticmethod
    def start(plan: Plan, groups: list[cgroups.Place]) -> "Sandbox":
        """Raises ``launch.LaunchFailed``."""
        return (
            Bubble.launched(plan, groups) if plan.bwrap else Plain(launch.start(plan, groups, plan.argv), plan, groups)
        )

    @abstractmethod
    def await_command(self, log: BoundedLog) -> None:
        """Returns once the command itself runs, or has run; raises ``launch.LaunchFailed`` if it could not be started."""

    @abstractmethod
    def terminate(self) -> None:
        """Asks the command to end."""

    @abstractmethod
    def kill(self) -> None:
        """Ends every process of the container; does not wait."""

    def ended(self) -> bool:
        """Whether the container has ended; then ``exit_code`` and ``used`` are set. Also buries adopted orphans."""
        while self.exit_code is None:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                self.exit_code = 128 + signal.SIGKILL
                break
            if pid == 0:
                return False
            if pid == self.outer:
                code = os.waitstatus_to_exitcode(status)
                self.exit_code, self.used = (128 - code if code < 0 else code), used
        return True


class Plain(Sandbox):
    """A process with no namespace around it. What it leaves behind is found as this process's descendants, and by user."""

    def await_command(self, log: BoundedLog) -> None:
        """It runs: ``launch.start`` returns after exec."""

    def terminate(self) -> None:
        if not self.ended():
            tree.send(self.outer, signal.SIGTERM)

    def kill(self) -> None:
        """Repeats until nobody is left, since what is killed may have forked just before."""
        cgroups.kill(self._groups)
        if self._plan.uid is not None:
            launch.kill_user(self._plan.uid)
        end = time.monotonic() + _KILL_DEADLINE
        while (below := tree.living(tree.descendants(os.getpid()))) and time.monotonic() < end:
            tree.kill_all(below)
            time.sleep(_LOOK)


class Bubble(Sandbox):
    """Bubblewrap outside, its first process inside, and the command below that."""

    def __init__(self, child: launch.Child, plan: Plan, groups: list[cgroups.Place], *, status: int, gate: int) -> None:
        super().__init__(child, plan, groups)
        self._status = status
        self._gate = gate
        self._news = b""
        self._ran = False
        self._bwrap_name = os.path.basename((plan.bwrap or [""])[0])[:15]
        self._inner: int | None = None
        self._command: int | None = None

    @classmethod
    def launched(cls, plan: Plan, groups: list[cgroups.Place]) -> "Bubble":
        status, its_status = os.pipe()
        its_gate, gate = os.pipe()
        arguments, filter_file = _arguments_file(plan.bwrap_arguments), os.open(plan.filter, os.O_RDONLY)
        options = [
            *("--seccomp", str(filter_file)),
            *("--json-status-fd", str(its_status)),
            *("--block-fd", str(its_gate)),
            *("--args", str(arguments)),
        ]
        keep = [filter_file, its_status, its_gate, arguments]
        child = launch.start(plan, groups, [*(plan.bwrap or []), *options, "--", *plan.argv], keep=keep)
        for descriptor in keep:
            os.close(descriptor)
        return cls(child, plan, groups, status=status, gate=gate)

    def await_command(self, log: BoundedLog) -> None:
        try:
            self._await_command(time.monotonic() + _START_DEADLINE)
        except _StatusClosed:
            if not self._ran:
                text = log.drain().decode(errors="replace").strip().removeprefix("bwrap: ")
                raise launch.LaunchFailed("exec" if text.startswith("execvp ") else "setup", text) from None

    def _await_command(self, end: float) -> None:
        while self._inner is None:
            self._listen(end)
            if time.monotonic() > end:
                raise launch.LaunchFailed("setup", "bubblewrap did not start in time")
        self._limit_processes(self._inner)
        os.write(self._gate, b"1")
        os.close(self._gate)
        while not self._replaced(self._inner):
            self._listen(time.monotonic() + _LOOK)
            if time.monotonic() > end:
                return

    def terminate(self) -> None:
        if self._command is not None:
            tree.send(self._command, signal.SIGTERM)

    def kill(self) -> None:
        """The first process of a pid namespace takes all others with it."""
        tree.send(self._inner or self.outer, signal.SIGKILL)
        cgroups.kill(self._groups)

    def _listen(self, until: float) -> None:
        """Takes news of bubblewrap, a JSON document a line; returns at ``until`` at the latest."""
        ready, _, _ = select.select([self._status], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return
        data = os.read(self._status, 4096)
        if not data:
            raise _StatusClosed
        self._news += data
        *lines, self._news = self._news.split(b"\n")
        for line in lines:
            document = json.loads(line)
            self._inner = document.get("child-pid", self._inner)
            self._ran = self._ran or "exit-code" in document

    def _replaced(self, inner: int) -> bool:
        """Whether the command runs in the place of the process that bubblewrap forked for it."""
        if self._command is None:
            self._command = next(iter(tree.children(inner)), None)
        if self._command is None:
            return False
        return tree.name(self._command) not in (None, self._bwrap_name)

    def _limit_processes(self, inner: int) -> None:
        """Without a control group, by the count per user, which since Linux 5.14 is kept per user namespace."""
        if not cgroups.limits_pids(self._groups) and tree.kernel_version() >= (5, 14):
            limit = self._plan.pids + 1  # bubblewrap's own process inside
            with contextlib.suppress(OSError):
                resource.prlimit(inner, resource.RLIMIT_NPROC, (limit, limit))


def _arguments_file(arguments: list[str]) -> int:
    """The arguments in memory, separated by NUL: on the command line every user of the machine could read them."""
    file = os.memfd_create("arguments", os.MFD_CLOEXEC)
    data = b"".join(os.fsencode(argument) + b"\0" for argument in arguments)
    while data:
        data = data[os.write(file, data) :]
    os.lseek(file, 0, os.SEEK_SET)
    return file
