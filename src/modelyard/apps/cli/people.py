"""``modelyard admin``: accounts in the site's database, whether or not its server runs."""

import sys
from typing import Annotated

import typer

from modelyard.apps.cli import machine
from modelyard.apps.cli.machine import DataDir
from modelyard.apps.cli.options import AsJson
from modelyard.apps.cli.output import print_json, results, say
from modelyard.apps.cli.program import run
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal, Role

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of making one.")
]

MACHINE = Principal()
"""Whoever may write to the database; the audit log has no name for them."""

app = machine.program("The server's machine.")
admin = typer.Typer(no_args_is_help=True, help="People of the site, in its database.")
app.add_typer(admin, name="admin")


@admin.command("create-user")
def create_user(
    username: str,
    role: Annotated[Role, typer.Option(help="What the account may do.")] = Role.CREATOR,
    display_name: Annotated[str, typer.Option(help="How others see it.")] = "",
    password_stdin: PasswordStdin = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Create an account. Its password is generated and written this once, unless it is given."""
    given = _read_password() if password_stdin else None
    with machine.opened_database(machine.read_settings(data_dir=data_dir)) as database, database.write() as session:
        made = accounts.create_account_for(
            session, username=username, password=given, role=role, by=MACHINE, display_name=display_name
        )
    _tell_password(username, made.password, f"Created {username} ({role}).", as_json=as_json)


@admin.command("reset-password")
def reset_password(
    username: str, password_stdin: PasswordStdin = False, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Give an account another password, written this once, and sign it out everywhere."""
    given = _read_password() if password_stdin else None
    with machine.opened_database(machine.read_settings(data_dir=data_dir)) as database, database.write() as session:
        password = accounts.reset_password(session, username, by=MACHINE, password=given)
    _tell_password(username, None if given else password, f"{username} has another password.", as_json=as_json)


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\n")


def _tell_password(username: str, password: str | None, news: str, *, as_json: bool) -> None:
    say(news)
    if as_json:
        print_json({"username": username, "password": password})
    elif password:
        say("The password is shown only now:")
        results.print(password)


if __name__ == "__main__":
    sys.exit(run(app))
