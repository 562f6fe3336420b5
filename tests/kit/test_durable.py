"""Work that breaks off starts again; work that is known does not."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys, time
from pathlib import Path
from modelyard.kit import durable

data, version, mode = Path(sys.argv[1]), sys.argv[2], sys.argv[3]


@durable.workflow(name="other")
def other() -> None:
    (data / "other").touch()


@durable.step(name="count")
def count() -> None:
    with (data / "ran").open("a") as file:
        file.write("x")
    if mode == "start another":
        durable.enqueue("q", other, id="two")


@durable.workflow(name="work")
def work() -> None:
    count()
    if mode == "break":
        raise RuntimeError("broken")
    if mode == "hang":
        (data / "hangs").touch()
        time.sleep(600)
    (data / "done").touch()


durable.launch("sqlite:///unused", data_dir=data, version=version, queues={"q": 1})
durable.enqueue("q", work, id="one")
end = time.monotonic() + 30
goal = {
    "break": lambda: ended("ERROR"),
    "run": lambda: ended("SUCCESS"),
    "hang": (data / "hangs").exists,
    "start another": (data / "other").exists,
}[mode]


def ended(status: str) -> bool:
    from dbos import DBOS

    return bool(DBOS.list_workflows(workflow_ids=["one"], status=status))


while not goal():
    assert time.monotonic() < end
    time.sleep(0.05)
sys.stdout.flush()
import os
os._exit(0)
"""


def run(folder: Path, *, version: str, mode: str) -> int:
    """Runs the program to its goal; returns how often the step has run so far."""
    argv = [sys.executable, "-c", PROGRAM, str(folder), version, mode]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return len((folder / "ran").read_text())


def test_broken_work_starts_again_and_finished_work_does_not(tmp_path: Path) -> None:
    assert run(tmp_path, version="1", mode="break") == 1
    assert run(tmp_path, version="1", mode="run") == 2
    assert (tmp_path / "done").exists()
    assert run(tmp_path, version="1", mode="run") == 2


@pytest.mark.parametrize(("version", "steps"), [("1", 1), ("2", 2)])
def test_cut_off_work_continues_or_under_another_version_starts_again(tmp_path: Path, version: str, steps: int) -> None:
    """Continuing means that the finished step is not run again."""
    assert run(tmp_path, version="1", mode="hang") == 1
    assert run(tmp_path, version=version, mode="run") == steps
    assert (tmp_path / "done").exists()


def test_a_step_starts_other_work(tmp_path: Path) -> None:
    assert run(tmp_path, version="1", mode="start another") == 1
    assert (tmp_path / "done").exists()


def test_name_of_a_server_stays_with_its_folder(tmp_path: Path) -> None:
    run(tmp_path, version="1", mode="run")
    name = (tmp_path / "server-id").read_text()
    assert len(name.strip()) == 32
    run(tmp_path, version="1", mode="run")
    assert (tmp_path / "server-id").read_text() == name
