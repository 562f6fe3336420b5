"""Starting the process of a container: what happens in the child between fork and exec."""

import os
import resource

from modelyard.adapters.engines.local.shim import cgroups, signals
from modelyard.adapters.engines.local.shim.plan import Plan

_OPEN_FILES = 65536
_OOM_SCORE = 500
"""Of a machine that runs out of memory, a container ends before the server does."""


class LaunchFailed(Exception):
    """The process could not be started. ``step`` is ``exec`` when everything but the command itself worked."""

    def __init__(self, step: str, text: str) -> None:
        super().__init__(text)
        self.step = step


class Confinement:
    """What the child does to itself before the command takes its place. This one: become the user."""

    def apply(self, plan: Plan) -> None:
        if plan.uid is not None:
            set_user(plan.uid)


def start(
    plan: Plan, groups: list[cgroups.Place], argv: list[str], confinement: Confinement, keep: list[int]
) -> tuple[int, int]:
    """Forks and executes ``argv``; returns its pid and the end to read what it prints.

    ``keep`` are descriptors that it inherits. Raises ``LaunchFailed`` when the child did not get as far as executing.
    """
    output, its_output = os.pipe()
    trouble, its_trouble = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(plan, groups, argv, confinement, its_output, its_trouble, keep)
    os.close(its_output)
    os.close(its_trouble)
    with os.fdopen(trouble, "rb") as file:
        step, _, text = file.read().decode(errors="replace").partition("\n")
    if step:
        os.close(output)
        os.waitpid(pid, 0)
        raise LaunchFailed(step, text)
    return pid, output


def set_user(uid: int) -> None:
    """Becomes a user with no other groups and, when it was root, with no capabilities."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def kill_user(uid: int) -> None:
    """Kills every process of a user that belongs to one container alone; needs root."""
    pid = os.fork()
    if pid == 0:
        try:
            set_user(uid)
            os.kill(-1, signals.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def _become(
    plan: Plan,
    groups: list[cgroups.Place],
    argv: list[str],
    confinement: Confinement,
    output: int,
    trouble: int,
    keep: list[int],
) -> None:
    """Never returns; tells what went wrong through ``trouble``, which closes by itself when the command runs."""
    step = "setup"
    try:
        os.setsid()
        _set_streams(output, keep)
        cgroups.join(groups)
        cgroups.write("/proc/self/oom_score_adj", str(_OOM_SCORE))
        _set_limits(plan, groups)
        confinement.apply(plan)
        _reset_signals()
        step = "exec"
        os.execvpe(argv[0], argv, plan.env)  # noqa: S606 - this is what the file is for
    except BaseException as error:
        what = argv[0] if step == "exec" else "setting up the process"
        text = error.strerror if isinstance(error, OSError) else repr(error)
        os.write(trouble, f"{step}\n{what}: {text}".encode())
    finally:
        os._exit(127)


def _set_streams(output: int, keep: list[int]) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    for descriptor in keep:
        os.set_inheritable(descriptor, True)


def _set_limits(plan: Plan, groups: list[cgroups.Place]) -> None:
    """Limits that a process carries. The number of processes counts per user, so it needs a user of its own."""
    wanted = min(_OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if plan.uid is not None and plan.bwrap is None and not cgroups.limits_pids(groups):
        resource.setrlimit(resource.RLIMIT_NPROC, (plan.pids, plan.pids))
    if not cgroups.limits_cpu(groups):
        _pin(plan.cpus)


def _pin(cpus: float) -> None:
    """Bounds the processor time by the number of processors, chosen by this process's number to spread containers."""
    processors = sorted(os.sched_getaffinity(0))
    count = min(max(1, int(-(-cpus // 1))), len(processors))
    first = os.getpid() % len(processors)
    os.sched_setaffinity(0, {processors[(first + index) % len(processors)] for index in range(count)})


def _reset_signals() -> None:
    """What this process ignores or handles means the usual to the command."""
    signals.set_wakeup_fd(-1)
    for number in (
        signals.SIGCHLD,
        signals.SIGHUP,
        signals.SIGINT,
        signals.SIGPIPE,
        signals.SIGTERM,
        signals.SIGXFSZ,
    ):
        signals.signal(number, signals.SIG_DFL)
