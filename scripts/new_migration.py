"""Writes a migration for what changed in the tables: ``.venv/bin/python scripts/new_migration.py "message"``."""

import sys
import tempfile
from pathlib import Path

from alembic import command

from modelyard.apps import migrate
from modelyard.kit.db import Database


def main(message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/schema.sqlite"
        database = Database(url)
        config = migrate.configuration()
        with database.engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            number = len(list((Path(migrate.folder()) / "versions").glob("[0-9]*.py"))) + 1
            command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")
        database.close()


if __name__ == "__main__":
    main(sys.argv[1])
