"""The migrations make just the tables that the rooms declare."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from modelyard.apps.server import create_api
from modelyard.kit.db import Base, Database

HAND_MADE = ("search_index", "ix_search_texts_search_index")
"""The full-text index, which no room declares (migrations 0003 and 0004)."""


def test_they_make_what_is_declared(db: Database) -> None:
    def include(name: str | None, kind: str, _parents: Any) -> bool:
        return not (name and name.startswith(HAND_MADE))

    create_api()  # imports every room, and so its tables
    with db.engine.connect() as connection:
        options = {"compare_type": True, "include_name": include}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
