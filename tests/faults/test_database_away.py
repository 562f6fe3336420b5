"""PostgreSQL stops under a running server and comes back: requests say so meanwhile, and everything goes on after."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults import adder, remains
from modelyard_client import Client
from support import postgres, processes, server, session
from support.server import Server
from support.waiting import until


@pytest.fixture
def own_postgres_server() -> Iterator[tuple[Server, Path]]:
    """A server on a PostgreSQL of its own, and the folder of that."""
    folder, database = session.new_folder("p"), session.new_folder("pg")
    yield server.start(folder, postgres.start_own(database)), database
    processes.stop_recorded(folder)
    processes.stop_recorded(database)
    remains.end_boxes(folder / "d")


def test_absent_database_is_told_and_then_forgotten(own_postgres_server: tuple[Server, Path]) -> None:
    running, database = own_postgres_server
    owner, _, token = running.account()
    with Client(running.url, token=token) as sdk, running.client(token) as client:
        adder.push(sdk, f"{owner}/adder")
        assert adder.follow(sdk, f"{owner}/adder", 1)["state"] == "ready"
        sdk.deploy(f"{owner}/adder", version=1)
        assert sdk.predict(f"{owner}/adder", {"left": 1}).output == 2.5
        building = adder.push(sdk, f"{owner}/adder", right=2, load_seconds=2)

        processes.stop_recorded(database)
        for method, path in (("GET", "/api/v1/repos"), ("POST", "/api/v1/repos"), ("GET", f"/serve/{owner}/x/health")):
            answer = client.request(method, path, json={"name": "new", "kind": "model"})
            assert answer.status_code == 503, (path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["remedy"]

        postgres.start_own(database)
        until(lambda: client.get("/api/v1/repos").status_code == 200, what="an answer with the database back")
        assert sdk.predict(f"{owner}/adder", {"left": 1}).output == 2.5
        ended = until(
            lambda: (v := sdk.get_version(f"{owner}/adder", building["number"]))["state"] in ("ready", "failed") and v,
            seconds=180,
            what="the end of the build that was cut off",
        )
        if ended["state"] == "failed":
            client.post(f"/api/v1/repos/{owner}/adder/versions/2/retry").raise_for_status()
            ended = adder.follow(sdk, f"{owner}/adder", 2)
        assert ended["state"] == "ready", ended
