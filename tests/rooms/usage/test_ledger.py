"""The ledger on both databases: nothing counts twice, nothing changes, and the sums are those of the records."""

import random
import threading
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.repos import service as repos
from modelyard.rooms.usage import service as usage
from modelyard.rooms.usage.schemas import By, Entry, UsageKind
from modelyard.rooms.usage.tables import RecordRow
from rooms.usage.ledgers import ALL_DAYS, NOON, account, by_kind, entry, ledger_sum, record, repository, totals

KINDS = (UsageKind.CPU_SECONDS, UsageKind.BYTES_OUT, UsageKind.PREDICTIONS)


def test_what_is_recorded_again_counts_once(db: Database) -> None:
    ada = account(db)
    assert record(db, entry(ada, "a", 2.0), entry(ada, "b", 3.0)) == 2
    assert record(db, entry(ada, "a", 2.0), entry(ada, "c", 4.0), entry(ada, "c", 4.0)) == 1
    assert record(db, entry(ada, "a", 5.0, kind=UsageKind.GPU_SECONDS)) == 1
    assert by_kind(db, ada) == {"cpu_seconds": 9.0, "gpu_seconds": 5.0}


def test_what_is_rolled_back_was_not_recorded(db: Database) -> None:
    ada = account(db)
    with pytest.raises(KeyError), db.write() as session:
        usage.record(session, entry(ada, "a"))
        raise KeyError
    assert by_kind(db, ada) == {}
    assert record(db, entry(ada, "a")) == 1


@pytest.mark.parametrize("quantity", [-1.0, float("nan"), float("inf")])
def test_what_is_no_quantity_is_a_mistake(db: Database, quantity: float) -> None:
    ada = account(db)
    with pytest.raises(ValueError, match="cpu_seconds"):
        record(db, entry(ada, "fine"), entry(ada, "wrong", quantity))
    assert by_kind(db, ada) == {}


def test_nothing_leaves_no_trace(db: Database) -> None:
    assert record(db, entry(account(db), "nothing", 0.0)) == 0


@pytest.mark.parametrize("statement", [sa.update(RecordRow).values(quantity=0.0), sa.delete(RecordRow)])
def test_the_ledger_only_grows(db: Database, statement: sa.Update | sa.Delete) -> None:
    ada = account(db)
    record(db, entry(ada, "a", 2.0))
    with pytest.raises(DBAPIError, match="only grows"), db.write() as session:
        session.execute(statement)
    assert ledger_sum(db, account_id=ada) == 2.0


