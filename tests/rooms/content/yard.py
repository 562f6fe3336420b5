"""A server with uploads only: real accounts, a real database, a real folder of blobs, and a clock that tests move on.

As a program it serves on a free port, which it prints: ``python -m rooms.content.yard DATABASE_URL FOLDER [LIMIT]``.
"""

import socket
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.kit.http import check_policies, install_problem_handlers, provide
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import Account, Role, Scope
from modelyard.rooms.content import routes
from modelyard.rooms.content.ports import BlobStore, ContentOptions, StorageBounds
from modelyard.rooms.content.receiving import Receiver
from modelyard.rooms.content.uploads import UploadTools
from modelyard.rooms.usage.ports import UsageOptions
from modelyard.rooms.usage.quotas import StorageQuotas
from support.waiting import until

URL = "http://yard.test"
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}


class MovedClock:
    """The real time and what a test added; files have real times."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Yard:
    def __init__(self, database: Database, folder: Path, *, store: BlobStore | None = None, **options: object) -> None:
        self.database = database
        self.store = store or LocalBlobStore(folder)
        self.clock = MovedClock()
        self.receiver = Receiver()
        self.options = ContentOptions(**options)  # type: ignore[arg-type]
        self.tools = UploadTools(database, self.store, self.options, self.clock)
        self.app = FastAPI()
        install_problem_handlers(self.app)
        self.app.include_router(routes.router)
        for kind, part in (
            (Database, database),
            (BlobStore, self.store),
            (ContentOptions, self.options),
            (StorageBounds, StorageQuotas(database, UsageOptions(), clock=self.clock)),
            (Receiver, self.receiver),
            (AccountOptions, AccountOptions(public_url=URL)),
            (Clock, self.clock),
        ):
            provide(self.app, kind, part)  # type: ignore[arg-type]
        check_policies(self.app)

    def account(self, username: str = "ada", role: Role = Role.CREATOR) -> Account:
        with self.database.write() as session:
            found = accounts.find_account(session, username)
            return found or accounts.create_account(session, username=username, password=None, role=role)

    def token(self, username: str = "ada", role: Role = Role.CREATOR) -> str:
        account = self.account(username, role)
        with self.database.write() as session:
            made = accounts.create_token(
                session, account_id=account.id, name="t", scopes=[Scope.READ, Scope.WRITE], lifetime=None
            )
        return made.secret

    def headers(self, username: str = "ada", role: Role = Role.CREATOR) -> dict[str, str]:
        """Those of a client that speaks tus."""
        return TUS | {"Authorization": f"Bearer {self.token(username, role)}"}

    def client(self, username: str = "ada", role: Role = Role.CREATOR) -> TestClient:
        return TestClient(self.app, base_url=URL, headers=self.headers(username, role))

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serves on a real socket; yields the address of the uploads."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(self.app, log_level="warning", lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            until(lambda: server.started, what="uvicorn to start")
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1/uploads"
            finally:
                server.should_exit = True
                thread.join(20)


def metadata(**values: str) -> dict[str, str]:
    return {"Upload-Metadata": ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in values.items())}


def main(database_url: str, folder: str) -> None:
    yard = Yard(Database(database_url), Path(folder))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(yard.app, log_level="warning", lifespan="off")).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
