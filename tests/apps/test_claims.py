"""What a server takes for itself: nobody else gets it until it ends, also when its connection breaks meanwhile."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from modelyard.apps import claims
from modelyard.apps.claims import DatabaseInUse, claim_database
from modelyard.kit.db import SERVER_PLACE, Database
from support import databases
from support.waiting import until

HOLDERS = "FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = :name)"


def test_a_database_has_one_server_at_a_time(bare_database_url: str) -> None:
    second = claim_database(bare_database_url, patience=0.2)
    with claim_database(bare_database_url), pytest.raises(DatabaseInUse, match="Another server"), second:
        pass
    with claim_database(bare_database_url, patience=0.2):
        pass


def test_two_databases_have_two_servers(bare_database_url: str, tmp_path: Path) -> None:
    with claim_database(bare_database_url), claim_database(databases.create_bare("postgresql", tmp_path)):
        pass


def test_whoever_comes_next_waits_for_the_one_that_is_ending(postgres: Database) -> None:
    url = postgres.url.render_as_string(hide_password=False)
    held = claim_database(url)
    held.__enter__()
    threading.Timer(0.3, lambda: held.__exit__(None, None, None)).start()
    with claim_database(url):
        pass


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Database]:
    database = Database(databases.create_bare("postgresql", tmp_path))
    yield database
    database.close()


def _holders(database: Database) -> list[int]:
    with database.engine.connect() as connection:
        query = sa.text(f"SELECT pid {HOLDERS} AND objid = :low")
        values = {"name": database.url.database, "low": SERVER_PLACE & 0xFFFFFFFF}
        return list(connection.execute(query, values).scalars())


def _cut(database: Database, pid: int) -> None:
    with database.engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


def test_a_connection_that_breaks_is_replaced(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LOOK_S", 0.05)
    url = postgres.url.render_as_string(hide_password=False)
    with claim_database(url):
        (before,) = _holders(postgres)
        _cut(postgres, before)
        until(lambda: _holders(postgres) not in ([], [before]), what="the claim by a new connection")
        with pytest.raises(DatabaseInUse), claim_database(url, patience=0.2):
            pass
    until(lambda: not _holders(postgres), what="the end of the claim")


def test_a_server_that_lost_its_database_to_another_ends(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LOOK_S", 0.5)
    monkeypatch.setattr(claims, "GHOST_S", 0.1)
    ended: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *to: ended.append(to))
    with claim_database(postgres.url.render_as_string(hide_password=False)), postgres.engine.connect() as other:

        def taken_over() -> bool:
            for pid in _holders(postgres):
                _cut(postgres, pid)
            return bool(other.scalar(sa.select(sa.func.pg_try_advisory_lock(SERVER_PLACE))))

        until(taken_over, what="the other's claim")
        until(lambda: ended == [(os.getpid(), signal.SIGTERM)], what="the end of the first")
