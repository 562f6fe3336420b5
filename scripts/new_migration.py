"""Writes a migration for what changed in the tables: ``.venv/bin/python scripts/new_migration.py "message"``.

It takes the first number that is free, and builds on the migrations before that; later ones stay as they are. (So one
that is not released yet can be deleted and written anew.)
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command

from modelyard.apps import migrate
from modelyard.kit.db import Database


def main(message: str) -> None:
    versions = migrate.folder() / "versions"
    taken = {int(file.name[:4]): file for file in versions.glob("[0-9][0-9][0-9][0-9]_*.py")}
    number = next(n for n in range(1, len(taken) + 2) if n not in taken)
    later = [file for n, file in taken.items() if n > number]
    with tempfile.TemporaryDirectory() as folder, _put_aside(later, Path(folder)):
        _write(message, f"{number:04d}", f"sqlite:///{folder}/schema.sqlite")


def _write(message: str, revision: str, url: str) -> None:
    database = Database(url)
    config = migrate.configuration()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        command.revision(config, message=message, autogenerate=True, rev_id=revision)
    database.close()


@contextmanager
def _put_aside(files: list[Path], folder: Path) -> Iterator[None]:
    for file in files:
        shutil.move(file, folder / file.name)
    try:
        yield
    finally:
        for file in files:
            shutil.move(folder / file.name, file)


if __name__ == "__main__":
    main(sys.argv[1])
