"""Forks: files, history and large files of what the caller may read, as a repository of their own."""

import secrets
from pathlib import Path

import pytest

from modelyard_client import ClientError
from modelyard_client.client import Client
from rooms.versions.tiny import MODEL, SOURCE, Author, author
from support.server import Server
from support.waiting import until


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    mine = author(site, tmp_path, visibility="internal")
    mine.ready(mine.push())
    return mine


@pytest.fixture
def other(site: Server) -> Author:
    username, password, token = site.account()
    return Author(site, username, password, token, Client(site.url, token=token), Path(), "line")


def fork(who: Author, address: str, **wanted: str) -> dict[str, object]:
    found: dict[str, object] = who.client.transport.json("POST", f"/repos/{address}/fork", json=wanted)
    return found


def test_a_fork_has_the_files_and_the_history_and_may_be_pushed_to(me: Author, other: Author, tmp_path: Path) -> None:
    made = fork(other, me.address)
    assert (made["owner"], made["name"], made["visibility"]) == (other.username, "line", "private")
    assert made["forked_from"] == me.address
    with other.server.client(other.token) as client:
        files = {name: client.get(f"/api/v1/repos/{name}/files").json() for name in (me.address, other.address)}
        assert files[me.address] == files[other.address] != []
        commits = [client.get(f"/api/v1/repos/{name}/commits").json() for name in files]
        assert commits[0] == commits[1]
        large = client.get(f"/api/v1/repos/{other.address}/raw", params={"path": "model.pkl"})
        assert large.content == client.get(f"/api/v1/repos/{me.address}/raw", params={"path": "model.pkl"}).content
        assert client.get(f"{other.versions}").json()["items"] == []
    mine = Author(**other.__dict__ | {"folder": tmp_path})
    version = mine.ready(mine.push({"line.py": SOURCE.replace("slope", "slope") + "# changed\n"}))
    assert version["number"] == 1
    with me.server.client(me.token) as client:
        assert len(client.get(f"/api/v1/repos/{me.address}/commits").json()) == 1


def test_a_fork_outlives_its_source(me: Author, other: Author) -> None:
    fork(other, me.address, name="kept", visibility="public")
    me.client.transport.send("DELETE", f"/api/v1/repos/{me.address}")
    with other.server.client(other.token) as client:
        address = f"/api/v1/repos/{other.username}/kept"
        until(lambda: client.get(address).json()["forked_from"] is None, seconds=30, what="the source to go")
        assert len(client.get(f"{address}/raw", params={"path": "model.pkl"}).content) > len(str(MODEL)) / 4


def test_a_fork_of_a_fork_names_its_source_only_to_those_who_may_see_it(me: Author, other: Author) -> None:
    fork(other, me.address, name="second")
    third = fork(other, f"{other.username}/second", name="third", visibility="public")
    assert third["forked_from"] == f"{other.username}/second"
    with me.server.client(me.token) as client:
        seen = client.get(f"/api/v1/repos/{other.username}/third").json()
        assert seen["forked_from"] is None


def test_what_may_not_be_read_may_not_be_forked(me: Author, other: Author) -> None:
    with me.server.client(me.token) as client:
        client.patch(f"/api/v1/repos/{me.address}", json={"visibility": "private"})
    with pytest.raises(ClientError, match="There is no"):
        fork(other, me.address)
    with me.server.client("") as nobody:
        assert nobody.post(f"/api/v1/repos/{me.address}/fork", json={}).status_code == 401


def test_a_name_that_is_taken_is_refused_and_leaves_nothing(me: Author) -> None:
    git = me.server.folder / "d" / "git"
    before = {path.name for path in git.glob("*/*")}
    with pytest.raises(ClientError) as caught:
        fork(me, me.address)
    assert (caught.value.code, caught.value.field) == ("repository_exists", "name")
    assert not [path for path in git.glob("*/*.new") if path.name not in before]
    assert fork(me, me.address, name=f"copy-{secrets.token_hex(3)}")["forked_from"] == me.address


def test_an_empty_repository_can_be_forked(me: Author, other: Author) -> None:
    me.client.create_repository(f"{me.username}/empty", visibility="public", kind="dataset")
    assert fork(other, f"{me.username}/empty")["kind"] == "dataset"
    with other.server.client(other.token) as client:
        assert client.get(f"/api/v1/repos/{other.username}/empty/files").json() == []
