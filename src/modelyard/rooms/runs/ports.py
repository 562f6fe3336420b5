"""What executes containers: the engine. One contract suite (tests/contracts/engine.py) holds every adapter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

GB = 10**9


class Isolation(StrEnum):
    """How well an engine keeps a container from its host and its neighbours, best first.

    ``vm`` — a user-space kernel (gVisor) or hardware; ``namespaces`` — own user, mount, pid, ipc, uts and network
    namespaces with a seccomp filter, or an engine such as Docker; ``chroot`` — another root and a uid of its own;
    ``none`` — a process of the same user. Below ``namespaces`` only code of people an administrator named may run.
    """

    VM = "vm"
    NAMESPACES = "namespaces"
    CHROOT = "chroot"
    NONE = "none"


class State(StrEnum):
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class Image:
    """An OCI image whose blobs are in the content store.

    ``digest`` is the manifest's, ``config`` the parsed OCI image config (its ``config`` object gives entry point,
    command, environment, user and working directory), ``layers`` the digests of *uncompressed* tar layers, base first
    (``config["rootfs"]["diff_ids"]``).
    """

    digest: str
    config: Mapping[str, Any]
    layers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one container; bytes, cores, processes. ``disk_bytes`` bounds what it writes outside its mounts."""

    memory_bytes: int = 2 * 1024**3
    cpus: float = 1.0
    pids: int = 256
    disk_bytes: int = 1024**3
    log_bytes: int = 16 * 1024**2


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder or file of the host seen inside at ``target`` (absolute)."""

    source: Path
    target: str
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container to create and start.

    ``name`` is unique in the engine and matches ``[a-z0-9][a-z0-9-]{0,62}``; it carries run and attempt. ``command``
    replaces entry point and command of the image. ``env`` is added to the image's. The container gets no network
    unless ``network``; a read-only root with a private writable ``/tmp``; an unprivileged user; no capabilities.
    """

    name: str
    image: Image
    command: Sequence[str] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[Mount] = ()
    limits: Limits = field(default_factory=Limits)
    network: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What a container has used so far; ``None`` where the engine cannot know.

    ``memory_byte_seconds`` is the memory it held, times how long, from looks of a second apart at most where somebody
    watches (the engine says how exact it is). ``gpu_seconds``: GPUs it was given, times how long.
    """

    cpu_seconds: float | None = None
    memory_peak_bytes: int | None = None
    memory_byte_seconds: float | None = None
    gpu_seconds: float | None = None

    @property
    def memory_gb_seconds(self) -> float | None:
        """The same in gigabytes of 10^9 bytes."""
        return None if self.memory_byte_seconds is None else self.memory_byte_seconds / GB


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the engine sees it.

    ``exit_code`` is None while it runs and 128 + the signal's number when a signal ended it; ``reason`` says in
    words why it was ended, where the engine knows (``out of memory``, ``disk full``, ``too many processes``,
    ``stopped``).
    """

    name: str
    state: State
    labels: Mapping[str, str]
    isolation: Isolation
    started_at: datetime
    exit_code: int | None = None
    reason: str | None = None
    usage: Usage = Usage()


class Engine(Protocol):
    """Executes containers. All verbs may block and are thread-safe; containers outlive the process that made them.

    An unknown name raises ``errors.ContainerMissing``; an engine that cannot be reached raises
    ``errors.EngineUnavailable``; a spec that it cannot satisfy raises ``errors.EngineRefused`` with the reason.
    """

    isolation: Isolation

    def create(self, spec: ContainerSpec) -> Container:
        """Unpacks what is missing of the image, creates the container and starts it; returns once it is started.

        Creating a name that exists raises ``errors.ContainerExists``.
        """
        ...

    def wait(self, name: str, *, timeout: float | None = None) -> Container:
        """Blocks until the container has exited or ``timeout`` seconds have passed; returns its state then."""
        ...

    def logs(self, name: str, *, offset: int = 0, limit: int = 1024**2) -> bytes:
        """Standard output and error as written, interleaved, from byte ``offset``, ``limit`` bytes at most."""
        ...

    def stop(self, name: str, *, grace: float = 10.0) -> Container:
        """Sends TERM, and KILL to everything in it after ``grace`` seconds; returns once it has exited."""
        ...

    def remove(self, name: str) -> None:
        """Stops it without grace if it runs and removes every trace of it; an unknown name is no error."""
        ...

    def list(self, labels: Mapping[str, str] | None = None) -> list[Container]:
        """All containers that carry every one of ``labels``, those that exited included."""
        ...


@runtime_checkable
class EvictsImages(Protocol):
    """Optional power: forgets unpacked layers or loaded images that no container uses, least recently used first."""

    def evict(self, *, keep_bytes: int) -> int:
        """Frees space until at most ``keep_bytes`` are held; returns the bytes freed."""
        ...


@runtime_checkable
class ClearsRemains(Protocol):
    """Optional power: removes what a crash of this process left behind and what no container stands for."""

    def clear_remains(self) -> list[str]:
        """To be called at start-up, before anything is created. Returns the names of containers never started."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `modelyard doctor`: what was found, why it is so, and what to do where something can be done.

    ``level`` is ``ok``, ``notice`` (works, with less) or ``warning`` (does not work, or is not safe).
    """

    level: str
    what: str
    why: str = ""
    remedy: str = ""


@runtime_checkable
class DescribesItself(Protocol):
    """Optional power: says what the engine can isolate and limit on this machine, and what follows."""

    def describe(self) -> list[Finding]:
        """Never raises: that it cannot be reached is a finding."""
        ...


@dataclass(frozen=True, slots=True)
class Wake:
    """Tells the embedded runner that there may be something to do; for after a commit."""

    call: Callable[[], None]
