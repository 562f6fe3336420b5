"""Whose run it is."""

from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.runs import store
from modelyard.rooms.runs.errors import RunMissing
from modelyard.rooms.runs.tables import RunRow


def own_row(session: Session, principal: Principal, run_id: UUID) -> RunRow:
    """The run, if the caller asked for it or is an administrator; else ``RunMissing``, as if it were absent."""
    row = store.get(session, run_id)
    mine = row is not None and row.account_id is not None and row.account_id == principal.account_id
    if row is None or not (mine or (principal.is_administrator and row.account_id is not None)):
        raise RunMissing(f"There is no run {run_id}.", remedy="See the list of your runs.")
    return row
