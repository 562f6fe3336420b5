"""Outputs that are to become a version of a dataset: what was asked for, and what became of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.runs import store
from modelyard.rooms.runs.errors import RunMissing
from modelyard.rooms.runs.presenting import present
from modelyard.rooms.runs.schemas import Run
from modelyard.rooms.runs.tables import RunRow


@dataclass(frozen=True, slots=True)
class DueKeep:
    """Outputs that are to become a version of a dataset."""

    account_id: UUID
    dataset: str
    message: str


def ask_to_keep(session: Session, run_id: UUID, wanted: dict[str, Any]) -> Run:
    """Notes that the outputs are to become a version."""
    row = _locked(session, run_id)
    row.keep_as, row.keep_due = wanted, True
    session.flush()
    return present(session, row)


def due_keep(session: Session, run_id: UUID) -> DueKeep | None:
    """What is to become of the outputs; None where that was done, or was never asked for."""
    row = store.get_for_update(session, run_id)
    if row is None or not row.keep_due or row.keep_as is None or row.account_id is None:
        return None
    return DueKeep(row.account_id, row.keep_as["dataset"], row.keep_as.get("message") or "")


def note_kept(session: Session, run_id: UUID, *, version: int | None = None, problem: str | None = None) -> None:
    """What has become of the outputs; the run may be gone meanwhile."""
    row = store.get_for_update(session, run_id)
    if row is None or row.keep_as is None:
        return
    told = {"version": version} if version is not None else {"problem": problem}
    row.keep_as, row.keep_due = {**row.keep_as, **told}, False


def due_keeps(session: Session) -> list[UUID]:
    """Runs whose outputs are to become a version; for the sweep."""
    return store.due_keeps(session)


def _locked(session: Session, run_id: UUID) -> RunRow:
    row = store.get_for_update(session, run_id)
    if row is None:
        raise RunMissing(f"There is no run {run_id}.")
    return row
