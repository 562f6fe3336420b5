"""What `modelyard doctor` says of a Docker engine."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modelyard.adapters.engines.docker.connection import Connection
from modelyard.rooms.runs.errors import EngineUnavailable
from modelyard.rooms.runs.ports import Finding

LIMITS = {"MemoryLimit": "memory", "PidsLimit": "processes", "CpuCfsQuota": "processor time"}


def describe(connection: Connection, *, runtime: str | None, cgroup_root: Path) -> list[Finding]:
    """What the engine isolates and limits; that it does not answer is the only finding then."""
    try:
        with connection.translated() as api:
            info = dict(api.info())
    except EngineUnavailable as e:
        return [Finding("warning", e.detail, remedy=e.remedy)]
    name = "Podman" if connection.is_podman else "Docker"
    engine = Finding("ok", f"{name} {info.get('ServerVersion')} answers at {connection.url}.")
    return [engine, *_isolation(info, runtime), *_limits(info), _usage(info, cgroup_root)]


def _isolation(info: Mapping[str, Any], runtime: str | None) -> Iterator[Finding]:
    if runtime and runtime not in info.get("Runtimes", {}):
        yield Finding(
            "warning",
            f"The engine has no runtime {runtime}, so nothing can start.",
            remedy=f"Install {runtime} and declare it in the engine's daemon.json, or choose another runtime.",
        )
    options = " ".join(info.get("SecurityOptions") or [])
    if "seccomp" in options:
        yield Finding("ok", "System calls are filtered (seccomp).")
    else:
        yield Finding(
            "warning",
            "System calls are not filtered.",
            why="The engine runs without a seccomp profile.",
            remedy="Start it with its default seccomp profile.",
        )
    if "userns" not in options and "rootless" not in options:
        yield Finding("notice", "Users inside are users of the host.", remedy="Turn on userns-remap in daemon.json.")


def _limits(info: Mapping[str, Any]) -> Iterator[Finding]:
    for key, what in LIMITS.items():
        if not info.get(key, False):
            yield Finding("warning", f"A container's {what} cannot be limited.", why="The kernel or engine lacks it.")
    if not info.get("SwapLimit", False):
        yield Finding("notice", "Swap is not limited: a container may use swap beyond its memory limit.")


def _usage(info: Mapping[str, Any], cgroup_root: Path) -> Finding:
    if info.get("CgroupDriver") == "systemd":
        return Finding(
            "notice",
            "What a run used is known as of the last look while it ran.",
            why="systemd may remove a run's control group when it ends.",
            remedy='Set "exec-opts": ["native.cgroupdriver=cgroupfs"] in daemon.json where usage matters.',
        )
    if not os.access(cgroup_root, os.R_OK) or not any(cgroup_root.iterdir()):
        return Finding("notice", "What a run used is not known.", why=f"{cgroup_root} cannot be read here.")
    return Finding("ok", "What a run used is read from its control group.")
