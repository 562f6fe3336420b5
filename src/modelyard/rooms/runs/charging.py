"""What a container used, into the ledger."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.runs.ports import Container
from modelyard.rooms.runs.tables import RunRow
from modelyard.rooms.usage import service as usage


def charge(session: Session, row: RunRow, container: Container, *, account_id: UUID, at: datetime) -> None:
    """Charges the run's current attempt, which ended ``at`` that moment, to the account. May be repeated."""
    used = container.usage
    usage.record_attempt(
        session,
        account_id=account_id,
        repository_id=row.repository_id,
        version=row.version,
        run_id=row.id,
        attempt=row.attempt,
        started_at=container.started_at,
        ended_at=at,
        cpu_seconds=used.cpu_seconds,
        memory_gb_seconds=used.memory_gb_seconds,
        gpu_seconds=used.gpu_seconds,
    )
