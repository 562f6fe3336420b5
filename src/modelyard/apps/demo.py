"""``make demo``: from a pickle to predictions with a real model, then serve until Ctrl-C (``--once``: stop and report).

It does what a person would, through the same doors: the command line's client against a server of its own. The first
thing to go wrong ends it with one line; what the server has to say is in ``server.log`` of the data folder.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import httpx
import typer

from modelyard.apps import demo_steps as steps
from modelyard.apps.cli.exits import CommandError, ExitCode
from modelyard.apps.cli.machine import read_settings
from modelyard.apps.cli.program import run
from modelyard.apps.settings import Settings
from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.errors import UsernameTaken
from modelyard.rooms.accounts.schemas import CreatedToken, Principal, Role, Scope
from modelyard_client import Client

ADMINISTRATOR = "demo"
ADDRESS = f"{ADMINISTRATOR}/digits"
TOKEN_LIFETIME = timedelta(hours=6)
"""The demo's token is revoked at its end; this is for a demo that was killed."""
SCOPES = (Scope.READ, Scope.WRITE, Scope.PREDICT)
READY_WITHIN_S = 120
STOPPED_WITHIN_S = 30

app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None, add_completion=False)


@app.command(help=__doc__)
def demo(
    once: Annotated[bool, typer.Option(help="Stop at the end; exit 0 only if every prediction was good.")] = False,
) -> int:
    settings = read_settings()
    _refuse_taken_port(settings)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with _server(settings) as server:
        with _client(settings) as client:
            outcome = _show(client, settings)
        if not once:
            _wait_for_interrupt(server, settings)
        with _client(settings) as client:
            steps.stop_boxes(client, ADDRESS)
    return ExitCode.OK if outcome.good or not once else ExitCode.FAILED


def _show(client: Client, settings: Settings) -> steps.Outcome:
    folder = steps.train(settings.data_dir / "demo")
    version = steps.push(client, ADDRESS, folder)
    client.deploy(ADDRESS, version=version["number"])
    return steps.predict(client, ADDRESS, folder, version)


@contextmanager
def _server(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers; it is stopped at the end. Ctrl-C reaches only this process, which then stops it."""
    file = settings.data_dir / "server.log"
    steps.say(f"Starting the server on {settings.data_dir}; its log is {file}")
    with file.open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "modelyard.apps.cli", "up"],
            env=os.environ | {"MODELYARD_DATA_DIR": str(settings.data_dir)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_up(settings, server)
        yield server
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # it is stopping already
        _stop(server)


def _wait_until_up(settings: Settings, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise _ended(server, settings)
        try:
            if httpx.get(f"{_local(settings)}/healthz", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    log = settings.data_dir / "server.log"
    raise CommandError(f"The server did not answer within {READY_WITHIN_S} s.", remedy=f"See {log}.")


def _wait_for_interrupt(server: subprocess.Popen[bytes], settings: Settings) -> None:
    """Raises ``CommandError`` if the server ends by itself."""
    try:
        steps.say(f"\nOpen {settings.url} and sign in as '{ADMINISTRATOR}'. Ctrl-C stops the server.")
        server.wait()
    except KeyboardInterrupt:
        steps.say("\nStopping …")
        return
    raise _ended(server, settings)


def _ended(server: subprocess.Popen[bytes], settings: Settings) -> CommandError:
    file = settings.data_dir / "server.log"
    lines = file.read_text(errors="replace").splitlines() or [""]
    return CommandError(
        f"The server ended with exit code {server.returncode}: {lines[-1].removeprefix('error: ')}",
        remedy=f"Its log is {file}.",
    )


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextmanager
def _client(settings: Settings) -> Iterator[Client]:
    """A client of the demo's administrator, who is made if need be; its token is revoked at the end."""
    database = Database(settings.database)
    try:
        _create_administrator(database)
        token = _create_token(database)
        try:
            with Client(_local(settings), token=token.secret, http=httpx.HTTPTransport()) as client:
                yield client
        finally:
            with database.write() as session:
                account = accounts.require_account(session, ADMINISTRATOR)
                accounts.revoke_token(session, account_id=account.id, token_id=token.id, by=Principal())
    finally:
        database.close()


def _create_administrator(database: Database) -> None:
    """With a random password that is shown once."""
    password = secrets.token_urlsafe(15)
    try:
        with database.write() as session:
            accounts.create_account(session, username=ADMINISTRATOR, password=password, role=Role.ADMINISTRATOR)
    except UsernameTaken:
        return
    steps.say(f"\n  User name  {ADMINISTRATOR}\n  Password   {password}\n")
    steps.say("This administrator is new; the password is shown only now. Change it in the settings.")


def _create_token(database: Database) -> CreatedToken:
    with database.write() as session:
        account = accounts.require_account(session, ADMINISTRATOR)
        return accounts.create_token(
            session, account_id=account.id, name="make demo", scopes=SCOPES, lifetime=TOKEN_LIFETIME
        )


def _refuse_taken_port(settings: Settings) -> None:
    """Another server there would answer in place of ours."""
    try:
        httpx.get(_local(settings), timeout=2, trust_env=False)
    except httpx.ConnectError:
        return
    except httpx.TransportError:
        pass
    raise CommandError(
        f"Port {settings.port} is in use.",
        remedy=f"Stop what listens there, or choose another port: MODELYARD_PORT={settings.port + 1} make demo.",
    )


def _local(settings: Settings) -> str:
    """The server's own address here; what asks it leaves a proxy of the environment alone."""
    return f"http://127.0.0.1:{settings.port}"


if __name__ == "__main__":
    sys.exit(run(app))
