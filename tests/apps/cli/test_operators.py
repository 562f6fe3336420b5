"""What an operator does on the server's machine."""

import json
import sqlite3
from pathlib import Path

import httpx
import pytest

from apps.cli.shell import Shell
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts import sign_in
from modelyard.rooms.accounts.throttle import SignInThrottle
from modelyard.rooms.content import service as content
from support import server


@pytest.fixture
def operator(tmp_path: Path, bare_database_url: str) -> Shell:
    """On a machine where no server has ever run."""
    return Shell(tmp_path, {"MODELYARD_DATA_DIR": str(tmp_path / "data"), "MODELYARD_DATABASE_URL": bare_database_url})


def signs_in(url: str, username: str, password: str) -> bool:
    database = Database(url)
    try:
        with database.read() as session:
            sign_in.check_credentials(
                session, username=username, password=password, address="-", throttle=SignInThrottle()
            )
        return True
    except sign_in.WrongCredentials:
        return False
    finally:
        database.close()


def test_first_account_before_the_first_start(operator: Shell) -> None:
    url = operator.variables["MODELYARD_DATABASE_URL"]
    password = operator.ok("admin", "create-user", "ada", "--role", "administrator").strip()
    assert signs_in(url, "ada", password)
    assert "taken" in operator.fails(1, "admin", "create-user", "ada")
    assert "address of this site" in operator.fails(1, "admin", "create-user", "api")
    assert "characters" in operator.fails(1, "admin", "create-user", "bob", "--password-stdin", stdin="short\n")
    assert operator.json("admin", "create-user", "bob", "--password-stdin", stdin="long enough 1\n") == {
        "username": "bob",
        "password": None,
    }
    assert signs_in(url, "bob", "long enough 1")
    other = operator.json("admin", "reset-password", "ada")["password"]
    assert (signs_in(url, "ada", password), signs_in(url, "ada", other)) == (False, True)
    operator.fails(4, "admin", "reset-password", "nobody-here")


def test_password_is_reset_beside_a_running_server(stranger: Shell) -> None:
    running = server.shared()
    username, password, _ = running.account()
    variables = {name: running.environment[name] for name in ("MODELYARD_DATA_DIR", "MODELYARD_DATABASE_URL")}
    with httpx.Client(base_url=running.url) as browser:
        who = {"username": username, "password": password}
        assert browser.post("/api/v1/session", json=who).status_code == 200
        other = stranger.json("admin", "reset-password", username, **variables)["password"]
        assert browser.get("/api/v1/session").json()["account"] is None
        assert browser.post("/api/v1/session", json=who).status_code == 401
        assert browser.post("/api/v1/session", json=who | {"password": other}).status_code == 200


def test_scrub_finds_what_is_damaged(operator: Shell) -> None:
    operator.ok("admin", "create-user", "ada")
    assert operator.json("scrub") == {"checked": 0, "bytes": 0, "damaged": []}
    store = LocalBlobStore(Path(operator.variables["MODELYARD_DATA_DIR"]) / "blobs")
    database = Database(operator.variables["MODELYARD_DATABASE_URL"])
    with database.write() as session:
        account = accounts.find_account(session, "ada")
        assert account is not None
        blob = content.store_blob(session, store=store, chunks=[b"precious"], holder_id=account.id, why="test")
    database.close()
    assert operator.json("scrub")["checked"] == 1
    path = store.path(blob.digest)
    path.chmod(0o600)
    path.write_bytes(b"preciouS")
    done = operator.run("scrub", "--json")
    assert done.returncode == 1
    (damaged,) = json.loads(done.stdout)["damaged"]
    assert damaged["digest"] == blob.digest
    assert damaged["held_by"] == [f"test of {account.id}"]


def test_doctor_says_what_this_machine_isolates(operator: Shell) -> None:
    done = operator.run("doctor", "--json")
    found = json.loads(done.stdout)
    assert found["engine"] == "local"
    assert found["isolation"] in ("namespaces", "chroot", "none")
    assert found["findings"]
    warnings = [finding for finding in found["findings"] if finding["level"] == "warning"]
    assert done.returncode == bool(warnings)
    left = {path.name for path in Path(operator.variables["MODELYARD_DATA_DIR"]).iterdir()}
    assert left <= {"blobs"}, "it leaves nothing behind"


def test_settings_that_cannot_be_are_named(stranger: Shell) -> None:
    line = stranger.fails(2, "up", MODELYARD_PORT="many", MODELYARD_DATA_DIR=str(stranger.home / "data"))
    assert "MODELYARD_PORT" in line


def test_database_that_is_not_there(stranger: Shell) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    line = stranger.fails(
        1, "admin", "create-user", "ada", MODELYARD_DATABASE_URL=url, MODELYARD_DATA_DIR=str(stranger.home / "data")
    )
    assert "MODELYARD_DATABASE_URL" in line


def test_database_file_is_migrated_at_first_use(stranger: Shell) -> None:
    folder = stranger.home / "data"
    stranger.ok("admin", "create-user", "ada", MODELYARD_DATA_DIR=str(folder))
    (found,) = folder.glob("*.sqlite")
    with sqlite3.connect(found) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_bases_are_made_anew_for_what_is_built_from_now_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    server.link_stores(data)
    store = LocalBlobStore(data / "blobs")
    old = store.put([b"the base of last year"])
    record = next(file for file in (data / "cache/layers/bases").glob("*.json") if '"linux/amd64"' in file.read_text())
    document = json.loads(record.read_text())
    document["layers"][0] |= {"digest": old.digest, "size": old.size}
    record.unlink()  # it is linked to that of others
    record.write_text(json.dumps(document))
    python = document["python"]
    variables = {"MODELYARD_DATA_DIR": str(data)}
    (made,) = Shell(tmp_path).json("base", "refresh", "--python", python, "--platform", "linux/amd64", **variables)
    assert (made["python"], made["platform"], made["before"], made["changed"]) == (
        python,
        "linux/amd64",
        old.digest,
        True,
    )
    assert json.loads(record.read_text())["layers"][0]["digest"] == made["after"]
    assert store.stat(made["after"])
    assert store.stat(old.digest), "what stands on the old base keeps it"


def test_a_python_that_nobody_has_is_refused(operator: Shell) -> None:
    assert "Python" in operator.fails(1, "base", "refresh", "--python", "2.7")
