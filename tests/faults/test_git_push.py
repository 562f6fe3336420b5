"""A server killed while people push by Git: what it acknowledged is there, and the next push goes."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from modelyard.kit.db import Database
from rooms.repos.test_push import PROJECT, ZEROS
from rooms.repos.wire import clone, git, git_environment, head, url, write_commit
from rooms.versions.tiny import Author, author
from support import databases, processes, server, session
from support.programs import need
from support.waiting import until

MIB = 1024**2
LIMITS = {"git_max_push_bytes": str(12 * MIB), "git_max_file_bytes": str(6 * MIB)}


@pytest.fixture(params=databases.KINDS)
def me(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Author]:
    folder = session.new_folder("f")
    yield author(server.start(folder, databases.create(request.param, folder), **LIMITS), tmp_path)
    processes.stop_recorded(folder)


@pytest.fixture
def work(me: Author, tmp_path: Path) -> Path:
    folder = clone(me, tmp_path)
    write_commit(folder, PROJECT, "first")
    assert git("push", "-q", "origin", "HEAD:main", cwd=folder).returncode == 0
    return folder


def on_disk(me: Author) -> Path:
    (repository,) = me.server.folder.glob("d/git/*/*.git")
    return repository


def kill(me: Author) -> None:
    os.kill(me.server.pid, signal.SIGKILL)


def quarantines(me: Author) -> list[Path]:
    return list(on_disk(me).glob("objects/tmp_objdir-*"))


def journals(me: Author) -> list[Path]:
    return list(me.server.folder.glob("d/git/pushes/*"))


def test_a_server_killed_in_a_push_leaves_nothing_and_takes_the_next_one(me: Author, work: Path) -> None:
    before = git("ls-remote", "origin", "main", cwd=work).stdout
    write_commit(work, {f"big{number}": os.urandom(3 * MIB) for number in range(3)})
    slowly = ["-c", "http.postBuffer=65536", "push", "origin", "HEAD:main"]
    pushing = subprocess.Popen(
        [need("git", package="git"), *slowly], cwd=work, env=git_environment(work), stderr=subprocess.PIPE
    )
    until(lambda: quarantines(me), seconds=30, what="the push to begin")
    kill(me)
    pushing.communicate()
    server.restart(me.server)
    assert (quarantines(me), journals(me)) == ([], [])
    now = git("ls-remote", "origin", "main", cwd=work).stdout
    assert now in (before, f"{head(work)}\trefs/heads/main\n")
    again = git("push", "origin", "HEAD:main", cwd=work)
    assert again.returncode == 0, again.stderr
    assert git("ls-remote", "origin", "main", cwd=work).stdout.startswith(head(work))
    assert git("--git-dir", str(on_disk(me)), "fsck", "--strict", cwd=work).returncode == 0


def test_a_tag_whose_push_nobody_lived_to_tell_of_makes_its_version(me: Author, work: Path) -> None:
    """As a server leaves it that is killed when Git has moved the refs, before the platform heard of it."""
    with me.server.client(me.token) as client:
        repository = client.get(f"/api/v1/repos/{me.address}").json()
    kill(me)
    git("--git-dir", str(on_disk(me)), "update-ref", "refs/tags/release", head(work), cwd=work)
    facts = json.dumps({"repository": repository["id"], "account": repository["owner_id"]})
    moved, lost = (f"{ZEROS} {head(work)} refs/tags/{name}\n" for name in ("release", "never"))
    (me.server.folder / "d/git/pushes" / str(uuid4())).write_text(f"{facts}\n{moved}{lost}")
    (me.server.folder / "d/git/pushes" / str(uuid4())).write_text("")
    server.restart(me.server)
    with me.server.client(me.token) as client:
        until(lambda: client.get(me.versions).json()["items"], seconds=60, what="the version")
        assert me.ready({"number": 1})["commit_id"] == head(work)
        assert len(client.get(me.versions).json()["items"]) == 1
    assert journals(me) == []


@contextmanager
def writes_held(database_url: str) -> Iterator[None]:
    """Nobody else can write to the database."""
    database = Database(database_url)
    with database.write() as session:
        if database.url.get_backend_name() != "sqlite":
            session.execute(sa.text("LOCK TABLE repositories IN EXCLUSIVE MODE"))
        yield
    database.close()


def test_a_tag_by_hugging_faces_door_makes_its_version_after_a_crash_too(me: Author, work: Path) -> None:
    """The server is killed when the tag is there and its version waits for the database."""
    with me.server.client(me.token) as client, ThreadPoolExecutor(1) as pool:
        with writes_held(me.server.database_url):
            asked = pool.submit(client.post, f"/api/models/{me.address}/tag/main", json={"tag": "release"})
            until((on_disk(me) / "refs/tags/release").exists, seconds=30, what="the tag")
            assert len(journals(me)) == 1
            kill(me)
            with pytest.raises(httpx.HTTPError):
                asked.result(timeout=60)
        server.restart(me.server)
        until(lambda: client.get(me.versions).json()["items"], seconds=60, what="the version")
        assert me.ready({"number": 1})["commit_id"] == head(work)
        until(lambda: journals(me) == [], seconds=60, what="the journal to go")


def test_a_tag_that_could_not_be_made_leaves_no_journal(me: Author, work: Path) -> None:
    with me.server.client(me.token) as client:
        path = f"/api/models/{me.address}/tag/main"
        assert client.post(path, json={"tag": "release"}).is_success
        write_commit(work, {"a.txt": "x"})
        assert git("push", "-q", "origin", "HEAD:main", cwd=work).returncode == 0
        assert client.post(path, json={"tag": "release"}).status_code == 409
    assert journals(me) == []


def test_locks_that_a_crash_left_do_not_last(me: Author, work: Path) -> None:
    kill(me)
    (on_disk(me) / "refs/heads/main.lock").write_text("")
    (on_disk(me) / "packed-refs.lock").write_text("")
    server.restart(me.server)
    write_commit(work, {"a.txt": "x"})
    pushed = git("push", "origin", "HEAD:main", cwd=work)
    assert pushed.returncode == 0, pushed.stderr


@pytest.mark.parametrize("options", [("http.postBuffer=65536",), ("http.postBuffer=100000000",)])
def test_a_push_that_is_too_large_is_refused_with_words(me: Author, work: Path, options: tuple[str, ...]) -> None:
    write_commit(work, {f"part{number}": os.urandom(5 * MIB) for number in range(3)})
    chosen = [word for option in options for word in ("-c", option)]
    pushed = git(*chosen, "push", "origin", "HEAD:main", cwd=work)
    assert pushed.returncode != 0
    assert "exceeds maximum allowed size" in pushed.stderr or "12,582,912 are allowed" in pushed.stderr
    assert quarantines(me) == []


def test_a_file_that_is_too_large_for_git_is_named(me: Author, work: Path) -> None:
    write_commit(work, {"data/big file.bin": os.urandom(7 * MIB)})
    pushed = git("push", "origin", "HEAD:main", cwd=work)
    assert pushed.returncode != 0
    assert "data/big file.bin has 7.0 MiB; Git takes files up to 6.0 MiB here." in pushed.stderr
    assert "git lfs migrate" in pushed.stderr
    assert git("push", url(me, user="x", password=me.token), "HEAD~1:refs/heads/x", cwd=work).returncode == 0
