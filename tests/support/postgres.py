"""A private PostgreSQL: own data folder, Unix socket only, no durability (it lives as long as the test run)."""

import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

from support import processes, session
from support.programs import need_postgres
from support.waiting import until

USER = "modelyard"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "500",
    "shared_buffers": "64MB",
}


def url(database: str = "postgres") -> str:
    """SQLAlchemy URL of a database on this run's PostgreSQL, which is started when it does not run yet."""
    folder = session.shared("pg", _start)["folder"]
    return f"postgresql+psycopg://{USER}@/{database}?host={folder}"


def start_own(folder: Path) -> str:
    """URL of a database on a PostgreSQL of its own in ``folder``, which is made or, after a stop, started again."""
    return f"postgresql+psycopg://{USER}@/postgres?host={_start(folder)['folder']}"


def _start(folder: Path) -> dict[str, Any]:
    initdb, server, ready = (need_postgres(name) for name in ("initdb", "postgres", "pg_isready"))
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None  # it refuses to run as root
    identity: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid} if account else {}
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"
    options = ["-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    if not data.exists():
        subprocess.run([initdb, "-D", data, *options], check=True, capture_output=True, cwd=folder, **identity)
    settings = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
    processes.launch(folder, [server, "-D", str(data), "-k", str(folder), *settings], **identity)
    until(lambda: subprocess.run([ready, "-q", "-h", folder], check=False).returncode == 0, what="PostgreSQL")
    return {"folder": str(folder)}
