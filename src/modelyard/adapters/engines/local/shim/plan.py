"""What the engine asks of the shim, on its standard input. Nothing of it is written to disk: it holds secrets."""

import marshal

from modelyard.adapters.engines.local.shim.cgroups import Place


class Plan:
    """One container to start and to look after.

    ``folder`` is the container's own, where ``records`` are written; ``lock`` the descriptor of its lock, held as
    long as the shim lives. ``bwrap`` is None below ``namespaces``: then ``argv`` is executed in ``root`` (None: the
    host's) with ``env`` and in ``cwd``. ``uid`` None means the shim's own user. ``stage`` is a list of ``[source,
    name]`` bound below the folder ``stage_at``, which is covered for this container only: for a user who may not walk
    to the sources. ``filter`` is a file with a seccomp program. ``watched`` are folders whose content counts against
    ``disk_bytes``. ``restore`` is a list of ``[inside, source]``: folders that were moved into the container's root
    and go back.
    """

    folder: str
    lock: int
    argv: list[str]
    env: dict[str, str]
    cwd: str
    root: str | None
    uid: int | None
    bwrap: str | None
    bwrap_arguments: list[str]
    stage: list[list[str]]
    stage_at: str
    filter: str
    places: list[Place]
    group: str
    memory_bytes: int
    cpus: float
    pids: int
    disk_bytes: int
    log_bytes: int
    watched: list[str]
    restore: list[list[str]]

    def __init__(self, **fields: object) -> None:
        if fields.keys() != Plan.__annotations__.keys():
            raise TypeError(f"a plan has exactly these fields: {', '.join(Plan.__annotations__)}")
        self.__dict__.update(fields)

    def replaced(self, **fields: object) -> "Plan":
        """A copy with other values for some fields."""
        return Plan(**(self.__dict__ | fields))

    def to_bytes(self) -> bytes:
        places = [place.to_list() for place in self.places]
        return marshal.dumps(self.__dict__ | {"places": places}, 2)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Plan":
        """The bytes come from our own server by a pipe, which is as far as ``marshal`` is to be trusted."""
        fields = marshal.loads(data)  # noqa: S302
        return cls(**fields | {"places": [Place(*place) for place in fields["places"]]})
