"""Starting the process of a container: in the child between fork and exec, and around it."""

import contextlib
import os
import resource
import signal
from typing import NamedTuple, NoReturn

from modelyard.adapters.engines.local.shim import cgroups, syscalls
from modelyard.adapters.engines.local.shim.plan import Plan

_OPEN_FILES = 65536
_OOM_SCORE = 500
"""Of a machine that runs out of memory, a container ends before the server does."""


class LaunchFailed(Exception):
    """The process could not be started. ``step`` is ``exec`` when everything but the command itself worked."""

    def __init__(self, step: str, text: str) -> None:
        super().__init__(text)
        self.step = step
        self.text = text


class Child(NamedTuple):
    """A started process: its id, and the reading end of what it prints."""

    pid: int
    output: int


def start(plan: Plan, groups: list[cgroups.Place], argv: list[str], *, keep: list[int] | None = None) -> Child:
    """Forks and executes ``argv`` as the plan says; ``keep`` are descriptors that it inherits.

    Raises ``LaunchFailed`` when the child did not get as far as executing.
    """
    output, its_output = os.pipe()
    trouble, its_trouble = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(plan, groups, argv, its_output, its_trouble, keep or [])
    os.close(its_output)
    os.close(its_trouble)
    with os.fdopen(trouble, "rb") as file:
        step, _, text = file.read().decode(errors="replace").partition("\n")
    if step:
        os.close(output)
        os.waitpid(pid, 0)
        raise LaunchFailed(step, text)
    return Child(pid, output)


def _become(
    plan: Plan, groups: list[cgroups.Place], argv: list[str], output: int, trouble: int, keep: list[int]
) -> NoReturn:
    """Never returns; tells what went wrong through ``trouble``, which closes by itself when the command runs."""
    step = "setup"
    try:
        _enter(plan, groups, output, keep)
        step = "exec"
        os.execvpe(argv[0], argv, plan.env)  # noqa: S606 - this is what the file is for
    except BaseException as error:
        text = f"{argv[0]}: {error.strerror}" if step == "exec" and isinstance(error, OSError) else repr(error)
        os.write(trouble, f"{step}\n{text}".encode())
        os._exit(127)


def _enter(plan: Plan, groups: list[cgroups.Place], output: int, keep: list[int]) -> None:
    os.setsid()
    _set_streams(output, keep)
    cgroups.join(groups)
    _set_stage(plan.stage, plan.stage_at)
    cgroups.write("/proc/self/oom_score_adj", str(_OOM_SCORE))
    _set_limits(plan, groups)
    program = _read(plan.filter) if plan.bwrap is None else b""
    if plan.root is not None:
        os.chroot(plan.root)
        os.chdir("/")
    if plan.uid is not None:
        _set_user(plan.uid)
    os.chdir(plan.cwd)
    os.umask(0o022)
    syscalls.die_with_parent(signal.SIGKILL)
    syscalls.forbid_new_privileges()
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    if program:
        syscalls.install_filter(program)


def _set_stage(binds: list[list[str]], folder: str) -> None:
    """Binds each source to its name in the stage, in mounts that only this process sees; an empty list does nothing.

    The sources are opened first, because the stage may cover the folder that leads to them.
    """
    if not binds:
        return
    syscalls.unshare_mounts()
    opened = [(os.open(source, os.O_PATH | os.O_CLOEXEC), name) for source, name in binds]
    syscalls.mount_tmpfs(folder)
    for descriptor, name in opened:
        source, target = f"/proc/self/fd/{descriptor}", f"{folder}/{name}"
        if os.path.isdir(source):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
        syscalls.bind(source, target)
        os.close(descriptor)


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
    count = max(1, -(-int(cpus * 100) // 100))
    first = os.getpid() % len(processors)
    os.sched_setaffinity(0, {processors[(first + index) % len(processors)] for index in range(count)})


def _set_user(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def kill_user(uid: int) -> None:
    """Kills every process of a user that belongs to one container alone; needs root."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            _set_user(uid)
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    os.waitpid(pid, 0)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
