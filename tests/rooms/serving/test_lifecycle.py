"""Servers of their own: killed and started again, short of places, and with weak isolation."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.rooms.accounts.schemas import Role
from rooms.serving.models import Yard, boxes, yard_on
from support import databases, server, session
from support.server import Server
from support.waiting import until


@pytest.fixture(scope="module")
def small() -> Iterator[Yard]:
    """A server with places for two boxes."""
    started = start("small", max_replicas="2")
    yield yard_on(started)
    server.stop(started)


def start(name: str, **settings: str) -> Server:
    folder = session.new_folder(name)
    return server.start(folder, databases.create("sqlite", folder), **settings)


def test_a_box_answers_on_when_the_server_was_killed(small: Yard) -> None:
    url = small.serve("lasting")
    assert small.call(url).status_code == 200
    (replica,) = small.wait_running("lasting", 1)
    os.kill(small.server.pid, signal.SIGKILL)
    server.restart(small.server)
    assert small.call(url).status_code == 200
    (again,) = small.wait_running("lasting", 1)
    assert again == replica
    assert len(boxes(small.server)) == 1


def test_the_box_that_was_idle_longest_makes_room(small: Yard) -> None:
    urls = [small.serve(name) for name in ("one", "two", "three")]
    for url in urls:
        assert small.call(url).status_code == 200
    assert len(boxes(small.server)) <= 2
    assert not small.running("one")
    assert small.running("three")
    assert small.call(urls[0]).status_code == 200


def test_what_is_wanted_warm_puts_nobody_out(small: Yard) -> None:
    for name in ("one", "two"):
        assert small.call(f"/serve/{small.address(name)}").status_code == 200
    before = {path.name for path in boxes(small.server)}
    small.serve("three", keep_warm=True)
    until(lambda: small.call(f"/serve/{small.address('one')}").status_code == 200, seconds=10)
    assert {path.name for path in boxes(small.server)} == before
    small.api("POST", "three", "deployment/stop")


def test_a_version_takes_over_although_all_places_are_taken(small: Yard) -> None:
    for name in ("one", "moved"):
        assert small.call(small.serve(name)).status_code == 200
    url = f"/serve/{small.address('moved')}"
    number = small.push("moved")
    small.api("PUT", "moved", "deployment/aliases/production", json={"version": number})
    until(lambda: small.call(url).json()["output"] == f"v{number}:", seconds=60, what="the new version answers")
    assert not small.running("one")


def test_calls_by_number_put_out_no_alias_and_nothing_what_is_kept_warm(small: Yard) -> None:
    small.serve("warm", keep_warm=True)
    url = small.serve("aliased", visibility="public")
    small.push("aliased")
    assert small.call("/serve/" + small.address("warm")).status_code == 200
    (kept,) = small.wait_running("warm", 1)
    assert small.call(url).status_code == 200
    with small.calling("") as nobody:
        refused = nobody.post(f"{url}@v2/model/predict", json={})
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_replicas")
        assert int(refused.headers["retry-after"]) > 0
        assert nobody.post(f"{url}@v1/model/predict", json={}).status_code == 200  # the alias points at it
    assert small.call(small.serve("another")).status_code == 200
    assert small.running("warm") == [kept]
    assert not small.running("aliased")
    small.api("POST", "warm", "deployment/stop")


@pytest.fixture(scope="module")
def weak() -> Iterator[Server]:
    """A server that isolates nothing and trusts nobody but its administrators."""
    started = start("weak", isolation="chroot")
    yield started
    server.stop(started)


def test_strangers_code_does_not_run_where_isolation_is_weak(weak: Server) -> None:
    stranger = yard_on(weak)
    with pytest.raises(AssertionError, match="not enough for strangers"):
        stranger.push("model")


def test_code_of_administrators_runs_and_no_longer_when_they_are_none(weak: Server) -> None:
    username, _, token = weak.account(Role.ADMINISTRATOR)
    owner = Yard(weak, username, token)
    url = owner.serve("model")
    assert owner.call(url).status_code == 200
    with weak.client() as administrator:
        administrator.patch(f"/api/v1/accounts/{username}", json={"role": "creator"}).raise_for_status()
    owner.api("POST", "model", "deployment/stop")
    until(lambda: not owner.running("model"), seconds=30)
    owner.deploy("model")
    until(lambda: owner.call(url).json()["code"] != "deployment_stopped", seconds=10)
    refused = owner.call(url)
    assert (refused.status_code, refused.json()["code"]) == (503, "isolation_too_weak")
    assert "MODELYARD_TRUSTED_CREATORS" in refused.json()["remedy"]


def test_folders_of_sockets_are_few(small: Yard) -> None:
    """What boxes that ended left is gone."""
    sockets = Path(small.server.folder) / "d" / "s"
    until(lambda: len(list(sockets.iterdir())) == len(boxes(small.server)), seconds=20)
