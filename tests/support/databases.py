"""A fresh database per test: a copy of one that was migrated once per run."""

import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from modelyard.apps import migrate
from support import postgres, session

KINDS = ("sqlite", "postgresql")
TEMPLATE = "modelyard_template"


def create(kind: str, folder: Path) -> str:
    """URL of a migrated, empty database of this kind; on SQLite a file in ``folder``."""
    if kind == "postgresql":
        session.shared("pg-template", _make_postgres_template)
        return _create_postgres(TEMPLATE)
    template = session.shared("sqlite-template", _make_sqlite_template)["file"]
    return f"sqlite:///{shutil.copyfile(template, folder / 'modelyard.db')}"


def create_bare(kind: str, folder: Path) -> str:
    """URL of a database without any table."""
    return _create_postgres("template1") if kind == "postgresql" else f"sqlite:///{folder / 'bare.db'}"


def drop(url: str) -> None:
    """Removes a PostgreSQL database with its connections; a SQLite file goes with its folder."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "postgresql":
        _execute(f'DROP DATABASE IF EXISTS "{parsed.database}" WITH (FORCE)')


def _create_postgres(template: str) -> str:
    name = f"t_{uuid4().hex}"
    _execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return postgres.url(name)


def _make_postgres_template(_folder: Path) -> dict[str, Any]:
    _execute(f'CREATE DATABASE "{TEMPLATE}"')
    migrate.upgrade(postgres.url(TEMPLATE))
    return {"database": TEMPLATE}


def _make_sqlite_template(folder: Path) -> dict[str, Any]:
    file = folder / "template.db"
    migrate.upgrade(f"sqlite:///{file}")
    return {"file": str(file)}


def _execute(statement: str) -> None:
    engine = sa.create_engine(postgres.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
