"""A container by bubblewrap: its outer process, its first process inside, and the command below that.

bwrap(1): ``--json-status-fd`` tells the pid of the first process inside and, at the end, the exit code of the command,
which is missing when the command could not be executed.
"""

import os
import resource
import select
import time

from modelyard.adapters.engines.local.shim import cgroups, launch, tree
from modelyard.adapters.engines.local.shim.log import BoundedLog
from modelyard.adapters.engines.local.shim.plan import Plan
from modelyard.adapters.engines.local.shim.sandbox import Sandbox
from modelyard.adapters.engines.local.shim.signals import SIGKILL, SIGTERM

_DEADLINE = 30.0
_LOOK = 0.0005
"""Seconds between two looks at whether the command has taken bubblewrap's place; it takes a few milliseconds in all."""


class _StatusClosed(Exception):
    """Bubblewrap has ended."""


class Bubble(Sandbox):
    def __init__(
        self, outer: int, output: int, plan: Plan, groups: list[cgroups.Place], *, status: int, gate: int
    ) -> None:
        super().__init__(outer, output, plan, groups)
        self._status = status
        self._gate = gate
        self._news = b""
        self._ran = False
        self._inner: int | None = None
        self._command: int | None = None

    @classmethod
    def launch(cls, plan: Plan, groups: list[cgroups.Place], confinement: launch.Confinement) -> "Bubble":
        """Starts bubblewrap, which waits at the gate before it executes the command."""
        status, its_status = os.pipe()
        its_gate, gate = os.pipe()
        arguments, program = _arguments_file(plan.bwrap_arguments), os.open(plan.filter, os.O_RDONLY)
        argv = [
            str(plan.bwrap),
            *("--seccomp", str(program)),
            *("--json-status-fd", str(its_status)),
            *("--block-fd", str(its_gate)),
            *("--args", str(arguments)),
            "--",
            *plan.argv,
        ]
        keep = [program, its_status, its_gate, arguments]
        outer, output = launch.start(plan, groups, argv, confinement, keep)
        for descriptor in keep:
            os.close(descriptor)
        return cls(outer, output, plan, groups, status=status, gate=gate)

    def await_command(self, log: BoundedLog) -> None:
        try:
            self._await_command(time.monotonic() + _DEADLINE)
        except _StatusClosed:
            if not self._ran:
                text = log.drain().decode(errors="replace").strip().removeprefix("bwrap: ")
                raise launch.LaunchFailed("exec" if text.startswith("execvp ") else "setup", text) from None

    def terminate(self) -> None:
        if self._command is not None:
            tree.send(self._command, SIGTERM)

    def kill(self) -> None:
        """The first process of a pid namespace takes all others with it."""
        if not self.ended():
            tree.send(self._inner or self.outer, SIGKILL)
        cgroups.kill(self._groups)

    def _await_command(self, end: float) -> None:
        while self._inner is None:
            self._listen(end)
            if time.monotonic() > end:
                raise launch.LaunchFailed("setup", "bubblewrap did not start in time")
        self._limit_processes(self._inner)
        self._open_gate()
        while not self._replaced(self._inner) and time.monotonic() < end:
            self._listen(time.monotonic() + _LOOK)

    def _listen(self, until: float) -> None:
        """Takes news of bubblewrap, a JSON document a line; returns at ``until`` at the latest."""
        if not select.select([self._status], [], [], max(0.0, until - time.monotonic()))[0]:
            return
        data = os.read(self._status, 4096)
        if not data:
            raise _StatusClosed
        self._news += data
        *lines, self._news = self._news.split(b"\n")
        for line in lines:
            inner = _number_after(line, b'"child-pid":')
            self._inner = self._inner if inner is None else inner
            self._ran = self._ran or b'"exit-code":' in line

    def _open_gate(self) -> None:
        """When bubblewrap has ended before, its status says why."""
        try:
            os.write(self._gate, b"1")
        except BrokenPipeError:
            return
        finally:
            os.close(self._gate)

    def _replaced(self, inner: int) -> bool:
        """Whether the command runs in the place of the process that bubblewrap forked for it."""
        if self._command is None:
            self._command = next(iter(tree.children(inner)), None)
        if self._command is None:
            return False
        return tree.name(self._command) not in (None, tree.name(self.outer))

    def _limit_processes(self, inner: int) -> None:
        """Without a control group, by the count per user, which since Linux 5.14 is kept per user namespace."""
        if cgroups.limits_pids(self._groups) or tree.kernel_version() < (5, 14):
            return
        limit = self._plan.pids + 1  # bubblewrap's own process inside
        try:
            resource.prlimit(inner, resource.RLIMIT_NPROC, (limit, limit))
        except OSError:
            return


def _number_after(line: bytes, key: bytes) -> int | None:
    _, found, rest = line.partition(key)
    digits = rest.lstrip().split(b",")[0].split()[0:1]
    return int(digits[0]) if found and digits else None


def _arguments_file(arguments: list[str]) -> int:
    """The arguments in memory, separated by NUL: on the command line every user of the machine could read them."""
    file = os.memfd_create("arguments", os.MFD_CLOEXEC)
    data = b"".join(os.fsencode(argument) + b"\0" for argument in arguments)
    while data:
        data = data[os.write(file, data) :]
    os.lseek(file, 0, os.SEEK_SET)
    return file
