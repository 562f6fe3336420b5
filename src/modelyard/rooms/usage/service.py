"""Verbs on usage: recording, summing, listing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.paging import Page, decode_cursor, encode_cursor, moment
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.repos import service as repos
from modelyard.rooms.usage import rules, store
from modelyard.rooms.usage.ledger import record, record_attempt
from modelyard.rooms.usage.quotas import left, require_quota, set_quotas
from modelyard.rooms.usage.sampling import forget_meters, forget_other_meters, read_meters
from modelyard.rooms.usage.schemas import By, UsageKind, UsageLine, UsageRecord

__all__ = [
    "forget_meters",
    "forget_other_meters",
    "keep_name",
    "left",
    "list_records",
    "read_meters",
    "record",
    "record_attempt",
    "require_quota",
    "set_quotas",
    "totals",
]

MOST_LINES = 10_000
RUN_RECORDS = 4_000
"""So many of the latest records say which runs are shown: about a thousand."""
COLUMNS: dict[By, tuple[str, ...]] = {
    By.DAY: ("day",),
    By.KIND: (),
    By.REPOSITORY: ("repository_id",),
    By.VERSION: ("repository_id", "version"),
    By.ACCOUNT: ("account_id",),
}


@dataclass(frozen=True, slots=True)
class Totals:
    """``complete``: whether there are no more lines than these."""

    lines: list[UsageLine]
    complete: bool


def totals(session: Session, account_id: UUID | None, *, since: date, until: date, by: By) -> Totals:
    """Sums by kind and ``by`` from ``since`` to ``until``, both days included, ``MOST_LINES`` at most, by run those of
    the latest; ``account_id`` None: of everybody. All but those by run come from the daily sums."""
    if by is By.RUN:
        sums, complete = _run_sums(session, account_id, since, until)
    else:
        sums = store.day_sums(session, account_id, since=since, until=until, by=COLUMNS[by], limit=MOST_LINES + 1)
        sums, complete = sums[:MOST_LINES], len(sums) <= MOST_LINES
    return Totals(_lines(session, sums), complete)


def list_records(
    session: Session, account_id: UUID | None, *, since: date, until: date, cursor: str | None = None, limit: int = 50
) -> Page[UsageRecord]:
    """The ledger's entries of these days, the latest first; ``account_id`` None: everybody's."""
    at, id = decode_cursor(cursor, moment, UUID) if cursor else (None, None)
    before = (at, id) if at and id else None
    first, end = rules.moments(since, until)
    rows = store.records(session, account_id, since=first, until=end, before=before, limit=limit + 1)
    shown = rows[:limit]
    owners = accounts.usernames(session, {row.account_id for row in shown})
    names = _names(session, (row.repository_id for row in shown))
    items = [
        UsageRecord(
            id=row.id,
            at=row.at,
            began_at=row.began_at,
            ended_at=row.ended_at,
            account=owners.get(row.account_id),
            repository=names[row.repository_id][0] if row.repository_id else None,
            repository_id=row.repository_id,
            version=row.version,
            run=row.run_id,
            attempt=row.attempt,
            kind=UsageKind(row.kind),
            quantity=row.quantity,
            source=row.source,
        )
        for row in shown
    ]
    following = encode_cursor(shown[-1].at.isoformat(), shown[-1].id) if len(rows) > limit else None
    return Page(items=items, next_cursor=following)


def keep_name(session: Session, repository_id: UUID, name: str) -> None:
    """Remembers what a repository was called, when it is deleted: what it used is still shown."""
    store.keep_name(session, repository_id, name)


def _run_sums(session: Session, account_id: UUID | None, since: date, until: date) -> tuple[Sequence[Any], bool]:
    first, end = rules.moments(since, until)
    latest = store.latest_runs(session, account_id, since=first, until=end, limit=RUN_RECORDS)
    runs = {run_id for run_id in latest if run_id is not None}
    return store.run_sums(session, runs, since=first, until=end), len(latest) < RUN_RECORDS


def _lines(session: Session, sums: Iterable[Any]) -> list[UsageLine]:
    found = [row._asdict() for row in sums]
    owners = accounts.usernames(session, {row["account_id"] for row in found if "account_id" in row})
    names = _names(session, (row.get("repository_id") for row in found))
    return [_line(row, owners, names) for row in found]


def _line(row: dict[str, Any], owners: dict[UUID, str], names: dict[UUID, tuple[str | None, bool]]) -> UsageLine:
    repository_id = row.get("repository_id")
    if repository_id == rules.NO_REPOSITORY:
        repository_id = None
    name, deleted = names[repository_id] if repository_id else (None, False)
    return UsageLine(
        kind=UsageKind(row["kind"]),
        quantity=row["quantity"],
        day=row.get("day"),
        account=owners.get(row["account_id"]) if "account_id" in row else None,
        repository=name,
        repository_id=repository_id,
        deleted=deleted,
        version=row.get("version") or None,
        run=row.get("run_id"),
    )


def _names(session: Session, ids: Iterable[UUID | None]) -> dict[UUID, tuple[str | None, bool]]:
    """What each repository is called, or was when it was deleted, and whether it is gone."""
    wanted = {id for id in ids if id is not None and id != rules.NO_REPOSITORY}
    there = repos.present_repositories(session, list(wanted), None)
    gone = store.names(session, wanted - set(there))
    return {id: (there[id].address, False) if id in there else (gone.get(id), True) for id in wanted}
