"""Cloning over HTTP with the real git and git-lfs."""

import hashlib
import json
import os
import pickle
from pathlib import Path

import httpx
import pytest

from rooms.repos.wire import git, url
from rooms.versions.tiny import MODEL, Author, author
from support.programs import need
from support.server import Server


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    return author(site, tmp_path)


def test_a_clone_has_the_source_the_tag_and_the_artifact(me: Author, tmp_path: Path) -> None:
    need("git-lfs", package="git-lfs")
    version = me.ready(me.push())
    git("lfs", "install", cwd=tmp_path)
    cloned = git("clone", "-q", url(me, user=me.username, password=me.token), "clone", cwd=tmp_path)
    assert cloned.returncode == 0, cloned.stderr
    clone = tmp_path / "clone"
    assert (clone / "model.pkl").read_bytes() == pickle.dumps(MODEL)
    assert json.loads(git("lfs", "ls-files", "--json", cwd=clone).stdout)["files"][0]["name"] == "model.pkl"
    assert git("rev-parse", "v1", cwd=clone).stdout.strip() == version["commit_id"]
    assert git("status", "--porcelain", "--untracked-files=no", cwd=clone).stdout == ""
    log = git("log", "-1", "--format=%an %s", cwd=clone).stdout.strip()
    assert log == f"{me.username} Push"


def test_an_authors_attributes_stay_and_odd_names_are_found_by_lfs(me: Author, tmp_path: Path) -> None:
    need("git-lfs", package="git-lfs")
    big = os.urandom(1024**2)
    me.push({"line.py": "def predict(x: int) -> int:\n    return x\n", ".gitattributes": "*.py diff=python",
             "data set/[a] b.bin": big}, artifact=None)  # fmt: skip
    git("lfs", "install", cwd=tmp_path)
    git("clone", "-q", url(me, user="x", password=me.token), "clone", cwd=tmp_path)
    attributes = (tmp_path / "clone/.gitattributes").read_text().splitlines()
    assert attributes[0] == "*.py diff=python"
    assert len(attributes) == 2
    assert (tmp_path / "clone/data set/[a] b.bin").read_bytes() == big
    assert git("status", "--porcelain", "--untracked-files=no", cwd=tmp_path / "clone").stdout == ""


def test_who_may_clone(me: Author, tmp_path: Path) -> None:
    me.push()
    without = git("ls-remote", url(me), cwd=tmp_path)
    assert without.returncode != 0
    assert "could not read Username" in without.stderr
    wrong = git("ls-remote", url(me, user=me.username, password="my_token_wrong"), cwd=tmp_path)
    assert "Authentication failed" in wrong.stderr
    stranger = me.server.account()[2]
    assert "not found" in git("ls-remote", url(me, user="x", password=stranger), cwd=tmp_path).stderr
    bearer = ["-c", f"http.extraHeader=Authorization: Bearer {me.token}"]
    assert "refs/heads/main" in git(*bearer, "ls-remote", url(me), cwd=tmp_path).stdout
    with me.server.client(me.token) as client:
        client.patch(f"/api/v1/repos/{me.address}", json={"visibility": "public"})
    assert "refs/heads/main" in git("ls-remote", url(me), cwd=tmp_path).stdout


