"""What a server takes for itself before it starts: data folder, port, database. All are let go when it ends."""

import contextlib
import fcntl
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from modelyard.kit.db import Database, claim_for_server
from modelyard.kit.errors import Conflict

PATIENCE_S = 10.0
"""How long PostgreSQL may take to notice that the server before has ended."""
GHOST_S = 120.0
"""How long it may take to notice that a connection which we lost has ended."""
RETRY_S = 0.1
LOOK_S = 5.0
CLOSE_S = 1.0

log = logging.getLogger("modelyard")


class DataDirInUse(Conflict):
    code = "data_dir_in_use"
    title = "Another server uses the data folder"


class DatabaseInUse(Conflict):
    code = "database_in_use"
    title = "Another server uses the database"


class PortTaken(Conflict):
    code = "port_taken"
    title = "The server cannot listen at its address"


def claim_data_dir(folder: Path) -> IO[str]:
    """Locks the data folder for as long as the returned file is open; raises ``DataDirInUse``.

    The lock is the kernel's, so it is gone with its process, however that ended.
    """
    if file := _locked(folder / "lock"):
        return file
    raise DataDirInUse(f"Another server uses {folder}.", remedy="Stop it, or choose another folder with --data-dir.")


@contextlib.contextmanager
def claim_database(url: str, *, patience: float = PATIENCE_S) -> Iterator[None]:
    """Keeps other servers off the database, whatever their data folder; raises ``DatabaseInUse``.

    On PostgreSQL the place is a connection's. One that breaks off is replaced; should another server have been quicker,
    this one ends itself (TERM), for two would undo each other's work.
    """
    database = Database(url)
    try:
        with _claim_file(database.file) if database.file else _claim_place(database, patience):
            yield
    finally:
        database.close()


def claim_port(host: str, port: int) -> socket.socket:
    """A socket that is bound but does not listen yet, so that callers are refused until the server is ready.

    Raises ``PortTaken``, also for a host that is not this machine's.
    """
    claimed = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        claimed.bind((host, port))
    except OSError as e:
        claimed.close()
        raise PortTaken(
            f"Cannot listen on {host}:{port}: {e.strerror}.", remedy="Choose another with --host and --port."
        ) from e
    return claimed


def _locked(path: Path) -> IO[str] | None:
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _claim_file(database: Path) -> IO[str]:
    """A lock file beside the database: SQLite takes and gives up its own locks on the file itself."""
    if file := _locked(database.with_name(f"{database.name}.lock")):
        return file
    raise _database_in_use()


@contextlib.contextmanager
def _claim_place(database: Database, patience: float) -> Iterator[None]:
    connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    if not _taken(connection, patience):
        connection.close()
        raise _database_in_use()
    over = threading.Event()
    keeper = threading.Thread(target=_keep_place, args=(connection, over), name="claim", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join(CLOSE_S)


def _taken(connection: sa.Connection, patience: float) -> bool:
    """Whether the connection has the place, or gets it in time; asking again for what it has does no harm."""
    deadline = time.monotonic() + patience
    while not claim_for_server(connection):
        if time.monotonic() > deadline:
            return False
        time.sleep(RETRY_S)
    return True


def _keep_place(connection: sa.Connection, over: threading.Event) -> None:
    """Takes the place again where the connection broke, until ``over``."""
    while not over.wait(LOOK_S):
        if not _is_kept(connection):
            log.critical("another server has taken the database; this one ends")
            os.kill(os.getpid(), signal.SIGTERM)
            break
    connection.close()


def _is_kept(connection: sa.Connection) -> bool:
    """Whether nobody else has the place; nobody has it while the database is away."""
    try:
        return _taken(connection, GHOST_S)
    except DBAPIError:
        connection.rollback()  # it connects again the next time
        return True


def _database_in_use() -> DatabaseInUse:
    return DatabaseInUse(
        "Another server uses the database.",
        remedy="Stop it, or give this one a database of its own with MODELYARD_DATABASE_URL.",
    )
