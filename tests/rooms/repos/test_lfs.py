"""Git LFS with the stock client, and its API as a stranger would try it."""

import hashlib
import os
import secrets
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from rooms.repos.test_clone import git, url
from rooms.versions.tiny import Author, author
from support import databases, server
from support.programs import need
from support.server import Server
from support.waiting import until

ABSENT = "0" * 64


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    return author(site, tmp_path)


def lfs_folder(me: Author, folder: Path, files: dict[str, bytes], *, user: str = "x", password: str = "") -> Path:
    """A Git repository with files kept by LFS, whose remote is the author's."""
    need("git-lfs", package="git-lfs")
    work = folder / secrets.token_hex(4)
    work.mkdir()
    assert git("init", "-q", "-b", "main", cwd=work).returncode == 0
    git("config", "user.name", "x", cwd=work)
    git("config", "user.email", "x@x", cwd=work)
    git("lfs", "install", "--local", cwd=work)
    git("lfs", "track", "*.bin", cwd=work)
    for name, data in files.items():
        (work / name).write_bytes(data)
    git("add", ".", cwd=work)
    assert git("commit", "-q", "-m", "files", cwd=work).returncode == 0
    git("remote", "add", "origin", url(me, user=user, password=password or me.token), cwd=work)
    return work


def oid_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def batch(client: httpx.Client, address: str, operation: str, *objects: tuple[str, int]) -> httpx.Response:
    wanted = {"operation": operation, "objects": [{"oid": oid, "size": size} for oid, size in objects]}
    return client.post(f"/{address}.git/info/lfs/objects/batch", json=wanted)


def push_object(client: httpx.Client, address: str, data: bytes) -> dict[str, Any]:
    answer = batch(client, address, "upload", (oid_of(data), len(data)))
    (item,) = answer.json()["objects"]
    assert httpx.put(item["actions"]["upload"]["href"], content=data).status_code == 200
    return dict(item)


def test_the_stock_client_pushes_pulls_and_checks(me: Author, tmp_path: Path) -> None:
    files = {"a.bin": os.urandom(3_000_000), "b.bin": b"", "c d.bin": b"small"}
    work = lfs_folder(me, tmp_path, files)
    pushed = git("lfs", "push", "--all", "origin", cwd=work)
    assert pushed.returncode == 0, pushed.stderr
    for data in files.values():
        held = me.server.client(me.token).get(f"/{me.address}.git/info/lfs/objects/{oid_of(data)}")
        assert (held.status_code, held.content) == ((200, data) if data else (404, held.content))
    again = git("lfs", "push", "--all", "origin", cwd=work, GIT_TRACE="1")
    assert again.returncode == 0
    assert "xfer: Added" not in again.stderr  # what is held is not sent again
    for stored in (work / ".git/lfs/objects").rglob("*"):
        if stored.is_file():
            stored.unlink()
    (work / "a.bin").write_bytes((f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid_of(files['a.bin'])}\n"
                                  f"size {len(files['a.bin'])}\n").encode())  # fmt: skip
    pulled = git("lfs", "pull", cwd=work)
    assert pulled.returncode == 0, pulled.stderr
    assert (work / "a.bin").read_bytes() == files["a.bin"]
    checked = git("lfs", "fsck", cwd=work)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_git_push_sends_objects_and_commits_and_a_clone_has_them(me: Author, tmp_path: Path) -> None:
    files = {"a.bin": os.urandom(1_500_000), "b.bin": os.urandom(2000)}
    work = lfs_folder(me, tmp_path, files)
    pushed = git("push", "origin", "main", cwd=work)
    assert pushed.returncode == 0, pushed.stderr
    assert "locking" not in pushed.stderr  # the client has understood that there is none
    git("lfs", "install", cwd=tmp_path)
    cloned = git("clone", "-q", url(me, user="x", password=me.token), "clone", cwd=tmp_path)
    assert cloned.returncode == 0, cloned.stderr
    assert {name: (tmp_path / "clone" / name).read_bytes() for name in files} == files


def test_a_commit_that_the_platform_made_is_pulled(me: Author, tmp_path: Path) -> None:
    big = os.urandom(2 * 1024**2)
    me.push({"line.py": "def predict(x: int) -> int:\n    return x\n", "big.bin": big}, artifact=None)
    address = url(me, user="x", password=me.token)
    assert git("clone", "-q", address, "clone", cwd=tmp_path, GIT_LFS_SKIP_SMUDGE="1").returncode == 0
    clone = tmp_path / "clone"
    git("lfs", "install", "--local", cwd=clone)
    pulled = git("lfs", "pull", cwd=clone)
    assert pulled.returncode == 0, pulled.stderr
    assert (clone / "big.bin").read_bytes() == big
    assert git("lfs", "fsck", cwd=clone).returncode == 0


