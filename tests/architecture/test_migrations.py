"""The migrations make just the tables that the rooms declare."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from modelyard.apps import migrate
from modelyard.apps.server import create_api
from modelyard.kit.db import Base, Database

HAND_MADE = ("search_index", "ix_search_texts_search_index")
"""The full-text index, which no room declares (migrations 0003 and 0004)."""
ACCOUNT, REPOSITORY, VERSION, RUN = (uuid4() for _ in range(4))


def test_they_make_what_is_declared(db: Database) -> None:
    def include(name: str | None, kind: str, _parents: Any) -> bool:
        return not (name and name.startswith(HAND_MADE))

    create_api()  # imports every room, and so its tables
    with db.engine.connect() as connection:
        options = {"compare_type": True, "include_name": include}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_what_was_there_stays(bare_database_url: str) -> None:
    """From the first release on, which had migrations up to 0003."""
    database = Database(bare_database_url)
    config = migrate.configuration()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
    rows = {
        "accounts": {"id": ACCOUNT, "username": "ada", "password_hash": "x", "role": "creator"},
        "repositories": {"id": REPOSITORY, "owner_id": ACCOUNT, "name": "r", "kind": "model", "visibility": "private"},
        "versions": {"id": VERSION, "repository_id": REPOSITORY, "number": 1, "state": "ready", "commit_id": "0" * 40},
        "runs": {"id": RUN, "repository_id": REPOSITORY, "version": 1, "purpose": "check", "state": "succeeded"},
    }
    _fill(database, rows)
    migrate.upgrade(bare_database_url)
    with database.engine.connect() as connection:
        counts = {name: connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) for name in rows}
        kept = connection.execute(sa.text("SELECT repository_id, place FROM runs")).one()
    database.close()
    assert counts == dict.fromkeys(rows, 1)
    assert (UUID(str(kept.repository_id)), kept.place) == (REPOSITORY, 0)


def _fill(database: Database, rows: dict[str, dict[str, Any]]) -> None:
    """Writes the rows; what they do not say, and must be, is made up by type."""
    tables = sa.MetaData()
    tables.reflect(database.engine, only=list(rows))
    with database.engine.begin() as connection:
        for name, values in rows.items():
            needed = [c for c in tables.tables[name].columns if not c.nullable and c.name not in values]
            made = {c.name: _something(c) for c in needed if c.server_default is None and c.computed is None}
            given = {key: value.hex if isinstance(value, UUID) else value for key, value in values.items()}
            connection.execute(tables.tables[name].insert().values(**made, **given))


def _something(column: sa.Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.DateTime):
        return datetime.now(UTC)
    if isinstance(kind, sa.Integer | sa.Float):
        return 0
    return [] if isinstance(kind, sa.JSON) else ""
