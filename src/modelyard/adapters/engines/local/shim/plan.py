"""What the engine asks of the shim, as JSON on its standard input. Nothing of it is written to disk: it holds secrets."""

import json
from typing import Any, NamedTuple

from modelyard.adapters.engines.local.shim import cgroups


class Plan(NamedTuple):
    """One container to start and to look after.

    ``folder`` is the container's own, where ``state.json``, ``exit.json``, ``usage.json`` and ``log`` are written; ``lock`` the
    descriptor of its lock, held as long as the shim lives. ``bwrap`` is None below ``namespaces``: then ``argv`` is
    executed in ``root`` (None: the host's) with ``env`` and in ``cwd``. ``uid`` None means the shim's own user.
    ``stage`` is a list of ``[source, name]`` bound below the folder ``stage_at``, which is covered for this container
    only: for a user who may not walk to the sources. ``restore`` is a list of ``[inside, source]``: folders that were moved into the container's root and go back.
    """

    folder: str
    lock: int
    argv: list[str]
    env: dict[str, str]
    cwd: str
    root: str | None
    uid: int | None
    bwrap: list[str] | None
    bwrap_arguments: list[str]
    stage: list[list[str]]
    stage_at: str
    filter: str
    places: list[cgroups.Place]
    group: str
    memory_bytes: int
    cpus: float
    pids: int
    disk_bytes: int
    log_bytes: int
    watched: list[str]
    restore: list[list[str]]

    def to_json(self) -> bytes:
        return json.dumps(self._asdict()).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Plan":
        fields: dict[str, Any] = json.loads(text)
        fields["places"] = [cgroups.Place(*place) for place in fields["places"]]
        return cls(**fields)
