"""Real servers: `modelyard up` in a process of its own, on the embedded default or on PostgreSQL.

The first one of a run makes the base image and fetches the packages of the digits example; its stores are the template
of all others (hard links), so that each starts warm.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Role, Scope
from support import databases, ports, processes, session
from support.waiting import until

STORES = ("blobs", "cache")
ALL_SCOPES = [Scope.READ, Scope.WRITE, Scope.PREDICT, Scope.ADMIN]


@dataclass(frozen=True)
class Server:
    """A running server. ``token`` is an administrator's, with every scope."""

    url: str
    folder: Path
    database_url: str
    token: str
    pid: int
    environment: Mapping[str, str]

    def client(self, token: str | None = None, **options: Any) -> httpx.Client:
        """A client with the administrator's token, or another; an empty one for nobody.

        Nothing is verified: to read the machine's certificates costs more than most requests, and there is no TLS.
        """
        token = self.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=120, verify=False, **options)

    def account(self, role: Role = Role.CREATOR) -> tuple[str, str, str]:
        """A new account: user name, password, token with every scope its role may have."""
        username, password = f"u{secrets.token_hex(5)}", secrets.token_urlsafe(15)
        return username, password, make_account(self.database_url, username, password, role)


def shared(kind: str = "sqlite") -> Server:
    """The server that the whole run shares, on a database of this kind."""
    return _of(session.shared(f"server-{kind}", lambda folder: _start_shared(folder, kind)))


def start(folder: Path, database_url: str, **settings: str) -> Server:
    """Starts a server with its data in ``folder/d``; it is stopped with the run, or by ``stop``.

    ``settings`` are those of ``MODELYARD_…``, in lower case. Warm stores are linked in where there are some.
    """
    data = folder / "d"
    data.mkdir(mode=0o755, parents=True, exist_ok=True)
    link_stores(data)
    return _launch(folder, data, database_url, settings)


def restart(server: Server) -> Server:
    """Starts a server that was stopped or killed again, at the same address with the same data."""
    return _relaunch(server)


def launch_again(server: Server) -> processes.Record:
    """Starts a server that was killed, without waiting until it answers."""
    return _launch_process(server.folder, server.environment)


def stop(server: Server) -> None:
    processes.stop_recorded(server.folder)


def link_stores(data: Path) -> None:
    """Gives a data folder what a build of the digits example would fetch and assemble."""
    template = warm_stores()
    for name in STORES:
        if (template / name).is_dir() and not (data / name).exists():
            subprocess.run(["cp", "-al", template / name, data / name], check=True)


def warm_stores() -> Path:
    """A data folder's ``blobs`` and ``cache`` that hold what the digits example needs, to be copied or linked."""
    return Path(session.shared("warm-stores", _warm)["folder"])


def make_account(database_url: str, username: str, password: str, role: Role) -> str:
    """Adds an account and returns a token of it."""
    database = Database(database_url)
    try:
        with database.write() as opened:
            account = accounts.create_account(opened, username=username, password=password, role=role)
            scopes = ALL_SCOPES if role is Role.ADMINISTRATOR else ALL_SCOPES[:3]
            token = accounts.create_token(opened, account_id=account.id, name="test", scopes=scopes, lifetime=None)
            return token.secret
    finally:
        database.close()


def _start_shared(folder: Path, kind: str) -> dict[str, Any]:
    server = start(folder, databases.create(kind, folder))
    return server.__dict__ | {"folder": str(server.folder), "environment": dict(server.environment)}


def _of(facts: dict[str, Any]) -> Server:
    return Server(**facts | {"folder": Path(facts["folder"])})


def _launch(folder: Path, data: Path, database_url: str, settings: Mapping[str, str]) -> Server:
    port = ports.free_port()
    environment = {
        "MODELYARD_DATA_DIR": str(data),
        "MODELYARD_PORT": str(port),
        "MODELYARD_DATABASE_URL": database_url,
    } | {f"MODELYARD_{name.upper()}": value for name, value in settings.items()}
    pid = _run(folder, environment, port)
    token = make_account(database_url, f"root-{secrets.token_hex(3)}", secrets.token_urlsafe(15), Role.ADMINISTRATOR)
    return Server(f"http://127.0.0.1:{port}", folder, database_url, token, pid, environment)


def _relaunch(server: Server) -> Server:
    port = int(server.environment["MODELYARD_PORT"])
    pid = _run(server.folder, server.environment, port)
    return Server(**server.__dict__ | {"pid": pid})


def _run(folder: Path, environment: Mapping[str, str], port: int) -> int:
    record = _launch_process(folder, environment)
    until(lambda: _answers(port, record), seconds=180, what=f"the server, see {folder}/log")
    return record.pid


def _launch_process(folder: Path, environment: Mapping[str, str]) -> processes.Record:
    return processes.launch(folder, [sys.executable, "-m", "modelyard.apps.cli", "up"], env=environment)


def _answers(port: int, record: processes.Record) -> bool:
    assert record.alive(), "the server ended at its start"
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _warm(folder: Path) -> dict[str, Any]:
    """Builds the digits example once; what it fetched and assembled stays for all."""
    kept = os.environ.get("MODELYARD_TEST_STORES")
    if kept and (Path(kept) / "blobs").is_dir():
        return {"folder": kept}
    data = folder / "d"
    data.mkdir(mode=0o755)
    server = _launch(folder, data, databases.create("sqlite", folder), {})
    from support import digits

    digits.push(server, server.token)
    stop(server)
    if kept:
        subprocess.run(["cp", "-a", data, kept], check=True)
        return {"folder": kept}
    return {"folder": str(data)}
