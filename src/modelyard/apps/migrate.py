"""Bringing a database to the present schema (Alembic). A SQLite file is copied first."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

import modelyard.migrations
from modelyard.kit.db import Database
from modelyard.kit.errors import Conflict

BACKUPS_KEPT = 5


class DatabaseNewer(Conflict):
    code = "database_newer"
    title = "The database is of a later release"


def upgrade(url: str, *, backups: Path | None = None) -> str | None:
    """Runs what is missing of the migrations; returns the backup's path, if one was made.

    With ``backups`` a SQLite file that has tables already is copied there before anything is changed. Raises
    ``DatabaseNewer``.
    """
    database = Database(url)
    try:
        now, newest = _revision(database), _script().get_current_head()
        if now == newest:
            return None
        _require_known(now)
        backup = _back_up(database, backups) if backups and now else None
        config = configuration()
        with database.engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return str(backup) if backup else None
    finally:
        database.close()


def folder() -> Path:
    """Where the migrations lie."""
    return Path(modelyard.migrations.__file__).parent


def configuration() -> Config:
    """Alembic's configuration; whoever runs a command with it sets ``attributes["connection"]``."""
    config = Config()
    config.set_main_option("script_location", str(folder()))
    return config


def _revision(database: Database) -> str | None:
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _require_known(revision: str | None) -> None:
    if revision is None:
        return
    try:
        _script().get_revision(revision)
    except CommandError as e:
        raise DatabaseNewer(
            f"The database is of a later release (schema {revision}).",
            remedy="Start that release, or restore the backup that was made before the upgrade.",
        ) from e


def _back_up(database: Database, folder: Path) -> Path | None:
    folder.mkdir(parents=True, exist_ok=True)
    copy = database.backup(folder / f"before-upgrade-{datetime.now(UTC):%Y%m%dT%H%M%S}.sqlite")
    for old in sorted(folder.glob("before-upgrade-*.sqlite"))[:-BACKUPS_KEPT]:
        old.unlink()
    return copy


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration())