def test_the_sums_are_those_of_the_records_whoever_writes_at_the_same_time(db: Database) -> None:
    """Eight writers record overlapping batches in different orders, some again and again, some of them rolled back."""
    choose = random.Random(7)
    people = [account(db, name) for name in ("ada", "bob")]
    places = [(person, repository(db, person, f"r{n}")) for person in people for n in range(2)]
    entries = [_any_entry(choose, places, f"s{number % 300}") for number in range(400)]
    batches = [choose.sample(entries, 25) for _ in range(48)]

    def write(some: list[list[Entry]]) -> None:
        for number, batch in enumerate(some):
            record(db, *batch)
            if number % 3 == 0:
                with db.write() as session:
                    usage.record(session, *choose.sample(entries, 5))
                    session.rollback()

    writers = [threading.Thread(target=write, args=(batches[n::8],)) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    for by in (By.DAY, By.KIND, By.REPOSITORY, By.VERSION, By.ACCOUNT):
        for person in (*people, None):
            mine = {} if person is None else {"account_id": person}
            lines = totals(db, person, by)
            for kind in KINDS:
                summed = sum(line.quantity for line in lines if line.kind is kind)
                assert summed == ledger_sum(db, kind=kind.value, **mine), (by, kind)
    assert ledger_sum(db) > 0


def _any_entry(choose: random.Random, places: list[tuple[UUID, UUID]], source: str) -> Entry:
    """Quantities are fractions that binary numbers hold exactly, so that sums are equal in any order."""
    person, repository_id = choose.choice(places)
    return Entry(
        account_id=person,
        kind=choose.choice(KINDS),
        quantity=choose.randint(1, 4096) / 256,
        source=source,
        at=NOON - timedelta(hours=choose.randint(0, 100)),
        repository_id=choose.choice([repository_id, None]),
        version=choose.choice([1, 2, None]),
    )


def test_totals_by_day_repository_version_and_run(db: Database) -> None:
    ada, bob = account(db), account(db, "bob")
    model = repository(db, ada, "digits")
    yesterday, run = NOON - timedelta(days=1), new_id()
    record(
        db,
        entry(ada, "a", 1.0, repository_id=model, version=1),
        entry(ada, "b", 2.0, repository_id=model, version=2, at=yesterday, run_id=run),
        entry(ada, "c", 4.0),
        entry(bob, "d", 8.0),
    )
    assert [(line.day, line.quantity) for line in totals(db, ada, By.DAY)] == [
        (date(2026, 11, 20), 2.0),
        (date(2026, 11, 21), 5.0),
    ]
    assert {(line.repository, line.quantity) for line in totals(db, ada, By.REPOSITORY)} == {
        (None, 4.0),
        ("ada/digits", 3.0),
    }
    versions = {(line.repository, line.version): line.quantity for line in totals(db, ada, By.VERSION)}
    assert versions == {(None, None): 4.0, ("ada/digits", 1): 1.0, ("ada/digits", 2): 2.0}
    assert [(line.run, line.repository, line.quantity) for line in totals(db, ada, By.RUN)] == [
        (run, "ada/digits", 2.0)
    ]
    assert {(line.account, line.quantity) for line in totals(db, None, By.ACCOUNT)} == {("ada", 7.0), ("bob", 8.0)}
    today = {"since": date(2026, 11, 21), "until": date(2026, 11, 21)}
    assert by_kind(db, ada, **today) == {"cpu_seconds": 5.0}
    assert totals(db, ada, By.RUN, **today) == []


def test_of_many_runs_the_latest_are_shown_and_whole(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "RUN_RECORDS", 4)
    ada, runs = account(db), [new_id() for _ in range(3)]
    for number, run in enumerate(runs):
        at = NOON + timedelta(minutes=number)
        record(db, *(entry(ada, f"{number}:{n}", 1.0, run_id=run, at=at) for n in range(3)))
    with db.read() as session:
        shown = usage.totals(session, None, **ALL_DAYS, by=By.RUN)
    assert [(line.run, line.quantity) for line in shown.lines] == [(runs[2], 3.0), (runs[1], 3.0)]
    assert not shown.complete


def test_a_day_ends_at_midnight_utc(db: Database) -> None:
    ada = account(db)
    midnight = NOON.replace(hour=0)
    record(
        db, entry(ada, "before", 1.0, at=midnight - timedelta(microseconds=1)), entry(ada, "after", 2.0, at=midnight)
    )
    assert by_kind(db, ada, until=date(2026, 11, 20)) == {"cpu_seconds": 1.0}
    assert by_kind(db, ada, since=date(2026, 11, 21)) == {"cpu_seconds": 2.0}


def test_what_a_deleted_repository_used_stays_with_its_name(db: Database) -> None:
    ada = account(db)
    model, nameless = repository(db, ada, "digits"), repository(db, ada, "other")
    record(db, entry(ada, "a", 3.0, repository_id=model), entry(ada, "b", 4.0, repository_id=nameless))
    with db.write() as session:
        usage.keep_name(session, model, "ada/digits")
        for one in (model, nameless):
            repos.delete_rows(session, one)
    shown = {(line.repository, line.deleted, line.quantity) for line in totals(db, ada, By.REPOSITORY)}
    assert shown == {("ada/digits", True, 3.0), (None, True, 4.0)}
    with db.read() as session:
        page = usage.list_records(session, ada, **ALL_DAYS)
    assert {one.repository for one in page.items} == {"ada/digits", None}


def test_records_come_in_pages_the_latest_first(db: Database) -> None:
    ada, bob = account(db), account(db, "bob")
    record(db, *(entry(ada, f"s{n}", 1.0 + n, at=NOON - timedelta(minutes=n // 2)) for n in range(7)))
    record(db, entry(bob, "his"))
    seen, cursor = [], None
    with db.read() as session:
        while True:
            page = usage.list_records(session, ada, **ALL_DAYS, cursor=cursor, limit=3)
            seen += [one.source for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert sorted(seen) == [f"s{n}" for n in range(7)]
    assert [int(source[1:]) // 2 for source in seen] == [0, 0, 1, 1, 2, 2, 3]
    with db.read() as session:
        everybodys = usage.list_records(session, None, **ALL_DAYS).items
    assert {one.account for one in everybodys} == {"ada", "bob"}


def attempt(db: Database, account_id: UUID, run_id: UUID, number: int, *, cpu: float | None = 2.0) -> None:
    with db.write() as session:
        usage.record_attempt(
            session,
            account_id=account_id,
            repository_id=None,
            version=None,
            run_id=run_id,
            attempt=number,
            started_at=NOON,
            ended_at=NOON + timedelta(seconds=3),
            cpu_seconds=cpu,
            memory_gb_seconds=0.5,
            gpu_seconds=None,
        )


def test_every_attempt_counts_and_the_run_once(db: Database) -> None:
    ada, run = account(db), new_id()
    for number in (1, 2, 2, 1):
        attempt(db, ada, run, number)
    assert by_kind(db, ada) == {"cpu_seconds": 4.0, "memory_gb_seconds": 1.0, "runs": 1.0}
    with db.read() as session:
        found = usage.list_records(session, ada, **ALL_DAYS).items
    assert {one.source for one in found} == {f"run:{run}:1", f"run:{run}:2", f"run:{run}"}
    assert {(one.run, one.began_at) for one in found} == {(run, NOON)}


def test_what_the_engine_cannot_know_is_not_recorded(db: Database) -> None:
    ada = account(db)
    attempt(db, ada, new_id(), 1, cpu=None)
    assert by_kind(db, ada) == {"memory_gb_seconds": 0.5, "runs": 1.0}
