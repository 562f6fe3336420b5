"""The database on both kinds: units of work, no lost update, after-commit, types."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit.db import Database, after_commit, contains, insert_or_ignore
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts.tables import AccountRow, SiteSettingRow

NOW = datetime(2026, 11, 21, 8, 17, tzinfo=UTC)


def setting(name: str, value: int = 0) -> SiteSettingRow:
    return SiteSettingRow(name=name, value={"count": value}, changed_at=NOW)


def test_a_write_is_there_after_its_block(db: Database) -> None:
    with db.write() as session:
        session.add(setting("a"))
    with db.read() as session:
        assert session.get(SiteSettingRow, "a") is not None


def test_a_write_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(KeyError), db.write() as session:
        session.add(setting("a"))
        session.flush()
        raise KeyError
    with db.read() as session:
        assert session.get(SiteSettingRow, "a") is None


def test_what_was_read_stays_readable_after_its_block(db: Database) -> None:
    with db.write() as session:
        session.add(setting("a", 7))
    with db.read() as session:
        row = session.get(SiteSettingRow, "a")
    assert row is not None
    assert row.value == {"count": 7}


def test_concurrent_increments_are_all_counted(db: Database) -> None:
    with db.write() as session:
        session.add(setting("counter"))

    def increment() -> None:
        for _ in range(10):
            with db.write() as session:
                query = sa.select(SiteSettingRow).where(SiteSettingRow.name == "counter").with_for_update()
                row = session.scalars(query).one()
                row.value = {"count": row.value["count"] + 1}

    threads = [threading.Thread(target=increment) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as session:
        assert session.get_one(SiteSettingRow, "counter").value == {"count": 80}


def test_after_commit_runs_once_the_rows_are_there(db: Database) -> None:
    seen: list[bool] = []

    def look() -> None:
        with db.read() as other:
            seen.append(other.get(SiteSettingRow, "a") is not None)

    with db.write() as session:
        session.add(setting("a"))
        after_commit(session, look)
        assert seen == []
    assert seen == [True]


def test_after_commit_is_skipped_by_a_rollback(db: Database) -> None:
    called: list[int] = []
    with pytest.raises(KeyError), db.write() as session:
        after_commit(session, lambda: called.append(1))
        session.add(setting("a"))
        raise KeyError
    assert called == []


def test_insert_or_ignore_says_which(db: Database) -> None:
    values = {"name": "a", "value": {"count": 1}, "changed_at": NOW}
    with db.write() as session:
        assert insert_or_ignore(session, SiteSettingRow, values)
        assert not insert_or_ignore(session, SiteSettingRow, values | {"value": {"count": 2}})
    with db.read() as session:
        assert session.get_one(SiteSettingRow, "a").value == {"count": 1}


def test_times_come_back_in_utc(db: Database) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))
    with db.write() as session:
        session.add(SiteSettingRow(name="a", value={}, changed_at=elsewhere))
    with db.read() as session:
        stored = session.get_one(SiteSettingRow, "a").changed_at
    assert stored == NOW
    assert stored.utcoffset() == timedelta(0)


def test_a_naive_time_is_refused(db: Database) -> None:
    with pytest.raises(sa.exc.StatementError, match="naive"), db.write() as session:
        session.add(SiteSettingRow(name="a", value={}, changed_at=datetime(2026, 1, 1)))


@pytest.mark.parametrize(
    ("text", "found"), [("100%", ["100%_x"]), ("_X", ["100%_x"]), ("ab", ["ABC"]), ("%", ["100%_x"])]
)
def test_contains_takes_wildcards_literally(db: Database, text: str, found: list[str]) -> None:
    with db.write() as session:
        session.add_all([setting("100%_x"), setting("ABC"), setting("other")])
    with db.read() as session:
        query = sa.select(SiteSettingRow.name).where(contains(SiteSettingRow.name, text))
        assert list(session.scalars(query)) == found


def test_foreign_keys_are_enforced(db: Database) -> None:
    def orphan(session: Session) -> None:
        session.execute(
            sa.text(
                "INSERT INTO sessions (id, account_id, secret_hash, created_at, expires_at) "
                "VALUES (:id, :account, 'x', :now, :now)"
            ).bindparams(
                sa.bindparam("id", new_id(), type_=sa.Uuid()),
                sa.bindparam("account", new_id(), type_=sa.Uuid()),
                sa.bindparam("now", NOW, type_=AccountRow.created_at.type),
            )
        )

    with pytest.raises(sa.exc.IntegrityError), db.write() as session:
        orphan(session)


def test_a_backup_is_a_whole_database(db: Database, tmp_path: Path) -> None:
    with db.write() as session:
        session.add(setting("a"))
    copy = db.backup(tmp_path / "copy.sqlite")
    if db.dialect != "sqlite":
        assert copy is None
        return
    assert copy is not None
    again = Database(f"sqlite:///{copy}")
    with again.read() as session:
        assert session.get(SiteSettingRow, "a") is not None
    assert again.check_integrity() == []
    again.close()


def test_sqlite_is_durable_and_writes_begin_at_once(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    begun: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *args: begun.append(args[2]))
    with database.write() as session:
        session.execute(sa.text("SELECT 1"))
    with database.read() as session:
        session.execute(sa.text("SELECT 1"))
    assert begun == ["BEGIN IMMEDIATE", "SELECT 1", "BEGIN", "SELECT 1"]
    database.close()
