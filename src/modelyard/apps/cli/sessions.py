"""``modelyard login`` and ``logout``."""

import platform
from typing import Annotated

import typer

from modelyard.apps.cli import credentials
from modelyard.apps.cli.exits import CommandError, ExitCode, UsageError
from modelyard.apps.cli.options import AsJson
from modelyard.apps.cli.output import print_json, say
from modelyard.apps.cli.prompts import ask, read_line, read_secret
from modelyard_client import Client

DEFAULT_URL = "http://localhost:8080"
SCOPES = ["read", "write", "predict"]

Url = Annotated[
    str | None, typer.Argument(metavar="[URL]", help=f"The server; default the last one, or {DEFAULT_URL}.")
]


def login(
    url: Url = None,
    username: Annotated[str | None, typer.Option(help="Asked for when absent.")] = None,
    with_token: Annotated[
        bool, typer.Option("--with-token", help="Read an API token from standard input instead of a password.")
    ] = False,
    expires_in_days: Annotated[int, typer.Option(min=1, max=3650, help="How long the new token is good.")] = 365,
    as_json: AsJson = False,
) -> None:
    """Sign in: makes an API token and keeps it for the next commands."""
    server = (url or credentials.known_url() or DEFAULT_URL).rstrip("/")
    if not server.startswith(("http://", "https://")):
        raise UsageError(f"'{server}' is not an address.", remedy="Write it with http:// or https://.")
    token = read_line("token") if with_token else _new_token(server, username, expires_in_days)
    with Client(server, token=token) as client:
        account = client.get_session()["account"]
    if account is None:
        raise CommandError("The token stands for nobody.", code=ExitCode.NOT_SIGNED_IN)
    path = credentials.save_login(server, username=account["username"], token=token)
    say(f"Signed in to {server} as {account['username']}; the token is in {path}.")
    if as_json:
        print_json({"url": server, "username": account["username"], "role": account["role"]})


def logout(url: Url = None) -> None:
    """Forget the token of a server. Revoke it in the settings of the site to make it worthless everywhere."""
    server = (url or credentials.known_url() or DEFAULT_URL).rstrip("/")
    known = credentials.forget_login(server)
    say(f"Signed out of {server}." if known else f"Nobody was signed in to {server}.")


def _new_token(server: str, username: str | None, days: int) -> str:
    name = username or ask("User name: ")
    password = read_secret("password", f"Password of {name}: ")
    with Client(server) as client:
        made = client.create_token(
            name, password, name=f"command line on {platform.node()}"[:100], scopes=SCOPES, expires_in_days=days
        )
    return made["secret"]
