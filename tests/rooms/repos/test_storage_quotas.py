"""Whatever door bytes come through, they count against the owner's quota; stock clients say why they are refused."""

import os
from pathlib import Path
from typing import Any

import pytest

from rooms.datasets.shelf import Collector, collector
from rooms.dvc.test_dvc import run_dvc, workspace
from rooms.repos.test_lfs import lfs_folder
from rooms.repos.wire import clone, git, write_commit
from rooms.versions.tiny import Author, author
from support.server import Server

MB = 1000**2


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    return author(site, tmp_path)


def set_quota(server: Server, username: str, size: int | None) -> None:
    with server.client() as administrator:
        path = f"/api/v1/accounts/{username}/quotas"
        assert administrator.put(path, json={"quotas": {"storage_bytes": size}}).is_success


def storage(me: Author) -> dict[str, Any]:
    with me.server.client(me.token) as client:
        found = client.get("/api/v1/usage/quotas").json()["items"]
    return next(one for one in found if one["kind"] == "storage_bytes")


def test_packs_that_git_pushes_count_and_are_refused_in_words(me: Author, tmp_path: Path) -> None:
    set_quota(me.server, me.username, 3 * MB)
    work = clone(me, tmp_path)
    write_commit(work, {"a.bin": os.urandom(2 * MB)})
    assert git("push", "-q", "origin", "HEAD:main", cwd=work).returncode == 0
    assert 2 * MB <= storage(me)["used"] < 2.1 * MB
    write_commit(work, {"b.bin": os.urandom(2 * MB)})
    refused = git("push", "origin", "HEAD:main", cwd=work)
    assert refused.returncode != 0
    assert "The push needs 1.9 MiB of storage; 1.0 MiB of the owner's quota" in " ".join(refused.stderr.split())
    assert storage(me)["used"] < 2.1 * MB
    set_quota(me.server, me.username, 2 * MB)
    refused = git("push", "origin", "HEAD:main", cwd=work)
    assert "storage_bytes: 0 of 2000000 left" in refused.stderr
    assert "ask an administrator" in refused.stderr
    set_quota(me.server, me.username, None)
    assert git("push", "-q", "origin", "HEAD:main", cwd=work).returncode == 0


def test_commits_by_hand_count(me: Author) -> None:
    before = storage(me)["used"]
    with me.server.client(me.token) as client:
        change = {"path": "a.txt", "content": os.urandom(50_000).hex()}
        wanted = {"branch": "main", "base": "0" * 40, "message": "by hand", "changes": [change]}
        assert client.post(f"/api/v1/repos/{me.address}/commits", json=wanted).status_code == 201
    assert 50_000 <= storage(me)["used"] - before < 100_000


def test_a_fork_needs_as_much_room_as_it_takes(site: Server, me: Author, tmp_path: Path) -> None:
    work = clone(me, tmp_path)
    write_commit(work, {"a.bin": os.urandom(MB)})
    assert git("push", "-q", "origin", "HEAD:main", cwd=work).returncode == 0
    username, _, token = site.account()
    with site.client(token) as other, me.server.client(me.token) as client:
        assert client.patch(f"/api/v1/repos/{me.address}", json={"visibility": "internal"}).is_success
        set_quota(site, username, MB // 2)
        refused = other.post(f"/api/v1/repos/{me.address}/fork", json={})
        assert (refused.status_code, refused.json()["code"]) == (402, "storage_used_up")
        assert other.get(f"/api/v1/repos/{username}/{me.name}").status_code == 404
        set_quota(site, username, 2 * MB)
        assert other.post(f"/api/v1/repos/{me.address}/fork", json={}).status_code == 201


def test_objects_that_git_lfs_pushes_count_and_are_refused_in_words(me: Author, tmp_path: Path) -> None:
    set_quota(me.server, me.username, 3 * MB)
    work = lfs_folder(me, tmp_path, {"a.bin": os.urandom(2 * MB)})
    assert git("lfs", "push", "--all", "origin", cwd=work).returncode == 0
    assert storage(me)["used"] >= 2 * MB
    other = lfs_folder(me, tmp_path, {"b.bin": os.urandom(2 * MB)})
    refused = git("lfs", "push", "--all", "origin", cwd=other)
    assert refused.returncode != 0
    assert "storage_bytes: 1000000 of 3000000 left, 2000000 asked for" in refused.stderr + refused.stdout


def test_what_dvc_pushes_counts_and_is_refused(site: Server, tmp_path: Path) -> None:
    me: Collector = collector(site, tmp_path)
    set_quota(site, me.username, 3 * MB)
    work = workspace(me, tmp_path)
    for name, returncode in {"a.bin": 0, "b.bin": 1}.items():
        (work / name).write_bytes(os.urandom(2 * MB))
        assert run_dvc("add", "-q", name, cwd=work).returncode == 0
        pushed = run_dvc("push", f"{name}.dvc", cwd=work)
        assert bool(pushed.returncode) == bool(returncode), pushed.stderr
    assert "402" in pushed.stderr
    assert "Payment Required" in pushed.stderr
