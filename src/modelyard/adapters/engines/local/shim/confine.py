"""Confinements that need system calls which Python lacks; kept apart because ``ctypes`` takes long to import."""

import os

from modelyard.adapters.engines.local.shim import syscalls
from modelyard.adapters.engines.local.shim.launch import Confinement
from modelyard.adapters.engines.local.shim.plan import Plan
from modelyard.adapters.engines.local.shim.signals import SIGKILL


class Staged(Confinement):
    """For bubblewrap started by root: makes the server's folders reachable, then becomes the container's user."""

    def apply(self, plan: Plan) -> None:
        _set_stage(plan.stage, plan.stage_at)
        super().apply(plan)


class Bare(Confinement):
    """Without bubblewrap: another root where the plan has one, the user, no new privileges, and the filter."""

    def apply(self, plan: Plan) -> None:
        with open(plan.filter, "rb") as file:
            program = file.read()
        if plan.root is not None:
            os.chroot(plan.root)
            os.chdir("/")
        super().apply(plan)
        os.chdir(plan.cwd)
        os.umask(0o022)
        syscalls.die_with_parent(SIGKILL)
        syscalls.forbid_new_privileges()
        syscalls.install_filter(program)


def _set_stage(binds: list[list[str]], folder: str) -> None:
    """Binds each source to its name in ``folder``, in mounts that only this process sees.

    The sources are opened first, because the stage may cover the folder that leads to them.
    """
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
