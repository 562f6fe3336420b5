"""What the commands of the server's own machine share: its settings and its database.

``starting``, ``examining``, ``people`` and ``bases`` are programs of their own (``python -m``), because they import the
server's code, which takes long. Settings come from the environment, ``MODELYARD_…``; options win.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from modelyard.apps.cli.exits import CommandError, ExitCode
from modelyard.apps.migrate import upgrade
from modelyard.apps.settings import Settings
from modelyard.kit.db import Database

DataDir = Annotated[Path | None, typer.Option(help="The server's data folder; default MODELYARD_DATA_DIR.")]


def program(text: str) -> typer.Typer:
    """A program with subcommands."""
    made = typer.Typer(
        help=text, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, add_completion=False
    )
    made.callback()(lambda: None)  # so that a single command is still called by its name
    return made


def read_settings(**given: object) -> Settings:
    """The environment's settings, with those options that were given. Makes the data folder."""
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as e:
        first = e.errors()[0]
        name = f"MODELYARD_{first['loc'][0]}".upper() if first["loc"] else "The settings"
        raise CommandError(f"{name}: {first['msg']}.", remedy="Correct it.", code=ExitCode.USAGE) from e
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings


@contextmanager
def opened_database(settings: Settings) -> Iterator[Database]:
    """The site's database, brought to the present schema."""
    with database_answers():
        upgrade(settings.database, backups=settings.data_dir / "backups")
        database = Database(settings.database)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def database_answers() -> Iterator[None]:
    """Turns a database that does not answer into the end of the command."""
    try:
        yield
    except OperationalError as e:
        raise CommandError(f"The database does not answer: {e.orig}.", remedy="Check MODELYARD_DATABASE_URL.") from e
