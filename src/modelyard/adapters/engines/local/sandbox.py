"""From a container spec to what bubblewrap is told. Pure: nothing is looked up or changed here."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from modelyard.rooms.runs.errors import EngineRefused
from modelyard.rooms.runs.ports import ContainerSpec

USER = 10001
"""Uid and gid inside, where the image names no ordinary user by number."""
DEVICES = ("null", "zero", "full", "random", "urandom")
DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def check_spec(spec: ContainerSpec) -> None:
    """Raises ``EngineRefused`` for what no level of this engine can run."""
    if not _NAME.fullmatch(spec.name):
        raise EngineRefused(f"The container name {spec.name!r} is not made of a-z, 0-9 and '-'.", field="name")
    if not spec.image.layers:
        raise EngineRefused("The image has no layers.", field="image")
    limits = spec.limits
    if min(limits.memory_bytes, limits.cpus, limits.pids, limits.disk_bytes) <= 0 or limits.log_bytes < 0:
        raise EngineRefused("Limits are more than nothing.", field="limits")
    for mount in spec.mounts:
        parts = PurePosixPath(mount.target).parts
        if not mount.target.startswith("/") or ".." in parts or len(parts) < 2:
            raise EngineRefused(f"The mount target {mount.target!r} is not an absolute path.", field="mounts")
        if not mount.source.exists():
            raise EngineRefused(f"There is nothing to mount at {mount.target}.", field="mounts")
    texts = [*command(spec), *environment(spec), *environment(spec).values(), *(mount.target for mount in spec.mounts)]
    if any("\0" in text for text in texts):
        raise EngineRefused("Arguments, variables and paths cannot hold NUL.")


def command(spec: ContainerSpec) -> list[str]:
    """What is executed; raises ``EngineRefused`` when neither spec nor image says."""
    config = spec.image.config.get("config") or {}
    words = (
        spec.command if spec.command is not None else [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
    )
    if not words:
        raise EngineRefused("The image has no command and none was given.", field="command")
    return list(words)


def environment(spec: ContainerSpec) -> dict[str, str]:
    config = spec.image.config.get("config") or {}
    pairs = (entry.partition("=") for entry in config.get("Env") or [])
    return {name: value for name, _, value in pairs} | dict(spec.env)


def working_folder(spec: ContainerSpec) -> str:
    return (spec.image.config.get("config") or {}).get("WorkingDir") or "/"


def users(spec: ContainerSpec) -> tuple[int, int]:
    """Uid and gid inside. Names and root become an ordinary user: the engine's promise, whatever the image says."""
    uid, _, gid = str((spec.image.config.get("config") or {}).get("User") or "").partition(":")
    return _ordinary(uid), _ordinary(gid or uid)


def bubblewrap_arguments(
    spec: ContainerSpec, *, lowers: Sequence[str], farm: str | None, sources: Mapping[str, str]
) -> list[str]:
    """Options that go to bubblewrap by ``--args``, the command not included.

    ``lowers`` are the folders of the overlay, base first, at least two of them; with ``farm`` that folder is the
    root instead. ``sources`` gives the folder or file to bind for each mount target.
    """
    uid, gid = users(spec)
    disk = spec.limits.disk_bytes
    shared_memory = min(disk, spec.limits.memory_bytes // 2)
    arguments = ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"]
    arguments += [] if spec.network else ["--unshare-net"]
    arguments += ["--uid", str(uid), "--gid", str(gid), "--hostname", spec.name]
    arguments += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    arguments += _root(lowers, farm)
    arguments += ["--proc", "/proc"]
    for device in DEVICES:
        arguments += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    arguments += ["--size", str(shared_memory), "--perms", "1777", "--tmpfs", "/dev/shm"]  # noqa: S108 - inside
    arguments += ["--size", str(disk), "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108 - inside
    for file in NETWORK_FILES if spec.network else ():
        arguments += ["--ro-bind-try", file, file]
    for mount in spec.mounts:
        arguments += ["--ro-bind" if mount.read_only else "--bind", sources[mount.target], mount.target]
    arguments += ["--chdir", working_folder(spec), "--clearenv"]
    for name, value in environment(spec).items():
        arguments += ["--setenv", name, value]
    return arguments


def overlay_fits(lowers: Sequence[str], page: int = 4096) -> bool:
    """Whether the kernel takes these folders as the options of one mount, as bubblewrap writes them."""
    written = sum(len("/oldroot") + len(lower) + 1 + lower.count(":") + lower.count("\\") for lower in lowers)
    return written + len("lowerdir=,userxattr") < page


def _root(lowers: Sequence[str], farm: str | None) -> list[str]:
    if farm is not None:
        return ["--ro-bind", farm, "/"]
    return [*(word for lower in lowers for word in ("--overlay-src", lower)), "--ro-overlay", "/"]


def _ordinary(text: str) -> int:
    return int(text) if text.isdigit() and 0 < int(text) < 2**31 else USER