def test_who_may_push_objects(me: Author, tmp_path: Path) -> None:
    stranger = me.server.account()[2]
    for token in (stranger, "my_wrong"):
        work = lfs_folder(me, tmp_path, {"a.bin": os.urandom(2000)}, password=token)
        assert git("lfs", "push", "--all", "origin", cwd=work).returncode != 0
    with me.server.client(me.token) as mine:
        mine.patch(f"/api/v1/repos/{me.address}", json={"visibility": "public"})
    data = os.urandom(100)
    with me.server.client(stranger) as theirs, me.server.client("") as nobody:
        assert batch(theirs, me.address, "upload", (oid_of(data), 100)).status_code == 403
        assert theirs.put(f"/{me.address}.git/info/lfs/objects/{oid_of(data)}", content=data).status_code == 403
        refused = batch(nobody, me.address, "upload", (oid_of(data), 100))
        assert (refused.status_code, refused.headers["lfs-authenticate"]) == (401, 'Basic realm="modelyard"')
        assert batch(nobody, me.address, "download", (oid_of(data), 100)).json()["objects"][0]["error"]["code"] == 404


def test_what_others_hold_is_sent_in_full_and_is_nobody_elses(me: Author, tmp_path: Path) -> None:
    other = author(me.server, tmp_path)
    data = os.urandom(5000)
    with me.server.client(me.token) as mine, me.server.client(other.token) as theirs:
        push_object(mine, me.address, data)
        known = batch(mine, me.address, "upload", (oid_of(data), len(data))).json()["objects"][0]
        assert "actions" not in known
        unknown = batch(theirs, other.address, "upload", (oid_of(data), len(data))).json()["objects"][0]
        assert "upload" in unknown["actions"]
        assert theirs.get(f"/{other.address}.git/info/lfs/objects/{oid_of(data)}").status_code == 404
        verified = theirs.post(f"/{other.address}.git/info/lfs/objects/{oid_of(data)}/verify",
                               json={"oid": oid_of(data), "size": len(data)})  # fmt: skip
        assert verified.status_code == 404
        push_object(theirs, other.address, data)
        assert theirs.get(f"/{other.address}.git/info/lfs/objects/{oid_of(data)}").content == data


def test_a_ticket_is_for_one_object_of_one_repository(me: Author, tmp_path: Path) -> None:
    data, another = os.urandom(100), os.urandom(100)
    with me.server.client(me.token) as mine:
        (item,) = batch(mine, me.address, "upload", (oid_of(data), 100)).json()["objects"]
    href = item["actions"]["upload"]["href"]
    assert httpx.put(href.replace(oid_of(data), oid_of(another)), content=another).status_code == 403
    assert httpx.put(href.partition("?")[0], content=data).status_code == 401
    assert httpx.put(href.partition("?")[0] + "?ticket=none", content=data).status_code == 403
    other = author(me.server, tmp_path)
    moved = href.replace(me.address, other.address)
    assert httpx.put(moved, content=data).status_code == 200  # goes where the ticket says, whatever the address
    with me.server.client(other.token) as theirs, me.server.client(me.token) as mine:
        assert theirs.get(f"/{other.address}.git/info/lfs/objects/{oid_of(data)}").status_code == 404
        assert mine.get(f"/{me.address}.git/info/lfs/objects/{oid_of(data)}").content == data


def test_ranges_of_an_object(me: Author) -> None:
    data = os.urandom(2_500_000)
    with me.server.client(me.token) as mine:
        push_object(mine, me.address, data)
        path = f"/{me.address}.git/info/lfs/objects/{oid_of(data)}"
        part = mine.get(path, headers={"Range": "bytes=1000000-1999999"})
        assert (part.status_code, part.content) == (206, data[1_000_000:2_000_000])
        assert part.headers["content-range"] == f"bytes 1000000-1999999/{len(data)}"
        assert mine.get(path, headers={"Range": "bytes=-5"}).content == data[-5:]
        assert mine.get(path, headers={"Range": f"bytes={len(data)}-"}).status_code == 416
        assert mine.head(path).headers["content-length"] == str(len(data))
        assert mine.get(path, headers={"If-None-Match": f'"{oid_of(data)}"'}).status_code == 304


def test_bytes_that_are_not_what_their_id_says_are_refused_and_not_kept(me: Author) -> None:
    data = os.urandom(2_000_000)
    with me.server.client(me.token) as mine:
        for sent in (data[:-1] + b"x", data[:-1], data + b"x", b""):
            (item,) = batch(mine, me.address, "upload", (oid_of(data), len(data))).json()["objects"]
            refused = httpx.put(item["actions"]["upload"]["href"], content=sent)
            assert refused.status_code == 422, refused.text
            assert "found sha256:" in refused.json()["message"]
            assert refused.headers["content-type"] == "application/vnd.git-lfs+json"
        assert mine.get(f"/{me.address}.git/info/lfs/objects/{oid_of(data)}").status_code == 404
    staging = me.server.folder / "d/blobs/staging"
    until(lambda: not list(staging.glob("put-*")), seconds=20, what="what was refused has gone")


