"""What a server finds when it starts: a folder in use, a taken port, a later database, work of another day."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from faults import adder
from modelyard.kit.db import Database
from modelyard_client import Client
from support import databases, processes, server, session
from support.waiting import until


@pytest.fixture
def own_folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder with a short path (sockets live in it), whose server ends with the test."""
    folder = session.new_folder("f")
    yield folder
    processes.stop_recorded(folder)


@pytest.fixture(params=databases.KINDS)
def own_server(request: pytest.FixtureRequest, own_folder: Path) -> server.Server:
    return server.start(own_folder, databases.create(request.param, own_folder))


def _up(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "modelyard.apps.cli", "up", *options]
    return subprocess.run(argv, env=os.environ | environment, capture_output=True, text=True, timeout=240, check=False)


def _refused(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line in which a start was refused."""
    assert ended.returncode == 1, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("Modelyard at ")]
    assert len(lines) == 1, ended.stderr
    return lines[0]


def test_second_server_on_the_same_folder_is_refused(own_server: server.Server) -> None:
    said = _refused(_up(dict(own_server.environment), "--port", "0"))
    assert "Another server uses" in said
    assert own_server.client("").get("/healthz").status_code == 200


def test_second_server_on_the_same_database_is_refused(own_server: server.Server, tmp_path: Path) -> None:
    environment = dict(own_server.environment) | {"MODELYARD_DATA_DIR": str(tmp_path / "another")}
    said = _refused(_up(environment, "--port", "0"))
    assert "Another server uses the database" in said
    assert "MODELYARD_DATABASE_URL" in said
    assert own_server.client("").get("/healthz").status_code == 200


def test_taken_port_is_said_in_one_line(own_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = _refused(_up({"MODELYARD_DATA_DIR": str(own_folder / "d")}, "--port", str(port)))
    assert f"Cannot listen on 127.0.0.1:{port}" in said
    assert "--port" in said


@pytest.mark.parametrize("kind", databases.KINDS)
def test_database_of_a_later_release_is_refused_and_left_alone(own_folder: Path, kind: str) -> None:
    url = databases.create(kind, own_folder)
    database = Database(url)
    with database.write() as opened:
        opened.execute(sa.text("UPDATE alembic_version SET version_num = '9999_later'"))
    database.close()
    said = _refused(_up({"MODELYARD_DATA_DIR": str(own_folder / "d"), "MODELYARD_DATABASE_URL": url}, "--port", "0"))
    assert "later release (schema 9999_later)" in said
    assert not (own_folder / "d" / "backups").exists()


def test_database_that_does_not_answer_is_said_in_one_line(own_folder: Path) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2"
    said = _refused(_up({"MODELYARD_DATA_DIR": str(own_folder / "d"), "MODELYARD_DATABASE_URL": url}, "--port", "0"))
    assert "does not answer" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_during_a_build_it_ends_soon_and_continues_later(own_folder: Path, number: signal.Signals) -> None:
    running = server.start(own_folder, databases.create("sqlite", own_folder))
    with Client(running.url, token=running.token) as client:
        version = adder.push(client, _address(client), load_seconds=8)
        _wait_for_stage(client, version["number"], "check")
        record = processes.note(running.pid)
        os.kill(running.pid, number)
        until(lambda: not record.alive(), seconds=12, what="the end of the server")
        server.restart(running)
        ended = adder.follow(client, _address(client), version["number"])
        assert ended["state"] == "ready", ended


def test_work_of_another_release_or_machine_is_taken_up(own_server: server.Server) -> None:
    with Client(own_server.url, token=own_server.token) as client:
        version = adder.push(client, _address(client), load_seconds=3)
        _wait_for_stage(client, version["number"], "check")
        os.kill(own_server.pid, signal.SIGKILL)
        record = processes.note(own_server.pid)
        until(lambda: not record.alive())
        assert _estrange_workflows(own_server) == 1
        server.restart(own_server)
        ended = adder.follow(client, _address(client), version["number"])
        assert ended["state"] == "ready", ended
        assert ended["attempt"] == 1


def _estrange_workflows(stopped: server.Server) -> int:
    """Makes unfinished work look as if another release on another machine had begun it; returns how much there was."""
    data = Path(stopped.environment["MODELYARD_DATA_DIR"])
    on_sqlite = stopped.database_url.startswith("sqlite")
    engine = sa.create_engine(f"sqlite:///{data / 'workflows.sqlite'}" if on_sqlite else stopped.database_url)
    table = "workflow_status" if on_sqlite else "dbos.workflow_status"
    with engine.begin() as connection:
        changed = connection.execute(
            sa.text(
                f"UPDATE {table} SET application_version = 'earlier', executor_id = 'elsewhere'"
                " WHERE status = 'PENDING'"
            )
        )
    engine.dispose()
    return changed.rowcount


def _address(client: Client) -> str:
    account = client.get_session()["account"]
    assert account is not None
    return f"{account['username']}/adder"


def _wait_for_stage(client: Client, number: int, name: str) -> None:
    def running() -> bool:
        stages = client.get_version(_address(client), number)["stages"]
        return any(stage["name"] == name and stage["state"] == "running" for stage in stages)

    until(running, seconds=60, what=f"stage {name}")
