"""The database: one set of tables on SQLite and PostgreSQL. Dialect differences live here and nowhere else.

SQLite runs in WAL mode with ``synchronous=FULL`` and every write transaction begins with ``BEGIN IMMEDIATE``, so two
writers queue instead of failing or losing an update. A unit of work is one ``Database.write()`` or ``read()`` block.
"""

import json
import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

BUSY_TIMEOUT_S = 30
SERVER_PLACE = 0x6D6F64656C79  # any number that is ours alone among the database's advisory locks

log = logging.getLogger("modelyard.db")


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware UTC datetime on both databases; a naive value is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Root of all table classes. Constraint names are fixed so that migrations can name them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # Plain JSON on PostgreSQL too: JSONB would forget the order of keys, which is that of a signature's parameters.
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads a plain dict)
        datetime: UtcDateTime(),
        dict[str, Any]: sa.JSON(),
        list[str]: sa.JSON(),
        list[dict[str, Any]]: sa.JSON(),
        int: sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    }


class Database:
    """Opens sessions. Thread-safe; one per process."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.engine = _create_engine(self.url)
        self._writing = sessionmaker(self.engine, expire_on_commit=False)
        reading = self.engine.execution_options(read_only=True)
        self._reading = sessionmaker(reading, expire_on_commit=False)

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @property
    def file(self) -> Path | None:
        """Where a SQLite database lies; None for PostgreSQL and for one that is kept in memory."""
        name = self.url.database
        return Path(name) if self.dialect == "sqlite" and name and name != ":memory:" else None

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that is committed when the block ends, rolled back when it raises."""
        with self._writing() as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading only; on SQLite it takes no write lock. What it changes is rolled back."""
        with self._reading() as session:  # closing rolls back, and leaves what was read readable
            yield session

    def check_integrity(self) -> list[str]:
        """Faults found by the database's own check; empty when all is well."""
        with self.engine.connect() as connection:
            if self.dialect != "sqlite":
                connection.execute(sa.text("SELECT 1"))
                return []
            faults = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
            return faults + [f"foreign key: {tuple(r)}" for r in connection.exec_driver_sql("PRAGMA foreign_key_check")]

    def backup(self, target: Path) -> Path | None:
        """Copies a SQLite database, consistently, to ``target``; None on PostgreSQL, which has its own tools."""
        if self.dialect != "sqlite" or self.url.database is None or not Path(self.url.database).exists():
            return None
        partial = target.with_suffix(".partial")
        with sqlite3.connect(self.url.database) as source, sqlite3.connect(partial) as copy:
            source.backup(copy)
        copy.close()
        source.close()
        shutil.move(partial, target)
        return target

    def close(self) -> None:
        self.engine.dispose()


def after_commit(session: Session, call: Callable[[], None]) -> None:
    """Calls once the session's transaction is durable, never if it is rolled back; for starting work on what was
    written. A crash in between skips the call, and a call that fails is logged (what was written is acknowledged all
    the same): whoever uses it also sweeps, at start-up and now and again."""
    event.listen(session, "after_commit", lambda _: _call_logged(call), once=True)


def _call_logged(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        log.exception("what follows a commit failed; the sweep does it again")


def claim_for_server(connection: sa.Connection) -> bool:
    """Takes the database's one place for a server, which is free again when the connection ends, however that comes.

    False where another server has it. SQLite keeps no such place: there its file is locked (``Database.file``).
    """
    if connection.dialect.name != "postgresql":
        return True
    for setting in ("idle = 30", "interval = 10", "count = 3"):  # a machine that vanished is missed within a minute
        connection.exec_driver_sql(f"SET SESSION tcp_keepalives_{setting}")
    return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(SERVER_PLACE))))


def insert_or_ignore(session: Session, table: type[Base], values: dict[str, Any]) -> bool:
    """Inserts a row unless a unique constraint already holds one; says whether it was inserted."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(**values).on_conflict_do_nothing().returning(sa.literal(1))
    return session.execute(statement).first() is not None  # psycopg's row count is -1 here


def insert_new(
    session: Session, table: type[Base], rows: Sequence[dict[str, Any]], *, returning: Sequence[Any]
) -> Sequence[sa.Row[Any]]:
    """Inserts rows, but those that a unique constraint already holds, and returns these columns of the new ones.

    ``rows`` name columns, all the same ones, and may be many.
    """
    if not rows:
        return ()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(cast(sa.Table, table.__table__)).on_conflict_do_nothing().returning(*returning)
    return session.execute(statement, list(rows)).all()


def insert_or_add(session: Session, table: type[Base], rows: Sequence[dict[str, Any]], *, column: str) -> None:
    """Inserts rows, or adds their ``column`` to that of the row with the same primary key. None of ``rows`` share one;
    writers that do not give them in one order may wait for each other in vain."""
    if not rows:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    target = cast(sa.Table, table.__table__)
    statement = insert(target)
    added = {column: target.c[column] + statement.excluded[column]}
    session.execute(statement.on_conflict_do_update(index_elements=list(target.primary_key), set_=added), list(rows))


def lock_row(statement: sa.Select[Any]) -> sa.Select[Any]:
    """Locks the selected rows for this transaction (SQLite: the write lock is already held)."""
    return statement.with_for_update()


def lock_free_rows(statement: sa.Select[Any]) -> sa.Select[Any]:
    """Locks the selected rows for this transaction, and leaves out those that another one has locked."""
    return statement.with_for_update(skip_locked=True)


def storable_text(text: str) -> str:
    """The text as either database can keep it: NUL, which PostgreSQL refuses, and lone surrogates become U+FFFD."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def contains(column: Any, text: str) -> sa.ColumnElement[bool]:
    """Case-insensitive substring match with the wildcards of ``text`` taken literally."""
    return sa.func.lower(column).contains(text.lower(), autoescape=True)


def holds(session: Session, column: Any, text: str) -> sa.ColumnElement[bool]:
    """Whether the list of texts in a JSON column has this one, to the letter."""
    if session.get_bind().dialect.name == "postgresql":
        items: Any = sa.func.json_array_elements_text(column).column_valued("item")
    else:
        items = sa.func.json_each(column).table_valued("value").c.value
    return sa.exists().where(items == text)


def _create_engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        engine = sa.create_engine(url, pool_pre_ping=True, pool_size=20, max_overflow=50, json_serializer=_dump_json)
        event.listen(engine, "connect", _configure_postgresql)
        return engine
    engine = sa.create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        pool_size=20,
        max_overflow=80,
        json_serializer=_dump_json,
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _dump_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _configure_postgresql(connection: Any, _record: Any) -> None:
    """Our queries are short: to compile their plans takes longer than to run them."""
    connection.execute("SET jit = off")
    connection.commit()


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_S * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
