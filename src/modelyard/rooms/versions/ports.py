"""What versions ask of the rooms above them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.datasets.schemas import PlacedFile
from modelyard.rooms.repos.schemas import Repository

if TYPE_CHECKING:  # whose rules have bounds, which are below
    from modelyard.rooms.versions.schemas import Version


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that a version may ask for its containers; bytes, cores, processes, seconds (of its load check)."""

    memory_bytes: int = 16 * 1024**3
    cpus: float = 16
    disk_bytes: int = 16 * 1024**3
    pids: int = 4096
    timeout_seconds: float = 1800
    network: bool = False

    def most(self) -> dict[str, float]:
        """The bounds that are numbers, by the names that projects use."""
        return {
            "memory_bytes": self.memory_bytes,
            "cpus": self.cpus,
            "disk_bytes": self.disk_bytes,
            "pids": self.pids,
            "timeout_seconds": self.timeout_seconds,
        }


class BlobPushes(Protocol):
    """Makes versions of blobs that somebody holds who may give them away: files of a dataset, or a model."""

    def prepare(
        self, *, principal: Principal, repository: Repository, files: Sequence[PlacedFile], message: str
    ) -> object:
        """Checks the files and commits them. Slow: call it outside any transaction. Raises what such a push raises."""
        ...

    def record(self, session: Session, prepared: Any, *, principal: Principal, repository: Repository) -> "Version":
        """Reserves the next number and queues the build, which starts after the commit."""
        ...


class VersionUsers(Protocol):
    """Knows what stands on a version; implemented by the room that serves."""

    def why_kept(self, session: Session, *, repository_id: UUID, number: int) -> str | None:
        """Why the version may not be deleted now (``the alias production points at it``), or None."""
        ...
