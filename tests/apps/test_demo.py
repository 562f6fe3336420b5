"""``make demo`` as a person sees it: what it prints, its exit code, what it leaves behind."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.apps.demo_steps import Outcome
from support import ports, server
from support.waiting import until

PASSWORD = re.compile(r"Password +\S{20}\n")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that has the packages of the digits example and no database."""
    folder = tmp_path_factory.mktemp("demo")
    server.link_stores(folder)
    return folder


def start(data: Path, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    environment = {"MODELYARD_DATA_DIR": str(data), "MODELYARD_PORT": str(ports.free_port()), **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "modelyard.apps.demo", *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def boxes_of(data: Path) -> Iterator[int]:
    """Processes that have the data folder in their arguments."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(data).encode() in entry.read_bytes():
                yield int(entry.parent.name)
        except OSError:
            continue


def tokens_in(data: Path) -> int:
    with sqlite3.connect(data / "modelyard.sqlite") as database:
        return int(database.execute("SELECT count(*) FROM tokens").fetchone()[0])


def test_it_goes_from_a_pickle_to_predictions_and_leaves_nothing_running(data: Path) -> None:
    demo = start(data, "--once")
    said, problems = demo.communicate(timeout=300)
    assert demo.returncode == 0, said + problems
    assert problems == ""
    assert len(PASSWORD.findall(said)) == 1
    for stage in ("base", "lock", "wheels", "layers", "manifest", "check", "publish"):
        assert re.search(rf"^ +[0-9.]+ s  {stage} ", said, re.MULTILINE), stage
    assert "Answered    360 of 360" in said
    assert re.search(r"Image       sha256:[0-9a-f]{64}, ", said)
    assert "Modelyard at" in (data / "server.log").read_text()
    assert tokens_in(data) == 0
    assert list(boxes_of(data)) == []


def test_again_it_reuses_everything_and_ctrl_c_stops_it(data: Path) -> None:
    """Depends on the test above only for speed: alone it pushes first."""
    demo = start(data)
    said = ""
    assert demo.stdout
    while "Ctrl-C stops" not in said:
        line = demo.stdout.readline()
        assert line, f"it ended before it served: {said}"
        said += line
    demo.send_signal(signal.SIGINT)
    rest, problems = demo.communicate(timeout=60)
    assert (demo.returncode, problems) == (0, ""), said + rest
    assert "Stopping" in rest
    assert tokens_in(data) == 0
    until(lambda: not list(boxes_of(data)), what="the server and its boxes to be gone")


def test_a_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said, problems = start(tmp_path / "d", "--once", MODELYARD_PORT=str(port)).communicate(timeout=60)
    assert said == ""
    assert problems.splitlines() == [problems.rstrip("\n")]
    assert problems.startswith(f"error: Port {port} is in use.")
    assert f"MODELYARD_PORT={port + 1}" in problems


def test_a_server_that_cannot_start_is_told_in_one_line(tmp_path: Path) -> None:
    demo = start(tmp_path / "d", "--once", MODELYARD_DATABASE_URL=f"sqlite:///{tmp_path}")
    _said, problems = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert problems.splitlines() == [problems.rstrip("\n")]
    assert problems.startswith("error: The server ended with exit code 1: ")
    assert f"Its log is {tmp_path}/d/server.log." in problems


@pytest.mark.parametrize(
    ("outcome", "good"),
    [
        (Outcome(360, 360, 0.95), True),
        (Outcome(360, 360, 0.949), False),
        (Outcome(359, 360, 0.99), False),
    ],
)
def test_only_every_answer_and_enough_right_ones_are_good(outcome: Outcome, good: bool) -> None:
    assert outcome.good is good
