"""Meters that only grow, and storage from hour to hour, whoever stops in between."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from modelyard.kit.db import Database
from modelyard.rooms.content import service as content_service
from modelyard.rooms.content import store as content
from modelyard.rooms.usage import sampling
from modelyard.rooms.usage import service as usage
from modelyard.rooms.usage.schemas import By, UsageKind
from rooms.usage.ledgers import NOON, account, by_kind, repository, totals

CPU, MEMORY = UsageKind.CPU_SECONDS, UsageKind.MEMORY_GB_SECONDS
GB = 10**9


def read(db: Database, account_id: UUID, minute: float, cpu: float | None, memory: float | None = None) -> None:
    with db.write() as session:
        usage.read_meters(
            session,
            "box:1",
            {CPU: cpu, MEMORY: memory},
            account_id=account_id,
            repository_id=None,
            version=None,
            at=NOON + timedelta(minutes=minute),
        )


def test_what_a_meter_grew_by_is_recorded(db: Database) -> None:
    ada = account(db)
    read(db, ada, 0, 2.0, 10.0)
    read(db, ada, 1, 5.0, None)
    read(db, ada, 2, 5.0, 11.0)
    assert by_kind(db, ada) == {"cpu_seconds": 5.0, "memory_gb_seconds": 11.0}


def test_a_reading_that_comes_late_changes_nothing(db: Database) -> None:
    ada = account(db)
    read(db, ada, 5, 5.0)
    read(db, ada, 4, 4.0)
    read(db, ada, 5, 5.5)
    assert by_kind(db, ada) == {"cpu_seconds": 5.0}


def test_a_meter_that_began_anew_is_counted_from_there(db: Database) -> None:
    ada = account(db)
    for minute, value in enumerate((5.0, 1.0, 3.0)):
        read(db, ada, minute, value)
    assert by_kind(db, ada) == {"cpu_seconds": 8.0}


def test_a_reading_that_is_rolled_back_is_made_up_by_the_next(db: Database) -> None:
    ada = account(db)
    read(db, ada, 0, 2.0)
    with pytest.raises(KeyError), db.write() as session:
        at = NOON + timedelta(minutes=1)
        usage.read_meters(session, "box:1", {CPU: 3.0}, account_id=ada, repository_id=None, version=None, at=at)
        raise KeyError
    read(db, ada, 2, 4.0)
    assert by_kind(db, ada) == {"cpu_seconds": 4.0}


def test_forgotten_meters_begin_at_nothing(db: Database) -> None:
    ada = account(db)
    read(db, ada, 0, 2.0)
    with db.write() as session:
        usage.forget_other_meters(session, "box", keep={"box:1"})
    read(db, ada, 1, 3.0)
    assert by_kind(db, ada) == {"cpu_seconds": 3.0}
    with db.write() as session:
        usage.forget_other_meters(session, "box", keep={"box:2"})
    read(db, ada, 2, 1.0)
    assert by_kind(db, ada) == {"cpu_seconds": 4.0}


def hold(db: Database, holder_id: UUID, digit: str, size: int) -> None:
    digest = f"sha256:{digit * 64}"
    with db.write() as session:
        content.insert_blob(session, digest=digest, size=size, at=NOON, unheld_since=None)
        content.insert_grant(session, holder_id=holder_id, digest=digest, why="lfs", at=NOON)


def sample(db: Database, hours: float) -> None:
    sampling.record_storage(db, now=NOON + timedelta(hours=hours))


def stored(db: Database, account_id: UUID) -> float:
    return by_kind(db, account_id).get("storage_gb_hours", 0.0)


def test_storage_is_recorded_once_an_hour(db: Database) -> None:
    ada, bob = account(db), account(db, "bob")
    one, other = repository(db, ada, "one"), repository(db, ada, "other")
    for holder in (one, other):
        hold(db, holder, "1", 3 * GB)
    for hours in (0.0, 0.1, 0.9, 1.0, 1.5):
        sample(db, hours)
    assert stored(db, ada) == 6.0
    assert stored(db, bob) == 0.0
    hold(db, ada, "2", GB)
    sample(db, 2.2)
    assert stored(db, ada) == 10.0


def test_hours_that_a_stopped_server_missed_count_with_what_was_known(db: Database) -> None:
    ada = account(db)
    model = repository(db, ada)
    hold(db, model, "1", GB)
    sample(db, 0)
    hold(db, model, "2", GB)
    sample(db, 30.5)
    assert stored(db, ada) == 1 + 29 + 2
    days = {line.day: line.quantity for line in totals(db, ada, By.DAY)}
    assert list(days.values()) == [1 + 11, 18 + 2]
    sample(db, 30.9)
    assert stored(db, ada) == 32


def test_what_is_given_up_is_not_recorded_any_more(db: Database) -> None:
    ada = account(db)
    model = repository(db, ada)
    hold(db, model, "1", GB)
    sample(db, 0)
    with db.write() as session:
        content_service.revoke(session, holder_id=model)
    sample(db, 1)
    hold(db, model, "1", GB)
    sample(db, 3)
    assert stored(db, ada) == 2.0


def test_hours_are_recorded_once_though_clocks_may_jump_back(db: Database) -> None:
    ada = account(db)
    hold(db, ada, "1", GB)
    for hours in (0.0, 5.0, 2.0, 5.0):
        sample(db, hours)
    assert stored(db, ada) == 6.0
    assert _hour(db) == NOON + timedelta(hours=5)


def _hour(db: Database) -> datetime:
    with db.read() as session:
        row = sampling.store.meter(session, sampling.HOUR)
    assert row is not None
    return row.at
