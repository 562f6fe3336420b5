"""``make demo``: from a pickle to predictions with a real model, then serve until Ctrl-C (``--once``: stop and report).

It does what a person would, through the same doors: the command line's client against a server of its own.
"""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from modelyard.apps.migrate import upgrade
from modelyard.apps.settings import Settings
from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.errors import UsernameTaken
from modelyard.rooms.accounts.schemas import Role, Scope
from modelyard_client import Client
from modelyard_client.answers import Version

ADMINISTRATOR = "demo"
REPOSITORY = "digits"
EXAMPLE = Path(__file__).parents[3] / "examples" / "digits"
ACCURACY_WANTED = 0.95
READY_WITHIN_S = 60
PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    answered: int
    total: int
    accuracy: float

    @property
    def good(self) -> bool:
        return self.answered == self.total and self.accuracy >= ACCURACY_WANTED


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--once", action="store_true", help="stop the server at the end; exit 0 if all went well")
    once = arguments.parse_args().once
    settings = Settings()
    token = _prepare_administrator(settings)
    server = _start_server(settings)
    try:
        _wait_until_up(settings, server)
        outcome = _show(settings, token)
        if once:
            return 0 if outcome.good else 1
        _say(f"\nOpen {settings.url}   (Ctrl-C stops the server)")
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(server)


def _prepare_administrator(settings: Settings) -> str:
    """The first administrator, with a random password that is shown once, and a token for this demo."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database, backups=settings.data_dir / "backups")
    database = Database(settings.database)
    password = secrets.token_urlsafe(15)
    try:
        with database.write() as session:
            try:
                accounts.create_account(session, username=ADMINISTRATOR, password=password, role=Role.ADMINISTRATOR)
                _say(f"Created the administrator '{ADMINISTRATOR}' with the password  {password}")
                _say("It is shown only now; change it in the settings.")
            except UsernameTaken:
                _say(f"The administrator '{ADMINISTRATOR}' is there already.")
            account = accounts.find_account(session, ADMINISTRATOR)
            assert account is not None
            token = accounts.create_token(
                session,
                account_id=account.id,
                name="demo",
                scopes=[Scope.READ, Scope.WRITE, Scope.PREDICT],
                lifetime=settings.upload_lifetime,
            )
            return token.secret
    finally:
        database.close()


def _start_server(settings: Settings) -> subprocess.Popen[bytes]:
    environment = os.environ | {"MODELYARD_DATA_DIR": str(settings.data_dir)}
    return subprocess.Popen([sys.executable, "-m", "modelyard.apps.cli", "up"], env=environment)


def _wait_until_up(settings: Settings, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"The server ended with exit code {server.returncode}; see its messages above.")
        try:
            if httpx.get(f"{_local(settings)}/healthz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit(f"The server did not answer within {READY_WITHIN_S} s.")


def _show(settings: Settings, token: str) -> Outcome:
    folder = settings.data_dir / "demo"
    if not (folder / "held_out.json").exists():
        _say("Training the digits model on scikit-learn's 1,437 images …")
        subprocess.run([sys.executable, str(EXAMPLE / "train.py"), str(folder)], check=True)
    with Client(_local(settings), token=token) as client:
        version = _push(client, folder)
        _deploy(client, version)
        return _predict(client, folder, version)


def _push(client: Client, folder: Path) -> Version:
    """The newest version of the same parts that is ready, else a new one with its stages as they happen."""
    address = f"{ADMINISTRATOR}/{REPOSITORY}"
    known = client.find_repository(address)
    if known is None:
        client.create_repository(address, visibility="public")
    for version in client.list_versions(address) if known else []:
        if version["state"] == "ready":
            _say(f"{address} v{version['number']} is ready already.")
            return version
    _say(f"Pushing {address}: source.zip + model.pkl + requirements.txt + config.json")
    version = client.push_parts(
        address,
        source=folder / "source.zip",
        artifact=folder / "model.pkl",
        requirements=folder / "requirements.txt",
        config=folder / "config.json",
    )
    began = time.monotonic()
    for event in client.follow_build(address, version["number"]):
        if event.name == "stage" and event.data["state"] != "running":
            _say(f"  {time.monotonic() - began:6.1f} s  {event.data['stage']:<9} {event.data['text']}")
        if event.name == "end":
            version = event.data
    if version["state"] != "ready":
        raise SystemExit(f"The build failed: {version['reason']} {version['remedy'] or ''}")
    return version


def _deploy(client: Client, version: Version) -> None:
    client.deploy(f"{ADMINISTRATOR}/{REPOSITORY}", version=version["number"])


def _predict(client: Client, folder: Path, version: Version) -> Outcome:
    held_out = json.loads((folder / "held_out.json").read_text())
    address = f"{ADMINISTRATOR}/{REPOSITORY}"
    first = client.predict(address, {"image": held_out["images"][0]})
    if first.cold_start is not None:
        _say(f"The first prediction waited {first.cold_start:.2f} s for the model to start.")
    began = time.monotonic()
    with ThreadPoolExecutor(PARALLEL) as threads:
        answers = list(threads.map(lambda image: _ask(client, address, image), held_out["images"]))
    seconds = time.monotonic() - began
    answered = [a for a in answers if a is not None]
    right = sum(a == label for a, label in zip(answers, held_out["labels"], strict=True))
    outcome = Outcome(len(answered), len(answers), right / len(answers))
    _say(f"Predictions  {outcome.answered} of {outcome.total} answered, accuracy {outcome.accuracy:.3f}")
    _say(f"Throughput   {len(answered) / seconds:.0f} predictions a second")
    if version["image"]:
        _say(f"Image        {version['image']['digest']}")
    return outcome


def _ask(client: Client, address: str, image: list[list[float]]) -> int | None:
    """The digit that the model thinks most probable; None where there was no answer."""
    try:
        probabilities = client.predict(address, {"image": image}).output
    except Exception as e:  # counted, so that the demo can say how many went wrong
        _say(f"  no answer: {e}")
        return None
    return int(max(probabilities, key=probabilities.get))


def _local(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.port}"


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
