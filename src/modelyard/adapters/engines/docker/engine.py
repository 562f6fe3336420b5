"""The verbs of the engine port, by the Docker Engine API."""

import builtins
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError, ImageNotFound, NotFound

from modelyard.adapters.engines.docker import config, health, inspection
from modelyard.adapters.engines.docker.calls import name_is_taken, read_statistics, send_signal, start
from modelyard.adapters.engines.docker.cgroups import CgroupTree
from modelyard.adapters.engines.docker.config import Place
from modelyard.adapters.engines.docker.connection import Connection, explain, insist
from modelyard.adapters.engines.docker.disk import DiskBound, said_no_room
from modelyard.adapters.engines.docker.images import EngineImages
from modelyard.adapters.engines.docker.logs import Logs, bounded_log
from modelyard.adapters.engines.docker.memory import HeldMemory
from modelyard.adapters.engines.docker.programs import ProgramCheck
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs.errors import ContainerExists, ContainerMissing, EngineRefused
from modelyard.rooms.runs.ports import Container, ContainerSpec, Finding, State, Usage

DEFAULT_URL = "unix:///var/run/docker.sock"
WAIT_STEP_S = 1.0
"""How often a wait looks at what is used and written, which may be unknown after the end."""
HALF_MADE = "created"
HALF_MADE_S = 60
"""A container that was created but not started for so long was left by a crash."""


