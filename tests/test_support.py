"""The private services themselves: they start, are shared, and are stopped, after a crash too."""

import http.client
import os
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Browser

from modelyard.kit.db import Database
from support import processes, s3, session
from support.waiting import until


def test_a_database_is_migrated_and_a_tests_own(db: Database) -> None:
    with db.write() as unit:
        names = sa.inspect(unit.connection()).get_table_names()
    assert "accounts" in names


def test_a_bare_database_has_no_tables(bare_database_url: str) -> None:
    db = Database(bare_database_url)
    assert sa.inspect(db.engine).get_table_names() == []
    db.close()


def test_the_docker_engine_answers(docker_url: str) -> None:
    assert Path(docker_url.removeprefix("unix://")).is_socket()


def test_the_foreign_registry_answers(foreign_registry: str) -> None:
    connection = http.client.HTTPConnection(foreign_registry)
    connection.request("GET", "/v2/")
    assert connection.getresponse().status == 200


def test_a_bucket_is_there(s3_bucket: str) -> None:
    connection = http.client.HTTPConnection(s3.endpoint().removeprefix("http://"))
    connection.request("GET", f"/{s3_bucket}")
    assert connection.getresponse().status == 200


def test_chromium_renders(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<h1>Hello</h1>")
    assert page.inner_text("h1") == "Hello"


def test_what_a_crashed_run_left_is_stopped_by_the_next(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys; from support import processes, session\n"
        "root = session.begin(pathlib.Path(sys.argv[1]))\n"
        "record = processes.launch(root, ['sleep', '1000'])\n"
        "print(record.pid, record.started, flush=True); os._exit(9)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    crashed = subprocess.run(
        [sys.executable, "-c", program, tmp_path], env=environment, capture_output=True, text=True, check=False
    )
    orphan = processes.Record(*map(int, crashed.stdout.split()))
    assert orphan.alive()
    session.clear_stale(tmp_path)
    until(lambda: not orphan.alive())
    assert list(tmp_path.iterdir()) == []
