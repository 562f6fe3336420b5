"""What an operator does on the server's machine: ``up``, ``doctor``, ``scrub``, ``admin``.

Runs in a process of its own (``python -m modelyard.apps.cli.local``), because the server's code takes long to import.
Settings come from the environment, ``MODELYARD_…``; ``--data-dir`` wins.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from modelyard.apps.cli.exits import CommandError, ExitCode
from modelyard.apps.cli.options import AsJson
from modelyard.apps.cli.output import print_json, results, say, size_of
from modelyard.apps.cli.program import run
from modelyard.apps.doctor import Diagnosis, diagnose
from modelyard.apps.migrate import upgrade
from modelyard.apps.server import serve
from modelyard.apps.settings import Settings
from modelyard.apps.wiring import make_engine, make_store
from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Role
from modelyard.rooms.content import tasks as content
from modelyard.rooms.content.schemas import DamagedBlob

MARKS = {"ok": "✓", "notice": "·", "warning": "!"}

DataDir = Annotated[Path | None, typer.Option(help="The server's data folder; default MODELYARD_DATA_DIR.")]

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, add_completion=False)
admin = typer.Typer(no_args_is_help=True, help="People of the site, in its database; the server may run or not.")
app.add_typer(admin, name="admin")


@app.command()
def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default MODELYARD_HOST or 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Default MODELYARD_PORT or 8080.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Start the server. Migrates the database first, after a backup. Ctrl-C or TERM stops it."""
    settings = _settings(host=host, port=port, data_dir=data_dir)
    say(f"Modelyard at {settings.url}; data in {settings.data_dir}. Ctrl-C stops it.")
    serve(settings)


@app.command()
def doctor(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say what this machine can isolate, and what follows. Ends with 1 when something needs attention."""
    settings = _settings(data_dir=data_dir)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    # An engine of its own, on the same disk: that of a server that runs must not be disturbed.
    scratch = Path(tempfile.mkdtemp(dir=settings.data_dir, prefix="d"))
    try:
        engine = make_engine(settings.model_copy(update={"data_dir": scratch}), make_store(settings))
        found = diagnose(engine)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if as_json:
        print_json(found.model_dump())
    else:
        _show_diagnosis(found)
    if any(finding.level == "warning" for finding in found.findings):
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def scrub(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Read every stored blob back. Damaged ones are never served as good; ends with 1 when there is one."""
    settings = _settings(data_dir=data_dir)
    with _database(settings) as database:
        report = content.scrub(database, make_store(settings))
    damaged = [_present(blob) for blob in report.damaged]
    if as_json:
        print_json({"checked": report.checked, "bytes": report.size, "damaged": damaged})
    else:
        results.print(f"Read {report.checked} blobs, {size_of(report.size)}; {len(damaged)} damaged.")
        for blob in damaged:
            results.print(f"{blob['digest']}  {', '.join(blob['held_by'])}")
    if damaged:
        remedy = "Restore the blobs from a backup, or push again what held them."
        raise CommandError(f"{len(damaged)} blobs are damaged.", remedy=remedy)


@admin.command("create-user")
def create_user(
    username: str,
    role: Annotated[Role, typer.Option(help="What the account may do.")] = Role.CREATOR,
    display_name: Annotated[str, typer.Option(help="How others see it.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it instead of making one.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create an account. Its password is generated and written this once, unless it is given."""
    given = _read_password() if password_stdin else None
    with _database(_settings(data_dir=data_dir)) as database, database.write() as session:
        made = accounts.create_account_for(
            session, username=username, password=given, role=role, display_name=display_name
        )
    _tell_password(username, made.password, f"Created {username} ({role}).", as_json=as_json)


@admin.command("reset-password")
def reset_password(
    username: str,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it instead of making one.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give an account another password, written this once, and sign it out everywhere."""
    given = _read_password() if password_stdin else None
    with _database(_settings(data_dir=data_dir)) as database, database.write() as session:
        password = accounts.reset_password(session, username, password=given)
    _tell_password(username, None if given else password, f"{username} has another password.", as_json=as_json)


def _settings(**given: object) -> Settings:
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as e:
        first = e.errors()[0]
        name = f"MODELYARD_{first['loc'][0]}".upper() if first["loc"] else "The settings"
        raise CommandError(f"{name}: {first['msg']}.", remedy="Correct it.", code=ExitCode.USAGE) from e


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    """The site's database, at the present schema."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        upgrade(settings.database, backups=settings.data_dir / "backups")
        yield database
    except OperationalError as e:
        raise CommandError(f"The database does not answer: {e.orig}.", remedy="Check MODELYARD_DATABASE_URL.") from e
    finally:
        database.close()


def _present(blob: DamagedBlob) -> dict[str, Any]:
    held_by = [f"{why} of {holder}" for holder, why in blob.holders]
    return {"digest": blob.digest, "size": blob.size, "held_by": held_by}


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\n")


def _tell_password(username: str, password: str | None, news: str, *, as_json: bool) -> None:
    say(news)
    if as_json:
        print_json({"username": username, "password": password})
    elif password:
        say("The password is shown only now:")
        results.print(password)


def _show_diagnosis(found: Diagnosis) -> None:
    results.print(f"Engine {found.engine}, isolation level {found.isolation}")
    for finding in found.findings:
        results.print(f"{MARKS.get(finding.level, '·')} {finding.what}")
        for line in (finding.why, finding.remedy):
            if line:
                results.print(f"    {line}")


if __name__ == "__main__":
    sys.exit(run(app))