class DockerEngine:
    """Containers on a Docker (or Podman) engine of this machine; evicts images, describes itself, clears remains too.

    ``state`` is a folder for the little that the engine cannot keep: what was ended by us and why, and when images were
    used. ``namespace`` tells our containers and images from another Modelyard's on the same engine. What ``/tmp``
    holds counts as memory of the container. Docker reads the two output streams apart: lines written to them in the
    same moment may change places.
    """

    def __init__(
        self,
        blobs: BlobStore,
        state: Path,
        *,
        url: str = DEFAULT_URL,
        namespace: str = "modelyard",
        network: str = "bridge",
        runtime: str | None = None,
        cgroup_root: Path = Path("/sys/fs/cgroup"),
    ) -> None:
        self.isolation = inspection.isolation_of(runtime)
        self.connection = Connection(url)
        self.namespace = namespace
        self._network = network
        self._runtime = runtime
        self._cgroup_root = cgroup_root
        self._stopped = state / "stopped"
        self._full = state / "full"
        self._images = EngineImages(self.connection, blobs, namespace=namespace, used=state / "images")
        self._programs = ProgramCheck()
        self._disk = DiskBound()
        self._last_usage: dict[str, Usage] = {}
        self._memory = HeldMemory()
        self._logs = Logs()
        self._broken_off: set[str] = set()

    def create(self, spec: ContainerSpec) -> Container:
        config.check_spec(spec, self.connection.socket)
        with self.connection.translated() as api:
            _open_writable_mounts(spec)
            try:
                self._start_new(api, spec)
            except ContainerExists:
                raise
            except BaseException:
                self._broken_off.add(spec.name)
                raise
            self._images.mark_used(spec.image)
            return self._view(api, spec.name)

    def wait(self, name: str, *, timeout: float | None = None) -> Container:
        deadline = None if timeout is None else time.monotonic() + timeout
        with self.connection.translated() as api:
            while (seen := self._view(api, name)).state is State.RUNNING:
                left = WAIT_STEP_S if deadline is None else min(deadline - time.monotonic(), WAIT_STEP_S)
                if left <= 0:
                    break
                with suppress(requests.Timeout, requests.ConnectionError, NotFound):
                    api.wait(self._engine_name(name), timeout=left)  # type: ignore[arg-type]  # floats work
            return seen

    def logs(self, name: str, *, offset: int = 0, limit: int = 1024**2) -> bytes:
        with self.connection.translated() as api:
            facts = self._inspect(api, name)
            running = inspection.is_running(facts["State"])

            def open_log(follow: bool) -> Iterator[bytes]:
                chunks = api.logs(facts["Id"], stdout=True, stderr=True, stream=True, follow=follow)
                return bounded_log(chunks, int(facts["Config"]["Labels"][config.LOG_LABEL]))

            return self._logs.read(name, open_log, running=running, offset=offset, limit=limit)

    def stop(self, name: str, *, grace: float = 10.0) -> Container:
        with self.connection.translated() as api:
            if self._view(api, name).state is State.RUNNING:
                _mark(self._stopped, name)
                send_signal(api, self._engine_name(name), "SIGTERM")
        if self.wait(name, timeout=grace).state is State.RUNNING:
            with self.connection.translated() as api:
                send_signal(api, self._engine_name(name), "SIGKILL")
        return self.wait(name)

    def remove(self, name: str) -> None:
        if not config.NAME.fullmatch(name):
            return
        with self.connection.translated() as api, suppress(NotFound):
            api.remove_container(self._engine_name(name), force=True, v=True)
        self._forget(name)

    def list(self, labels: Mapping[str, str] | None = None) -> list[Container]:
        wanted = [f"{config.ENGINE_LABEL}={self.namespace}"]
        wanted += [f"{config.SPEC_LABEL}{key}={value}" for key, value in (labels or {}).items()]
        with self.connection.translated() as api:
            found = api.containers(all=True, filters={"label": wanted})
            names = [entry["Labels"][config.NAME_LABEL] for entry in found if entry["State"] != HALF_MADE]
            return [container for name in names for container in self._view_if_there(api, name)]

    def evict(self, *, keep_bytes: int) -> int:
        return self._images.evict(keep_bytes)

    def clear_remains(self) -> builtins.list[str]:
        with self.connection.translated() as api:
            found = api.containers(all=True, filters={"label": f"{config.ENGINE_LABEL}={self.namespace}"})
            half_made = [entry for entry in found if entry["State"] == HALF_MADE]
            for entry in half_made:
                api.remove_container(entry["Id"], force=True, v=True)
            names = {entry["Labels"][config.NAME_LABEL] for entry in found if entry not in half_made}
            self._cgroups().remove_others(self._engine_name(""), keep={self._engine_name(name) for name in names})
        for mark in [*self._stopped.glob("*"), *self._full.glob("*")]:
            if mark.name not in names:
                mark.unlink(missing_ok=True)
        return [entry["Labels"][config.NAME_LABEL] for entry in half_made]

    def describe(self) -> builtins.list[Finding]:
        return health.describe(self.connection, runtime=self._runtime, cgroup_root=self._cgroup_root)

    def _start_new(self, api: APIClient, spec: ContainerSpec) -> None:
        container = self._make(api, spec)
        try:
            self._forget(spec.name)  # of a container that was removed behind our back
            self._programs.check(api, container, spec)
            start(api, container)
        except BaseException:
            api.remove_container(container, force=True, v=True)
            raise

    def _make(self, api: APIClient, spec: ContainerSpec) -> str:
        """Creates the container, loading the image if the engine lacks it; returns the engine's id for it."""
        place = Place(
            self.namespace, self._network, "json-file" if self.connection.is_podman else "local", self._runtime
        )
        body = config.container_config(
            spec,
            place,
            image=self._images.reference(spec.image),
            cgroup_parent=self._cgroups().parent(self._engine_name(spec.name)),
        )
        for _ in range(3):  # an eviction, or a crash's left-over, may come between
            try:
                made = insist(lambda: api.create_container_from_config(body, self._engine_name(spec.name)))
                return str(made["Id"])
            except ImageNotFound:
                self._images.load(spec.image)
            except APIError as e:
                if not name_is_taken(e):
                    raise EngineRefused(f"The engine refuses the container: {explain(e)}") from e
                if not self._remove_half_made(api, spec.name):
                    raise ContainerExists(f"There is a container {spec.name} already.") from e
        raise EngineRefused("The engine lost the image again and again while the container was made.")

    def _remove_half_made(self, api: APIClient, name: str) -> bool:
        """Removes what a crash left between create and start; says whether there was such a thing."""
        try:
            facts = api.inspect_container(self._engine_name(name))
        except NotFound:  # the name is taken, the container still being made
            return False
        age = datetime.now(UTC) - inspection.parse_time(facts["Created"])
        is_left = name in self._broken_off or age.total_seconds() >= HALF_MADE_S
        if facts["State"]["Status"] != HALF_MADE or not is_left:
            return False
        api.remove_container(facts["Id"], force=True, v=True)
        return True

    def _view_if_there(self, api: APIClient, name: str) -> Iterator[Container]:
        with suppress(ContainerMissing):  # removed since it was listed
            yield self._view(api, name)

    def _view(self, api: APIClient, name: str) -> Container:
        facts = self._within_bounds(api, name, self._inspect(api, name))
        cgroups, group = self._cgroups(), self._engine_name(name)
        self._note_usage(api, name, facts)
        return inspection.container(
            facts,
            name=name,
            isolation=self.isolation,
            usage=self._usage(name, facts),
            stopped=(self._stopped / name).exists(),
            memory_ran_out=cgroups.memory_ran_out(group),
            processes_ran_out=cgroups.processes_ran_out(group),
            disk_ran_out=self._disk_ran_out(api, name, facts),
        )

    def _note_usage(self, api: APIClient, name: str, facts: Mapping[str, Any]) -> None:
        """Keeps what is known of its use, which may be unknown after its end."""
        cgroups, group, running = self._cgroups(), self._engine_name(name), inspection.is_running(facts["State"])
        usage, held = cgroups.usage(group), cgroups.memory_now(group)
        if running and (usage is None or held is None):
            statistics = read_statistics(api, facts["Id"])
            usage, held = usage or inspection.usage(statistics), inspection.memory_now(statistics)
        if usage:
            self._last_usage[name] = usage
        if running and held is not None:
            self._memory.look(name, at=datetime.now(UTC), held=held)

    def _usage(self, name: str, facts: Mapping[str, Any]) -> Usage:
        """What is known; no container of this engine is given a GPU."""
        if not inspection.is_running(facts["State"]):
            self._memory.end(name, at=inspection.parse_time(facts["State"]["FinishedAt"]))
        known = self._last_usage.get(name, Usage())
        return replace(known, memory_byte_seconds=self._memory.so_far(name), gpu_seconds=0.0)

    def _within_bounds(self, api: APIClient, name: str, facts: dict[str, Any]) -> dict[str, Any]:
        """Ends a container that wrote too much to the host's folders; returns the facts as they are then."""
        if not inspection.is_running(facts["State"]) or not self._disk.is_exceeded(name, facts):
            return facts
        _mark(self._full, name)
        send_signal(api, facts["Id"], "SIGKILL")
        with suppress(NotFound):
            api.wait(facts["Id"])
        return self._inspect(api, name)

    def _disk_ran_out(self, api: APIClient, name: str, facts: Mapping[str, Any]) -> bool:
        if not inspection.has_failed(facts["State"]):
            return False
        return (self._full / name).exists() or said_no_room(api, facts["Id"])

    def _inspect(self, api: APIClient, name: str) -> dict[str, Any]:
        if not config.NAME.fullmatch(name):
            raise ContainerMissing(f"There is no container {name!r}.")
        try:
            facts = dict(api.inspect_container(self._engine_name(name)))
        except NotFound as e:
            raise ContainerMissing(f"There is no container {name}.") from e
        if facts["State"]["Status"] == HALF_MADE:  # its exit code is 0, as if it had ended well
            raise ContainerMissing(f"The container {name} was never started.")
        return facts

    def _forget(self, name: str) -> None:
        for marks in (self._stopped, self._full):
            (marks / name).unlink(missing_ok=True)
        self._disk.forget(name)
        self._last_usage.pop(name, None)
        self._memory.forget(name)
        self._logs.forget(name)
        self._broken_off.discard(name)
        self._cgroups().remove(self._engine_name(name))

    def _engine_name(self, name: str) -> str:
        return f"{self.namespace}-{name}"

    def _cgroups(self) -> CgroupTree:
        return CgroupTree(self._cgroup_root, systemd=self.connection.info.get("CgroupDriver") == "systemd")


def _mark(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()


def _open_writable_mounts(spec: ContainerSpec) -> None:
    """Lets the container's user write where it shall: as root by giving it the place, else by opening it to all."""
    uid, gid = map(int, config.user_of(spec.image).split(":"))
    for mount in spec.mounts:
        if not mount.read_only and os.geteuid() == 0:
            os.chown(mount.source, uid, gid)
        elif not mount.read_only:
            mount.source.chmod(mount.source.stat().st_mode | 0o777)
