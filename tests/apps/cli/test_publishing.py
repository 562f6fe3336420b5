"""Versions taken back and offered again, and forks, with the command line alone."""

import subprocess
from pathlib import Path

import pytest

from apps.cli.shell import Shell
from support import operations, server

SCRIPT = """from pathlib import Path


def count(texts: Path, output: Path, *, least: int = 1) -> dict:
    return {"files": len(list(texts.iterdir()))}
"""


@pytest.fixture
def counter(creator: Shell) -> str:
    """A public operation of the creator's."""
    return operations.add_operation(server.shared(), creator.variables["MODELYARD_TOKEN"], visibility="public")


@pytest.fixture
def other(tmp_path: Path) -> Shell:
    """Somebody else."""
    running = server.shared()
    _, _, token = running.account()
    return Shell(tmp_path, {"MODELYARD_URL": running.url, "MODELYARD_TOKEN": token})


def test_a_version_is_taken_back_and_offered_again(creator: Shell, other: Shell, counter: str) -> None:
    assert creator.json("unpublish", f"{counter}@v1")["operation"]["published"] is False
    assert "published" in other.fails(1, "run", f"{counter}@v1", "--in", f"data={__file__}")
    creator.ok("publish", f"{counter}:v1")
    other.ok("run", f"{counter}@v1", "--in", f"data={__file__}")


def test_only_its_owner_takes_a_version_back(creator: Shell, other: Shell, counter: str) -> None:
    other.fails(6, "unpublish", f"{counter}@v1")
    creator.fails(4, "unpublish", f"{counter}@v9")
    assert f"{counter}@v3" in creator.fails(2, "unpublish", counter)


def test_a_fork_is_named_as_its_source_or_anew(creator: Shell, other: Shell, counter: str) -> None:
    done = other.run("fork", counter)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("/counter")
    assert "push" in done.stderr
    second = other.json("fork", counter, "mine", "--visibility", "public")
    assert (second["name"], second["visibility"], second["forked_from"]) == ("mine", "public", counter)
    assert "already" in other.fails(1, "fork", counter)


def test_a_fork_that_is_cloned_and_pushed_as_it_is_has_its_first_version(creator: Shell, other: Shell) -> None:
    (creator.home / "count.py").write_text(SCRIPT)
    source = creator.json("push", "count.py", "--visibility", "public")
    forked = other.json("fork", f"{creator.json('list', '--kind', 'operation')[0]['owner']}/count", "mine")
    url = other.variables["MODELYARD_URL"].replace("://", f"://{forked['owner']}:{other.variables['MODELYARD_TOKEN']}@")
    subprocess.run(["git", "clone", "-q", f"{url}/{forked['owner']}/mine.git", other.home / "mine"], check=True)
    version = other.json("push", "mine")
    assert (version["number"], version["state"]) == (1, "ready")
    assert version["signature"] == source["signature"]
