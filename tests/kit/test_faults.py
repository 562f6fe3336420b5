"""Failures of the machine, as the libraries really report them."""

import errno
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from modelyard.kit.db import Database
from modelyard.kit.errors import ModelyardError, StorageFull, Unavailable
from modelyard.kit.faults import fault_of


def test_disk_that_is_full_is_storage_full() -> None:
    assert isinstance(fault_of(OSError(errno.ENOSPC, "No space left on device")), StorageFull)
    assert isinstance(fault_of(OSError(errno.EDQUOT, "Disk quota exceeded")), StorageFull)


def test_sqlite_without_room_is_storage_full(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'small.db'}")
    with database.write() as session:
        session.execute(sa.text("CREATE TABLE t (x BLOB)"))
    with pytest.raises(sa.exc.OperationalError) as raised, database.write() as session:
        session.execute(sa.text("PRAGMA max_page_count = 4"))
        session.execute(sa.text("INSERT INTO t VALUES (zeroblob(100000))"))
    database.close()
    assert isinstance(fault_of(raised.value), StorageFull)


def test_database_that_does_not_answer_is_unavailable() -> None:
    engine = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2")
    with pytest.raises(sa.exc.OperationalError) as raised:
        engine.connect()
    assert isinstance(fault_of(raised.value), Unavailable)


def test_cause_is_found_behind_other_errors() -> None:
    outer = RuntimeError("the archive cannot be written")
    outer.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert isinstance(fault_of(outer), StorageFull)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("broken"),
        OSError(errno.EACCES, "Permission denied"),
        sa.exc.IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE constraint failed")),
    ],
)
def test_mistakes_are_no_faults(error: Exception) -> None:
    assert fault_of(error) is None


def test_errors_that_refer_to_each_other_end_the_search() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert fault_of(first) is None


def test_every_fault_says_what_to_do() -> None:
    for error in (OSError(errno.ENOSPC, ""), sa.exc.OperationalError("", {}, Exception("gone"))):
        fault = fault_of(error)
        assert isinstance(fault, ModelyardError)
        assert fault.detail
        assert fault.remedy
