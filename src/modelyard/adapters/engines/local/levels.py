"""How a container is made ready at each isolation level: its root, its mounts, its user, and the plan for the shim."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modelyard.adapters.engines.local import roots, sandbox
from modelyard.adapters.engines.local.containers import MARK
from modelyard.adapters.engines.local.layers import LayerStore
from modelyard.adapters.engines.local.links import Layer
from modelyard.adapters.engines.local.loader import HostView, host_command, host_environment
from modelyard.adapters.engines.local.shim.cgroups import Place
from modelyard.adapters.engines.local.shim.plan import Plan
from modelyard.rooms.runs.ports import ContainerSpec, Isolation


@dataclass(frozen=True, slots=True)
class Site:
    """What all containers of an engine share. ``filter`` and ``unix_filter`` are files with seccomp programs."""

    root: Path
    filter: Path
    unix_filter: Path
    places: Sequence[Place]
    group_suffix: str

    def group(self, name: str) -> str:
        """The name of a container's control groups: engines on other folders may have containers of the same name."""
        return f"{name}-{self.group_suffix}"


class Level(Protocol):
    """Prepares containers. ``folder`` is the container's own; ``uid`` its user on the host, None for the server's."""

    @property
    def isolation(self) -> Isolation: ...

    def moves(self, spec: ContainerSpec, folder: Path) -> list[list[str]]:
        """Folders that ``prepare`` moves, as ``[inside, source]``: noted before, to come back after a crash."""
        ...

    def prepare(self, spec: ContainerSpec, layers: Sequence[Layer], folder: Path, uid: int | None) -> Plan: ...


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Bubblewrap. As root it runs as the container's user, so inside there is nobody whom the host knows.

    That user may not walk to the server's folders; what the sandbox needs is bound where it can, for it alone.
    Without ``overlay`` the root is a tree of hard links.
    """

    site: Site
    layers: LayerStore
    bwrap: Path
    overlay: bool = True
    isolation: Isolation = Isolation.NAMESPACES

    def moves(self, spec: ContainerSpec, folder: Path) -> list[list[str]]:
        return []

    def prepare(self, spec: ContainerSpec, layers: Sequence[Layer], folder: Path, uid: int | None) -> Plan:
        stage = roots.Stage(at=roots.stage_folder() if uid is not None else None)
        if uid is not None:
            roots.hand_over(spec.mounts, uid)
        sources = {mount.target: stage.add(mount.source) for mount in spec.mounts}
        lowers, farm = self._root(spec, layers, folder, stage)
        return _plan(
            self.site,
            spec,
            folder,
            argv=sandbox.command(spec),
            uid=uid,
            bwrap=stage.add_program(self.bwrap),
            bwrap_arguments=sandbox.bubblewrap_arguments(spec, lowers=lowers, farm=farm, sources=sources),
            stage=stage.binds,
            stage_at=stage.at or "",
            watched=_writable(spec),
        )

    def _root(
        self, spec: ContainerSpec, layers: Sequence[Layer], folder: Path, stage: roots.Stage
    ) -> tuple[list[str], str | None]:
        """The folders of the overlay, base first, mount points on top; or the one folder of the farm."""
        if not self.overlay:
            farm = roots.make_farm(folder / "fs", layers)
            roots.make_mount_points(farm, spec)
            return [], stage.add(farm)
        points = roots.make_mount_points(folder / "mp", spec)
        if not any(layer.takes_away for layer in layers):
            shared = stage.add(layers[0].path.parent)
            lowers = [f"{shared}/{layer.path.name}" for layer in layers] + [stage.add(points)]
            if sandbox.overlay_fits(lowers):
                return lowers, None
        return [stage.add(self.layers.merged(layers)), stage.add(points)], None


@dataclass(frozen=True, slots=True)
class Chroot:
    """Another root made of hard links, and a user of its own: for root where namespaces are forbidden."""

    site: Site
    isolation: Isolation = Isolation.CHROOT

    def moves(self, spec: ContainerSpec, folder: Path) -> list[list[str]]:
        moving = [mount for mount in spec.mounts if not mount.read_only and mount.source.is_dir()]
        return [[f"{folder}/fs{os.path.normpath(mount.target)}", str(mount.source)] for mount in moving]

    def prepare(self, spec: ContainerSpec, layers: Sequence[Layer], folder: Path, uid: int | None) -> Plan:
        owner = os.getuid() if uid is None else uid
        root = roots.make_farm(folder / "fs", layers)
        roots.make_devices(root)
        writable = [roots.make_writable(root / name, owner) for name in ("tmp", "dev/shm")]
        roots.make_folder(root, sandbox.working_folder(spec))
        moves = self.moves(spec, folder)
        for mount in spec.mounts:
            roots.bring_in(mount, root, owner)
        return _plan(
            self.site,
            spec,
            folder,
            argv=sandbox.command(spec),
            env=sandbox.environment(spec),
            cwd=sandbox.working_folder(spec),
            root=str(root),
            uid=uid,
            watched=[*(str(path) for path in writable), *(inside for inside, _ in moves)],
            restore=moves,
        )


@dataclass(frozen=True, slots=True)
class Host:
    """A process of the server's own user on the host's root, with the image's programs, where no more is permitted."""

    site: Site
    layers: LayerStore
    isolation: Isolation = Isolation.NONE

    def moves(self, spec: ContainerSpec, folder: Path) -> list[list[str]]:
        return []

    def prepare(self, spec: ContainerSpec, layers: Sequence[Layer], folder: Path, uid: int | None) -> Plan:
        temporary = folder / "tmp"
        temporary.mkdir(mode=0o700)
        mounts = {mount.target.rstrip("/"): mount.source for mount in spec.mounts}
        view = HostView(self.layers.merged(layers), mounts | {"/tmp": temporary})  # noqa: S108 - inside
        environment = sandbox.environment(spec)
        argv = host_command(view, sandbox.command(spec), environment.get("PATH", "/usr/bin:/bin"))
        cwd = view.path(sandbox.working_folder(spec))
        return _plan(
            self.site,
            spec,
            folder,
            argv=argv,
            env={"TMPDIR": str(temporary)} | host_environment(view, environment, argv) | {MARK: spec.name},
            cwd=cwd if Path(cwd).is_dir() else str(temporary),
            watched=[str(temporary), *_writable(spec)],
        )


def _writable(spec: ContainerSpec) -> list[str]:
    """The host's folders that the container may write to: what it puts there counts against its disk limit."""
    return [str(mount.source) for mount in spec.mounts if not mount.read_only and mount.source.is_dir()]


def _plan(site: Site, spec: ContainerSpec, folder: Path, **special: Any) -> Plan:
    """The plan with what is the same at every level; ``special`` overrides."""
    confined = "bwrap" in special
    program = site.filter if confined or spec.network else site.unix_filter
    fields: dict[str, Any] = {
        "folder": str(folder),
        "lock": -1,
        "env": {},
        "cwd": "/",
        "root": None,
        "uid": None,
        "bwrap": None,
        "bwrap_arguments": [],
        "stage": [],
        "stage_at": "",
        "filter": str(program),
        "places": list(site.places),
        "group": site.group(spec.name),
        "memory_bytes": spec.limits.memory_bytes,
        "cpus": spec.limits.cpus,
        "pids": spec.limits.pids,
        "disk_bytes": spec.limits.disk_bytes,
        "log_bytes": spec.limits.log_bytes,
        "watched": [],
        "restore": [],
    }
    return Plan(**(fields | special))
