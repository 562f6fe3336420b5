"""Writing down what was used. What was recorded once is never recorded again, nor changed."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.ids import new_id
from modelyard.rooms.usage import rules, store
from modelyard.rooms.usage.schemas import Entry, UsageKind


def record(session: Session, *entries: Entry) -> int:
    """Writes down what was used, with its sums; says how many entries were new.

    An entry whose source and kind are known changes nothing, so that recording again after a crash or a retry is
    harmless. Raises ``ValueError`` for a quantity that is negative or no number.
    """
    rows = [_row(entry) for entry in rules.counted(entries)]
    inserted = store.insert_records(session, rows)
    store.add_to_days(session, rules.days(inserted))
    return len(inserted)


def record_attempt(
    session: Session,
    *,
    account_id: UUID,
    repository_id: UUID | None,
    version: int | None,
    run_id: UUID,
    attempt: int,
    started_at: datetime,
    ended_at: datetime,
    cpu_seconds: float | None,
    memory_gb_seconds: float | None,
    gpu_seconds: float | None,
) -> None:
    """What an attempt of a run used, in the transaction that ends it; None where the engine cannot know.

    However many attempts a run takes, it counts as one run. May be repeated.
    """
    place = {"account_id": account_id, "repository_id": repository_id, "version": version, "run_id": run_id}
    period = {"at": ended_at, "began_at": started_at, "ended_at": ended_at, "attempt": attempt}
    used = {
        UsageKind.CPU_SECONDS: cpu_seconds,
        UsageKind.MEMORY_GB_SECONDS: memory_gb_seconds,
        UsageKind.GPU_SECONDS: gpu_seconds,
    }
    details: dict[str, Any] = place | period
    source = f"run:{run_id}:{attempt}"
    entries = [Entry(kind=kind, quantity=n, source=source, **details) for kind, n in used.items() if n is not None]
    record(session, Entry(kind=UsageKind.RUNS, quantity=1, source=f"run:{run_id}", **details), *entries)


def _row(entry: Entry) -> dict[str, Any]:
    return asdict(entry) | {"id": new_id(), "kind": entry.kind.value}