def test_the_challenge_is_one_that_git_understands(me: Author) -> None:
    answer = httpx.get(f"{url(me)}/info/refs", params={"service": "git-upload-pack"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    missing = httpx.get(f"{me.server.url}/nobody/nothing.git/info/refs", params={"service": "git-upload-pack"})
    assert (missing.status_code, missing.headers["www-authenticate"]) == (401, answer.headers["www-authenticate"])


def test_shallow_and_partial_clones_work_and_protocol_two_is_spoken(me: Author, tmp_path: Path) -> None:
    me.push()
    me.push({"line.py": "def predict(model, x: float) -> float:\n    return x\n"})
    address = url(me, user="x", password=me.token)
    shallow = git("clone", "-q", "--depth", "1", address, "shallow", cwd=tmp_path)
    assert shallow.returncode == 0, shallow.stderr
    assert git("rev-list", "--count", "HEAD", cwd=tmp_path / "shallow").stdout.strip() == "1"
    partial = git("clone", "-q", "--bare", "--filter=blob:none", address, "partial", cwd=tmp_path)
    assert partial.returncode == 0, partial.stderr
    missing = git("rev-list", "--objects", "--all", "--missing=print", cwd=tmp_path / "partial").stdout
    assert "?" in missing
    traced = git("-c", "protocol.version=2", "ls-remote", address, cwd=tmp_path, GIT_TRACE_PACKET="1")
    assert "version 2" in traced.stderr


def test_fetching_takes_what_came_since(me: Author, tmp_path: Path) -> None:
    me.push()
    git("clone", "-q", url(me, user="x", password=me.token), "clone", cwd=tmp_path)
    later = me.push({"line.py": "def predict(model, x: float) -> float:\n    return x\n"})
    pulled = git("pull", "-q", cwd=tmp_path / "clone")
    assert pulled.returncode == 0, pulled.stderr
    assert git("rev-parse", "HEAD", cwd=tmp_path / "clone").stdout.strip() == later["commit_id"]


def test_an_empty_repository_is_cloned_empty(me: Author, tmp_path: Path) -> None:
    cloned = git("clone", "-q", url(me, user="x", password=me.token), "clone", cwd=tmp_path)
    assert cloned.returncode == 0, cloned.stderr
    assert git("symbolic-ref", "HEAD", cwd=tmp_path / "clone").stdout.strip() == "refs/heads/main"


def test_objects_are_given_only_to_readers_of_a_repository_that_holds_them(me: Author, tmp_path: Path) -> None:
    me.push()
    other = author(me.server, tmp_path)
    oid = "0" * 64
    with me.server.client(me.token) as mine, me.server.client(other.token) as theirs:
        files = mine.get(f"/api/v1/repos/{me.address}/files").json()
        assert [f["lfs"] for f in files if f["path"] == "model.pkl"] == [True]
        held = hashlib.sha256(pickle.dumps(MODEL)).hexdigest()
        wanted = {"operation": "download", "objects": [{"oid": held, "size": 1}, {"oid": oid, "size": 1}]}
        answer = mine.post(f"/{me.address}.git/info/lfs/objects/batch", json=wanted)
        assert answer.headers["content-type"] == "application/vnd.git-lfs+json"
        given, unknown = answer.json()["objects"]
        assert given["actions"]["download"]["href"].endswith(held)
        assert unknown["error"]["code"] == 404
        foreign = theirs.post(f"/{other.address}.git/info/lfs/objects/batch", json=wanted).json()["objects"]
        assert [o["error"]["code"] for o in foreign] == [404, 404]
        assert theirs.get(f"/{other.address}.git/info/lfs/objects/{held}").status_code == 404
        assert theirs.get(f"/{me.address}.git/info/lfs/objects/{held}").status_code == 404
        other_names = mine.post(f"/{me.address}.git/info/lfs/objects/batch", json=wanted | {"hash_algo": "sha512"})
        assert other_names.status_code == 422


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"operation":"download","objects":[{"oid":"x","size":1}]}', b"[" * 5000, b"x" * 2_000_000]
)
def test_a_batch_that_cannot_be_read_is_a_4xx(me: Author, body: bytes) -> None:
    with me.server.client(me.token) as mine:
        answer = mine.post(f"/{me.address}.git/info/lfs/objects/batch", content=body)
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("path", ["HEAD", "objects/info/packs", "config", "info/refs"])
def test_nothing_else_of_the_repository_is_served(me: Author, path: str) -> None:
    with me.server.client(me.token) as mine:
        assert mine.get(f"/{me.address}.git/{path}").status_code in (403, 404)


def test_raw_files_never_run_in_a_browser(me: Author) -> None:
    page = "<script>alert(1)</script>"
    me.push({"line.py": "def predict(x: int) -> int:\n    return x\n", "a.html": page, "b.svg": "<svg/>",
             "c.png": b"\x89PNG\r\n\x1a\n\x00", "d.bin": b"\x00\x01"}, artifact=None)  # fmt: skip
    with me.server.client(me.token) as mine:
        for path, kind in [
            ("a.html", "text/plain; charset=utf-8"),
            ("b.svg", "text/plain; charset=utf-8"),
            ("c.png", "image/png"),
            ("d.bin", "application/octet-stream"),
        ]:
            answer = mine.get(f"/api/v1/repos/{me.address}/raw", params={"path": path})
            assert answer.headers["content-type"] == kind
            assert answer.headers["content-security-policy"] == "sandbox"
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_raw_artifact_is_the_pickle(me: Author) -> None:
    me.push()
    with me.server.client(me.token) as mine:
        answer = mine.get(f"/api/v1/repos/{me.address}/raw", params={"path": "model.pkl"})
        assert answer.content == pickle.dumps(MODEL)
        assert answer.headers["content-disposition"] == "attachment"
