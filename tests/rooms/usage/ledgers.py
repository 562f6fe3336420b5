"""Accounts, entries and sums for tests of the ledger."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Role
from modelyard.rooms.repos import store as repos
from modelyard.rooms.usage import service as usage
from modelyard.rooms.usage.schemas import By, Entry, UsageKind, UsageLine
from modelyard.rooms.usage.tables import RecordRow

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALL_DAYS = {"since": date(2026, 1, 1), "until": date(2026, 12, 31)}


def account(db: Database, username: str = "ada") -> UUID:
    with db.write() as session:
        return accounts.create_account(session, username=username, password="a long password", role=Role.CREATOR).id


def repository(db: Database, owner_id: UUID, name: str = "r") -> UUID:
    identity = new_id()
    text = {"name": name, "kind": "model", "visibility": "private", "title": "", "description": "", "tags": []}
    rest = {"next_version": 1, "deleting": False, "created_at": NOON, "updated_at": NOON}
    with db.write() as session:
        repos.insert(session, {"id": identity, "owner_id": owner_id} | text | rest)
    return identity


def entry(account_id: UUID, source: str, quantity: float = 1.0, **details: Any) -> Entry:
    rest: dict[str, Any] = {"kind": UsageKind.CPU_SECONDS, "at": NOON} | details
    return Entry(account_id=account_id, source=source, quantity=quantity, **rest)


def record(db: Database, *entries: Entry) -> int:
    with db.write() as session:
        return usage.record(session, *entries)


def totals(db: Database, account_id: UUID | None, by: By = By.KIND, **days: Any) -> list[UsageLine]:
    with db.read() as session:
        return usage.totals(session, account_id, by=by, **ALL_DAYS | days).lines


def by_kind(db: Database, account_id: UUID | None, **days: Any) -> dict[str, float]:
    return {line.kind.value: line.quantity for line in totals(db, account_id, **days)}


def ledger_sum(db: Database, **equal: Any) -> float:
    """The sum of the records themselves."""
    query = sa.select(sa.func.coalesce(sa.func.sum(RecordRow.quantity), 0.0)).filter_by(**equal)
    with db.read() as session:
        return session.execute(query).scalar_one()
