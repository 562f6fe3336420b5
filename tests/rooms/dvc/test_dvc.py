"""A DVC remote with the stock client, and as a stranger would try it."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from rooms.datasets.shelf import Collector, collector
from rooms.repos.test_clone import git
from support.clients import DVC, python_with
from support.server import Server
from support.waiting import until


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Collector:
    return collector(site, tmp_path)


def token_of(me: Collector) -> str:
    return me.http.headers["Authorization"].removeprefix("Bearer ")


def dvc(*arguments: str, cwd: Path) -> str:
    """What the real client says; it has to succeed."""
    done = run_dvc(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def run_dvc(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The real client, with a home of the test's own."""
    python = python_with(DVC, name="dvc")
    home = cwd.parent / "dvc-home"
    home.mkdir(exist_ok=True)
    environment = {
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(home),
        "DVC_SITE_CACHE_DIR": str(home / "site"),
    }
    return subprocess.run(
        [python, "-m", "dvc", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def sign_in(me: Collector, work: Path, remote: str = "modelyard") -> None:
    for name, value in {"auth": "basic", "user": "x", "password": token_of(me)}.items():
        dvc("remote", "modify", "--local", remote, name, value, cwd=work)


def workspace(me: Collector, folder: Path, name: str = "work") -> Path:
    """A DVC project whose remote is the repository."""
    work = folder / name
    work.mkdir()
    git("init", "-q", cwd=work)
    dvc("init", "-q", cwd=work)
    dvc("remote", "add", "-d", "modelyard", f"{me.server.url}/dvc/{me.address}", cwd=work)
    sign_in(me, work)
    return work


def fill(work: Path) -> dict[str, bytes]:
    files = {f"data/{name}": os.urandom(size) for name, size in {"a.bin": 2_500_000, "in/b.txt": 20, "c": 1}.items()}
    files["data/empty"] = b""
    for path, content in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(content)
    return files


def address(data: bytes, suffix: str = "") -> str:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return f"files/md5/{md5[:2]}/{md5[2:]}{suffix}"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_stock_client_pushes_asks_and_pulls(me: Collector, tmp_path: Path, method: str) -> None:
    work = workspace(me, tmp_path)
    dvc("remote", "modify", "modelyard", "method", method, cwd=work)
    files = fill(work)
    dvc("add", "-q", "data", cwd=work)
    assert "new:" in dvc("status", "-c", cwd=work)
    assert "5 files pushed" in dvc("push", cwd=work)
    assert "in sync" in dvc("status", "-c", cwd=work)
    assert "up to date" in dvc("push", cwd=work)
    other = workspace(me, tmp_path, "other")
    (other / "data.dvc").write_bytes((work / "data.dvc").read_bytes())
    dvc("pull", "-q", cwd=other)
    assert {path: (other / path).read_bytes() for path in files} == files


def test_every_version_of_a_dataset_comes_by_git_clone_and_dvc_pull(me: Collector, tmp_path: Path) -> None:
    first = {"large/[x] 1.bin": os.urandom(2**20), "two.bin": os.urandom(2**20 + 7), "small.txt": b"small\n"}
    me.ready(me.push(first))
    second = first | {"two.bin": os.urandom(2**20 + 1)}
    me.ready(me.push(second))
    url = f"{me.server.url.replace('://', f'://x:{token_of(me)}@')}/{me.address}.git"
    for number, files in {1: first, 2: second}.items():
        clone = tmp_path / f"v{number}"
        cloned = git("clone", "-q", "-b", f"dvc/v{number}", url, clone.name, cwd=tmp_path)
        assert cloned.returncode == 0, cloned.stderr
        sign_in(me, clone)
        dvc("pull", "-q", cwd=clone)
        assert {path: (clone / path).read_bytes() for path in files} == files
        assert git("status", "--porcelain", cwd=clone).stdout == ""
        assert (
            git("rev-parse", "HEAD^", cwd=clone).stdout == git("rev-parse", f"v{number}^{{commit}}", cwd=clone).stdout
        )
    assert me.http.get(f"{me.path}/versions/2/files").json()["items"]


def test_a_version_that_goes_takes_its_tag_along(me: Collector, tmp_path: Path) -> None:
    me.ready(me.push({"a.bin": os.urandom(2**20)}))
    url = f"{me.server.url.replace('://', f'://x:{token_of(me)}@')}/{me.address}.git"
    assert "refs/tags/dvc/v1" in git("ls-remote", url, cwd=tmp_path).stdout
    assert me.http.delete(f"{me.path}/versions/1").status_code == 204
    assert "refs/tags" not in git("ls-remote", url, cwd=tmp_path).stdout


def test_objects_by_their_addresses(me: Collector) -> None:
    data, base = os.urandom(2_000_000), f"/dvc/{me.address}"
    assert me.http.head(f"{base}/{address(data)}").status_code == 404
    assert me.http.post(f"{base}/{address(data)}", content=iter([data[:9], data[9:]])).status_code == 200
    assert me.http.put(f"{base}/{address(data)}", content=data).status_code == 200
    told = me.http.head(f"{base}/{address(data)}")
    assert (told.status_code, told.headers["content-length"]) == (200, str(len(data)))
    part = me.http.get(f"{base}/{address(data)}", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, data[5:10])
    listing = b'[{"md5": "x", "relpath": "y"}]'
    assert me.http.post(f"{base}/{address(listing, '.dir')}", content=listing).status_code == 200
    assert me.http.get(f"{base}/{address(listing, '.dir')}").content == listing
    assert me.http.get(f"{base}/{address(listing)}").status_code == 404


def test_dvc_two_has_names_of_its_own(me: Collector) -> None:
    text = b"one\r\ntwo\r\n"
    unix = hashlib.md5(text.replace(b"\r\n", b"\n"), usedforsecurity=False).hexdigest()
    base = f"/dvc/{me.address}"
    assert me.http.post(f"{base}/{unix[:2]}/{unix[2:]}", content=text).status_code == 200
    assert me.http.get(f"{base}/{unix[:2]}/{unix[2:]}").content == text
    assert me.http.get(f"{base}/files/md5/{unix[:2]}/{unix[2:]}").status_code == 404
    refused = me.http.post(f"{base}/files/md5/{unix[:2]}/{unix[2:]}", content=text)
    assert (refused.status_code, refused.json()["code"]) == (422, "dvc_checksum_mismatch")


@pytest.mark.parametrize("sent", [b"", b"other", b"x" * 3_000_000], ids=["nothing", "other", "more"])
def test_bytes_with_another_md5_are_not_kept(me: Collector, sent: bytes) -> None:
    data = os.urandom(1000)
    refused = me.http.post(f"/dvc/{me.address}/{address(data)}", content=sent)
    assert (refused.status_code, refused.json()["code"]) == (422, "dvc_checksum_mismatch")
    assert me.http.get(f"/dvc/{me.address}/{address(data)}").status_code == 404
    staging = me.server.folder / "d/blobs/staging"
    until(lambda: not list(staging.glob("put-*")), seconds=20, what="what was refused has gone")


@pytest.mark.parametrize("path", ["files/md5/..%2f..%2fx", "%2e%2e/%2e%2e/x", "files/md5/01/x", "x", "files/md5", ""])
def test_what_is_no_name_is_refused(me: Collector, path: str) -> None:
    assert me.http.get(f"/dvc/{me.address}/{path}").status_code == 404
    assert me.http.post(f"/dvc/{me.address}/{path}", content=b"x").status_code in (404, 422)


def test_who_may_and_what_a_name_gives(me: Collector, tmp_path: Path) -> None:
    data, other = os.urandom(100), collector(me.server, tmp_path)
    path = f"/dvc/{me.address}/{address(data)}"
    assert me.http.post(path, content=data).status_code == 200
    assert other.http.get(path).status_code == 404
    assert other.http.post(path, content=data).status_code == 404
    assert other.http.get(f"/dvc/{other.address}/{address(data)}").status_code == 404
    with me.server.client("") as nobody:
        refused = nobody.get(path)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Basic realm="modelyard"')
        me.http.patch(me.path, json={"visibility": "public"})
        assert nobody.get(path).content == data
        assert nobody.post(path, content=data).status_code == 401
    assert other.http.get(path).content == data
    assert other.http.post(path, content=data).status_code == 403
