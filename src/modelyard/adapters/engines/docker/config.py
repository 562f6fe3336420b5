"""What a container is created with: a ``ContainerSpec`` in the words of the Docker Engine API. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.rooms.runs.errors import EngineRefused
from modelyard.rooms.runs.ports import ContainerSpec, Image, Limits, Mount

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
UNPRIVILEGED = "10001:10001"
ENGINE_LABEL = "io.modelyard.engine"
NAME_LABEL = "io.modelyard.name"
LOG_LABEL = "io.modelyard.log-bytes"
DISK_LABEL = "io.modelyard.disk-bytes"
SPEC_LABEL = "io.modelyard.label."
LOG_ROOM = 4
"""Size of one log file per byte of log: short lines cost as much again in framing. Two files are kept."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where containers of one Modelyard go: facts of the engine and choices of the operator.

    ``namespace`` keeps several Modelyards on one engine apart; ``network`` is the engine's network for containers that
    ask for one; ``cgroup_parent`` is None where the engine decides.
    """

    namespace: str
    network: str
    log_driver: str
    runtime: str | None = None


def check_spec(spec: ContainerSpec, socket: Path | None) -> None:
    """Refuses a name outside the grammar and mounts that are absent or would give the engine away."""
    if not NAME.fullmatch(spec.name):
        raise EngineRefused(f"{spec.name!r} is not a name for a container.", field="name")
    for mount in spec.mounts:
        _check_mount(mount, socket)


def container_config(spec: ContainerSpec, place: Place, *, image: str, cgroup_parent: str | None) -> dict[str, Any]:
    """The body of POST /containers/create."""
    return {
        "Image": image,
        "User": user_of(spec.image),
        "Env": [f"{key}={value}" for key, value in spec.env.items()],
        "Labels": labels_of(spec, place.namespace),
        "Healthcheck": {"Test": ["NONE"]},
        "NetworkDisabled": not spec.network,
        "HostConfig": _host_config(spec, place, cgroup_parent),
        **({"Entrypoint": list(spec.command), "Cmd": []} if spec.command is not None else {}),
    }


def labels_of(spec: ContainerSpec, namespace: str) -> dict[str, str]:
    bounds = {LOG_LABEL: str(spec.limits.log_bytes), DISK_LABEL: str(spec.limits.disk_bytes)}
    ours = {ENGINE_LABEL: namespace, NAME_LABEL: spec.name} | bounds
    return ours | {f"{SPEC_LABEL}{key}": value for key, value in spec.labels.items()}


def spec_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels of the spec, out of those of a container."""
    return {key.removeprefix(SPEC_LABEL): value for key, value in labels.items() if key.startswith(SPEC_LABEL)}


def user_of(image: Image) -> str:
    """The image's user where it is plainly unprivileged (numbers, neither of them 0), else 10001.

    A name is not trusted: the image's own passwd file says what it means.
    """
    user = str(image.config.get("config", {}).get("User") or "")
    uid, _, gid = user.partition(":")
    numbers = [part for part in (uid, gid or uid) if part.isascii() and part.isdigit() and int(part) > 0]
    return ":".join(numbers) if len(numbers) == 2 else UNPRIVILEGED


def _host_config(spec: ContainerSpec, place: Place, cgroup_parent: str | None) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "NetworkMode": place.network if spec.network else "none",
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Privileged": False,
        "ReadonlyRootfs": True,
        "IpcMode": "private",
        "Init": True,
        "RestartPolicy": {"Name": "no"},
        "Tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={spec.limits.disk_bytes}"},  # noqa: S108 (inside)
        "Mounts": [_bind(mount) for mount in spec.mounts],
        "LogConfig": _log_config(spec.limits, place.log_driver),
        **_limits(spec.limits),
    }
    optional = {"Runtime": place.runtime, "CgroupParent": cgroup_parent}
    return settings | {key: value for key, value in optional.items() if value}


def _limits(limits: Limits) -> dict[str, Any]:
    return {
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "NanoCpus": int(limits.cpus * 1e9),
        "PidsLimit": limits.pids,
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
    }


def _log_config(limits: Limits, driver: str) -> dict[str, Any]:
    options = {"max-size": str(limits.log_bytes * LOG_ROOM), "max-file": "2"}
    return {"Type": driver, "Config": options | ({"compress": "false"} if driver == "local" else {})}


def _bind(mount: Mount) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": str(mount.source.resolve()),
        "Target": mount.target,
        "ReadOnly": mount.read_only,
        "BindOptions": {"Propagation": "rprivate"},
    }


def _check_mount(mount: Mount, socket: Path | None) -> None:
    if not mount.target.startswith("/"):
        raise EngineRefused(f"The mount target {mount.target!r} is not absolute.", field="mounts")
    if not mount.source.exists():
        raise EngineRefused(f"There is nothing to mount at {mount.source}.", field="mounts")
    source = mount.source.resolve()
    if socket and (socket.resolve() == source or source in socket.resolve().parents):
        raise EngineRefused(f"Mounting {mount.source} would hand out the engine's own socket.", field="mounts")
