"""Runs in a worker: DuckDB, with nothing in reach but the files it is given.

A converted table is a DuckDB file with two tables: ``content`` (columns ``c0``, ``c1``, …, so that no name of a
stranger's is ever part of a statement) and ``columns`` (``position``, ``name``, ``type`` as ``ColumnType`` has it).
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import duckdb

MEMORY = "768MB"
PLAIN_TYPES = {
    "integer": {
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
        *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    },
    "number": {"FLOAT", "DOUBLE", "DECIMAL"},
    "boolean": {"BOOLEAN"},
    "date": {"DATE"},
    "time": {"TIME", "TIME_NS"},
    "datetime": {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"},
    "text": {"VARCHAR", "UUID", "ENUM"},
}
TYPE_OF = {name: kind for kind, names in PLAIN_TYPES.items() for name in names}
"""What DuckDB calls a type, without its parameters → what we call it; all others are ``other``."""


class Refused(Exception):
    """The request cannot be carried out, for a reason that is the asker's or the file's; ``answer`` says which."""

    def __init__(self, **answer: object) -> None:
        super().__init__(answer)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Column:
    """``place`` is its name in ``content``."""

    place: str
    name: str
    type: str


def create(target: Path | None, *, allowed: Path) -> duckdb.DuckDBPyConnection:
    """A new file for a converted table, or none but memory; of all other files only ``allowed`` can be read."""
    connection = duckdb.connect(target or ":memory:", config=_settings())
    connection.execute("SET allowed_paths = ?", [[str(allowed)]])
    _lock(connection)
    return connection


@lru_cache(maxsize=1)
def open_table(table: Path) -> duckdb.DuckDBPyConnection:
    """A converted table, to be read; no other file can be. A worker has one, which stays open."""
    connection = duckdb.connect(table, read_only=True, config=_settings())
    _lock(connection)
    return connection


def columns_of(connection: duckdb.DuckDBPyConnection) -> list[Column]:
    rows = connection.execute("SELECT position, name, type FROM columns ORDER BY position").fetchall()
    return [Column(f"c{position}", name, kind) for position, name, kind in rows]


def _settings() -> dict[str, str | bool | int | float | list[str]]:
    return {
        "threads": 1,
        "memory_limit": MEMORY,
        "temp_directory": "",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }


def _lock(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