def test_a_client_that_goes_away_leaves_nothing(me: Author) -> None:
    data = os.urandom(3_000_000)
    port = int(me.server.environment["MODELYARD_PORT"])
    head = (f"PUT /{me.address}.git/info/lfs/objects/{oid_of(data)} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {me.token}\r\nContent-Length: {len(data)}\r\n\r\n")  # fmt: skip
    staging = me.server.folder / "d/blobs/staging"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + data[:2_000_000])
        until(lambda: list(staging.glob("put-*")), seconds=20, what="the first bytes")
    until(lambda: not list(staging.glob("put-*")), seconds=20, what="the end of it")
    with me.server.client(me.token) as mine:
        assert mine.get(f"/{me.address}.git/info/lfs/objects/{oid_of(data)}").status_code == 404
        push_object(mine, me.address, data)


def test_objects_in_chunks_without_a_length(me: Author) -> None:
    data = os.urandom(2_000_000)
    with me.server.client(me.token) as mine:
        sent = mine.put(f"/{me.address}.git/info/lfs/objects/{oid_of(data)}",
                        content=(data[at : at + 70_000] for at in range(0, len(data), 70_000)))  # fmt: skip
        assert sent.status_code == 200, sent.text
        assert mine.get(f"/{me.address}.git/info/lfs/objects/{oid_of(data)}").content == data


def test_verification_tells_what_came(me: Author) -> None:
    data = os.urandom(500)
    with me.server.client(me.token) as mine:
        verify = push_object(mine, me.address, data)["actions"]["verify"]["href"]
        assert httpx.post(verify, json={"oid": oid_of(data), "size": 500}).status_code == 200
        assert httpx.post(verify, json={"oid": oid_of(data), "size": 501}).status_code == 404
        assert httpx.post(verify, json={"oid": ABSENT, "size": 500}).status_code == 404
        wrong = batch(mine, me.address, "upload", (oid_of(data), 501)).json()["objects"][0]
        assert wrong["error"]["code"] == 422


def test_locks_are_refused_so_that_the_client_goes_on(me: Author, tmp_path: Path) -> None:
    with me.server.client(me.token) as mine:
        answer = mine.post(f"/{me.address}.git/info/lfs/locks/verify", json={})
        assert (answer.status_code, answer.headers["content-type"]) == (501, "application/vnd.git-lfs+json")
    work = lfs_folder(me, tmp_path, {"a.bin": b"a" * 100})
    locked = git("lfs", "lock", "a.bin", cwd=work)
    assert "takes no locks" in locked.stderr + locked.stdout


@pytest.mark.parametrize("path", ["/objects/x", f"/objects/{'A' * 64}", "/objects/..%2f..%2fetc"])
def test_what_is_no_id_is_not_found(me: Author, path: str) -> None:
    with me.server.client(me.token) as mine:
        assert mine.get(f"/{me.address}.git/info/lfs{path}").status_code == 404
        assert mine.put(f"/{me.address}.git/info/lfs{path}", content=b"x").status_code in (404, 405, 422)


def test_a_server_that_is_killed_takes_the_next_attempt(tmp_path: Path) -> None:
    """Nothing of the first attempt is left, and what is acknowledged is there."""
    running = server.start(tmp_path / "s", databases.create("sqlite", tmp_path), max_upload_bytes=str(64 * 1024**2))
    try:
        me = author(running, tmp_path)
        data = os.urandom(4_000_000)
        head = (f"PUT /{me.address}.git/info/lfs/objects/{oid_of(data)} HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {me.token}\r\nContent-Length: {len(data)}\r\n\r\n")  # fmt: skip
        staging = running.folder / "d/blobs/staging"
        with socket.create_connection(("127.0.0.1", int(running.environment["MODELYARD_PORT"]))) as connection:
            connection.sendall(head.encode() + data[:3_000_000])
            until(lambda: any(f.stat().st_size for f in staging.glob("put-*")), seconds=20, what="the first bytes")
            os.kill(running.pid, signal.SIGKILL)
        running = server.restart(running)
        assert not list(staging.glob("put-*"))
        with running.client(me.token) as mine:
            assert mine.get(f"/{me.address}.git/info/lfs/objects/{oid_of(data)}").status_code == 404
            push_object(mine, me.address, data)
            os.kill(running.pid, signal.SIGKILL)
        running = server.restart(running)
        with running.client(me.token) as mine:
            assert mine.get(f"/{me.address}.git/info/lfs/objects/{oid_of(data)}").content == data
            (large,) = batch(mine, me.address, "upload", (ABSENT, 65 * 1024**2)).json()["objects"]
            assert large["error"]["code"] == 413
            sent = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-T", "/dev/zero", "-m", "60",
                                   "-H", f"Authorization: Bearer {me.token}",
                                   f"{running.url}/{me.address}.git/info/lfs/objects/{ABSENT}"],
                                  capture_output=True, text=True, check=False)  # fmt: skip
            assert sent.stdout == "413"
    finally:
        server.stop(running)
