"""Alembic's environment: the connection comes from ``apps.migrate``, the tables from every room."""

import importlib
import importlib.util
import pkgutil
from typing import Any, Literal

from alembic import context

import modelyard.rooms
from modelyard.kit.db import Base, UtcDateTime

for room in pkgutil.iter_modules(modelyard.rooms.__path__):
    name = f"modelyard.rooms.{room.name}.tables"
    if importlib.util.find_spec(name):
        importlib.import_module(name)


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Writes our own column types by the names that migrations import."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    return False


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """The full-text index of SQLite is a table with tables of its own, which no room declares (migration 0003)."""
    return not (kind == "table" and name is not None and name.startswith("search_index"))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    transaction_per_migration=True,
    compare_type=True,
    render_item=render_item,
    include_name=include_name,
)
with context.begin_transaction():
    context.run_migrations()
if connection.in_transaction():
    connection.commit()
