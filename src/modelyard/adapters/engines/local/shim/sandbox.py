"""The processes of one container."""

import os
import resource
import time
from abc import ABC, abstractmethod

from modelyard.adapters.engines.local.shim import cgroups, launch, tree
from modelyard.adapters.engines.local.shim.log import BoundedLog
from modelyard.adapters.engines.local.shim.plan import Plan
from modelyard.adapters.engines.local.shim.signals import SIGKILL, SIGTERM

KILLED = 128 + SIGKILL
_KILL_DEADLINE = 5.0
_LOOK = 0.001


class Sandbox(ABC):
    """A started container. ``outer`` is the process this one waits for, ``output`` what everything in it prints."""

    def __init__(self, outer: int, output: int, plan: Plan, groups: list[cgroups.Place]) -> None:
        self.outer = outer
        self.output = output
        self.exit_code: int | None = None
        self.used: resource.struct_rusage | None = None
        self._plan = plan
        self._groups = groups

    @abstractmethod
    def await_command(self, log: BoundedLog) -> None:
        """Returns once the command itself runs, or has run; raises ``launch.LaunchFailed`` if it could not start."""

    @abstractmethod
    def terminate(self) -> None:
        """Asks the command to end."""

    @abstractmethod
    def kill(self) -> None:
        """Ends every process of the container."""

    def ended(self) -> bool:
        """Whether the container has ended; then ``exit_code`` and ``used`` are set. Also buries adopted orphans."""
        while self.exit_code is None:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                self.exit_code = KILLED
                break
            if pid == 0:
                return False
            if pid == self.outer:
                code = os.waitstatus_to_exitcode(status)
                self.exit_code, self.used = (128 - code if code < 0 else code), used
        return True


class Plain(Sandbox):
    """A process with no namespace around it; what it leaves is found as this process's descendants, and by user."""

    @classmethod
    def launch(cls, plan: Plan, groups: list[cgroups.Place], confinement: launch.Confinement) -> "Plain":
        pid, output = launch.start(plan, groups, plan.argv, confinement, keep=[])
        return cls(pid, output, plan, groups)

    def await_command(self, log: BoundedLog) -> None:
        """It runs: ``launch.start`` returns after exec."""

    def terminate(self) -> None:
        if not self.ended():
            tree.send(self.outer, SIGTERM)

    def kill(self) -> None:
        """Repeats until nobody is left, since what is killed may have forked just before."""
        cgroups.kill(self._groups)
        if self._plan.uid is not None:
            launch.kill_user(self._plan.uid)
        end = time.monotonic() + _KILL_DEADLINE
        while (below := tree.living(tree.descendants(os.getpid()))) and time.monotonic() < end:
            tree.kill_all(below)
            time.sleep(_LOOK)
