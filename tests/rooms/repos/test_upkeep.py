"""Many pushes leave few packs, and nothing is lost by it: not in forks, not for pushes and commits at the same time."""

import subprocess
import threading
from pathlib import Path
from uuid import UUID

import pytest

from modelyard.rooms.repos import git as ledger
from modelyard.rooms.repos import upkeep
from rooms.repos.wire import clone, git, write_commit
from rooms.versions.tiny import Author, author
from support.server import Server
from support.waiting import until

PUSHES = upkeep.MOST_PACKS + 3


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    return author(site, tmp_path)


def place(me: Author, address: str | None = None) -> Path:
    with me.server.client(me.token) as client:
        id = client.get(f"/api/v1/repos/{address or me.address}").json()["id"]
    return ledger.repository_path(me.server.folder / "d/git", UUID(id))


def packs(path: Path) -> int:
    return len(list((path / "objects/pack").glob("*.pack")))


def is_whole(path: Path) -> bool:
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "fsck", "--full", "--strict"], cwd=path, capture_output=True, check=False
    )
    return done.returncode == 0


def push(work: Path, number: int) -> None:
    write_commit(work, {f"{number}.txt": f"{number}\n" * 100})
    done = git("push", "-q", "origin", "HEAD:main", cwd=work)
    assert done.returncode == 0, done.stderr


def test_many_pushes_leave_few_packs(me: Author, tmp_path: Path) -> None:
    work = clone(me, tmp_path)
    for number in range(PUSHES):
        push(work, number)
    path = place(me)
    until(lambda: packs(path) <= upkeep.MOST_PACKS // 2, seconds=60, what="the packs to be consolidated")
    assert is_whole(path)
    other = clone(me, tmp_path, "other")
    assert len(list(other.glob("*.txt"))) == PUSHES


def make_packs(path: Path, count: int) -> None:
    """A repository with so many commits, a pack for each."""
    subprocess.run(["git", "init", "-q", "--bare", path], check=True)
    for number in range(count):
        stream = f"commit refs/heads/main\ncommitter a <a@a> {number} +0000\ndata 1\nx\n"
        stream += "from refs/heads/main^0\n" * bool(number)
        stream += f"M 644 inline {number}.txt\ndata {len(str(number))}\n{number}\n\n"
        subprocess.run(
            ["git", "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"],
            cwd=path,
            input=stream.encode(),
            check=True,
        )


def test_what_no_ref_reaches_is_kept(tmp_path: Path) -> None:
    """A commit is written before its branch moves: it must not go in between."""
    path = tmp_path / "a.git"
    make_packs(path, upkeep.MOST_PACKS + 1)
    loose = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        cwd=path,
        input=b"written, not yet committed",
        capture_output=True,
        check=True,
    )
    gone = subprocess.run(["git", "rev-parse", "main"], cwd=path, capture_output=True, check=True)
    subprocess.run(["git", "update-ref", "refs/heads/main", "main~1"], cwd=path, check=True)
    upkeep.repack(path)
    assert not upkeep.is_scattered(path)
    for object in (loose.stdout, gone.stdout):
        assert subprocess.run(["git", "cat-file", "-e", object.decode().strip()], cwd=path, check=False).returncode == 0
    assert is_whole(path)


def test_forks_made_meanwhile_are_whole(me: Author, tmp_path: Path) -> None:
    work = clone(me, tmp_path)
    for number in range(3):
        push(work, number)
    path, ended = place(me), threading.Event()

    def consolidate() -> None:
        while not ended.is_set():
            upkeep.repack(path)

    worker = threading.Thread(target=consolidate)
    worker.start()
    try:
        with me.server.client(me.token) as client:
            for number in range(4):
                push(work, 100 + number)
                made = client.post(f"/api/v1/repos/{me.address}/fork", json={"name": f"fork-{number}"})
                assert made.status_code == 201, made.text
                assert is_whole(place(me, f"{me.username}/fork-{number}"))
    finally:
        ended.set()
        worker.join()
    assert is_whole(path)


def test_a_repository_that_is_gone_is_no_fault(tmp_path: Path) -> None:
    assert upkeep.measure(tmp_path / "gone.git") == 0
    assert not upkeep.is_scattered(tmp_path / "gone.git")
