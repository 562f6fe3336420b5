"""What boxes use: their engine's counts, read once a minute and when a box ends, paid by the repository's owner."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.repos import service as repos
from modelyard.rooms.runs.ports import Usage
from modelyard.rooms.serving import store
from modelyard.rooms.usage import service as usage
from modelyard.rooms.usage.schemas import UsageKind

PREFIX = "box"


def record_use(session: Session, replica_id: UUID, used: Usage, *, at: datetime) -> None:
    """Records what a box used since it was read last; ``at`` is when the engine was asked. Nothing for one that has
    ended: it was read then."""
    row = store.lock_replica(session, replica_id)
    owner_id = repos.owner_of(session, row.repository_id) if row else None
    if row is None or row.ended_at is not None or owner_id is None:
        return
    readings = {
        UsageKind.CPU_SECONDS: used.cpu_seconds,
        UsageKind.MEMORY_GB_SECONDS: used.memory_gb_seconds,
        UsageKind.GPU_SECONDS: used.gpu_seconds,
    }
    usage.read_meters(
        session,
        f"{PREFIX}:{replica_id}",
        readings,
        account_id=owner_id,
        repository_id=row.repository_id,
        version=row.version,
        at=at,
    )


def forget(session: Session, replica_id: UUID) -> None:
    """For a box that has ended and was read last."""
    usage.forget_meters(session, f"{PREFIX}:{replica_id}")


def forget_others(session: Session, alive: set[UUID]) -> None:
    """For boxes that went without being ended, as with their repository's rows."""
    usage.forget_other_meters(session, PREFIX, keep={f"{PREFIX}:{replica_id}" for replica_id in alive})
