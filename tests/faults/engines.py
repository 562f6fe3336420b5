"""What a server's engine holds on this machine, to be compared with what the server knows of."""

import hashlib
from pathlib import Path
from typing import Any, Protocol

import docker

from faults import remains
from modelyard.adapters.engines.local.shim import cgroups

CGROUPS = Path("/sys/fs/cgroup")


class EngineHolds(Protocol):
    """One engine of one server. ``containers`` are names as the server gives them (``box-…``, ``run-…``)."""

    def containers(self) -> set[str]:
        """Every container, started or not, ended or not."""
        ...

    def processes(self) -> set[int]:
        """Everything that runs in or for containers of this server, by whatever sign it is found."""
        ...

    def belonging(self) -> set[int]:
        """Of those, what belongs to a container that is there."""
        ...

    def strays(self, running: set[str]) -> list[str]:
        """Other things of the engine that belong to no container in ``running``."""
        ...

    def end(self) -> None:
        """Ends everything."""
        ...


class LocalHolds:
    """The engine ``local``: supervisors, control groups, folders."""

    def __init__(self, data: Path, owner: str) -> None:
        self._data, self._owner = data, owner
        self._places = cgroups.find_places()
        self._suffix = hashlib.sha256(str(data / "engine").encode()).hexdigest()[:8]

    def containers(self) -> set[str]:
        folders = {folder.name for folder in (self._data / "engine/c").iterdir()}
        return folders | set(remains.supervised(self._data).values())

    def processes(self) -> set[int]:
        grouped = {pid for pid, groups in remains.groups_of_processes() if f"-{self._suffix}" in groups}
        return remains.box_processes(self._owner) | set(remains.supervised(self._data)) | grouped

    def belonging(self) -> set[int]:
        supervisors = set(remains.supervised(self._data))
        return {pid for pid in self.processes() if supervisors & set(remains.ancestors(pid))}

    def strays(self, running: set[str]) -> list[str]:
        kept = {f"{name}-{self._suffix}" for name in running}
        found = [group for place in self._places for group in Path(place.folder).glob(f"*-{self._suffix}")]
        groups = [group for group in found if group.name not in kept]
        users = [user for user in (self._data / "engine/u").iterdir() if remains.text_of(user).strip() not in running]
        drafts = [*(self._data / "engine").glob(".*"), *(self._data / "engine/trash").iterdir()]
        return [str(path) for path in (*groups, *users, *drafts)]

    def end(self) -> None:
        remains.end_boxes(self._data)


class DockerHolds:
    """A Docker engine: containers, networks, volumes, control groups, marks."""

    def __init__(self, data: Path, owner: str, url: str) -> None:
        self._data, self._owner = data, owner
        self._api = docker.APIClient(url)
        self._namespace = f"modelyard-{(data / 'server-id').read_text()[:12]}"
        self._networks, self._volumes = self._names("networks"), self._names("volumes")

    def containers(self) -> set[str]:
        return {entry["Labels"]["io.modelyard.name"] for entry in self._entries()}

    def processes(self) -> set[int]:
        return remains.box_processes(self._owner) | self.belonging()

    def belonging(self) -> set[int]:
        ids = [entry["Id"] for entry in self._entries()]
        return {pid for pid, groups in remains.groups_of_processes() if any(id in groups for id in ids)}

    def strays(self, running: set[str]) -> list[str]:
        kept = {f"{self._namespace}-{name}" for name in running}
        groups = [g for g in CGROUPS.glob(f"*/modelyard/{self._namespace}-*") if g.name not in kept]
        marks = [m for m in (self._data / "engine").glob("*/*") if m.parent.name != "images" and m.name not in running]
        networks = self._names("networks") - self._networks
        return [str(path) for path in (*groups, *marks)] + sorted(networks | (self._names("volumes") - self._volumes))

    def end(self) -> None:
        for entry in self._entries():
            self._api.remove_container(entry["Id"], force=True, v=True)
        self._api.close()

    def _entries(self) -> list[dict[str, Any]]:
        return list(self._api.containers(all=True, filters={"label": f"io.modelyard.engine={self._namespace}"}))

    def _names(self, kind: str) -> set[str]:
        if kind == "networks":
            return {f"network {network['Name']}" for network in self._api.networks()}
        return {f"volume {volume['Name']}" for volume in self._api.volumes()["Volumes"] or []}
