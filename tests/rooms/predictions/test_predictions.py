"""Predictions on their way from a real box into the database, and to the owner."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from rooms.serving.models import Yard, kill_box, yard_on
from support import databases, server, session
from support.server import Server
from support.waiting import until


@pytest.fixture(scope="module")
def yard(site: Server) -> Yard:
    return yard_on(site)


def listed(yard: Yard, name: str, **query: Any) -> list[dict[str, Any]]:
    return yard.api("GET", name, "predictions", params=query).json()["items"]


def wait_listed(yard: Yard, name: str, count: int, **query: Any) -> list[dict[str, Any]]:
    until(lambda: len(listed(yard, name, **query)) == count, seconds=30, what=f"{count} predictions of {name}")
    return listed(yard, name, **query)


def test_predictions_are_reported_with_the_ids_that_callers_were_told(yard: Yard) -> None:
    url = yard.serve("counted")
    fine = [yard.call(url, text="a") for _ in range(3)]
    wrong = yard.call(url, what="raise")
    ids = [answer.headers["x-prediction-id"] for answer in (*fine, wrong)]
    assert [answer.json()["id"] for answer in (*fine, wrong)] == ids
    found = wait_listed(yard, "counted", 4)
    assert [row["id"] for row in found] == sorted(ids, reverse=True)
    assert {row["id"]: row["status"] for row in found} == dict.fromkeys(ids[:3], 200) | {ids[3]: 500}
    assert len({row["input_digest"] for row in found}) == 2
    assert all(row["version"] == 1 and row["seconds"] > 0 and row["size"] > 0 for row in found)
    assert all(row["inputs"] is None and row["output"] is None for row in found)
    one = yard.api("GET", "counted", f"predictions/{ids[0]}").json()
    assert one == next(row for row in found if row["id"] == ids[0])


def test_filters_and_pages(yard: Yard) -> None:
    url = yard.serve("paged")
    for number in range(5):
        yard.call(url, text=str(number))
    yard.call(url, what="raise")
    newest_first = [row["id"] for row in wait_listed(yard, "paged", 6)]
    assert len(listed(yard, "paged", status=500)) == 1
    assert len(listed(yard, "paged", status=200, version=1)) == 5
    assert listed(yard, "paged", version=2) == []
    seen, cursor = [], None
    while True:
        page = yard.api("GET", "paged", "predictions", params={"limit": 4} | ({"cursor": cursor} if cursor else {}))
        seen += [row["id"] for row in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
    assert seen == newest_first


def test_inputs_are_kept_only_while_the_deployment_says_so(yard: Yard) -> None:
    url = yard.serve("keeping", keep_inputs=True)
    assert yard.deployment("keeping")["keep_inputs"] is True
    yard.call(url, text="kept")
    (row,) = wait_listed(yard, "keeping", 1)
    assert row["inputs"] == {"text": "kept"}
    assert row["output"] == "v1:kept"
    yard.api("PATCH", "keeping", "deployment", json={"keep_inputs": False})
    yard.call(url, text="not kept")
    newest, oldest = wait_listed(yard, "keeping", 2)
    assert (newest["inputs"], newest["output"]) == (None, None)
    assert oldest["inputs"] == {"text": "kept"}


def test_only_the_owner_reads_predictions(yard: Yard) -> None:
    url = yard.serve("open", visibility="public")
    identifier = yard.call(url, text="a").headers["x-prediction-id"]
    wait_listed(yard, "open", 1)
    _, _, stranger = yard.server.account()
    path = f"/api/v1/repos/{yard.address('open')}/predictions"
    for token, status in ((stranger, 403), ("", 401)):
        with yard.calling(token) as client:
            assert client.get(path).status_code == status
            assert client.get(f"{path}/{identifier}").status_code == status
    with yard.calling() as client:
        missing = client.get(f"{path}/01a1fd56-288a-738b-9efe-03ceb13da0bc")
    assert (missing.status_code, missing.json()["code"]) == (404, "prediction_missing")


def test_callers_do_not_get_at_the_records(yard: Yard) -> None:
    url = yard.serve("private")
    with yard.calling() as client:
        for path in ("/-/records", "/%2d/records", "/%2D%2Frecords", "/-%2frecords", "/-/", "/-/records?x"):
            answer = client.post(f"{url}{path}", json={"stored": 10**6})
            assert (answer.status_code, answer.json()["code"]) == (404, "serve_address_invalid"), path


def test_what_was_predicted_is_fetched_before_a_box_goes(yard: Yard) -> None:
    url = yard.serve("going")
    yard.call(url, text="last words")
    yard.api("POST", "going", "deployment/stop")
    wait_listed(yard, "going", 1)


@pytest.fixture
def own() -> Iterator[Yard]:
    """A server that no other test uses."""
    folder = session.new_folder("outage")
    started = server.start(folder, databases.create("sqlite", folder))
    yield yard_on(started)
    server.stop(started)


def test_predictions_outlast_an_outage_of_the_platform(own: Yard) -> None:
    """The server is killed before it fetched; the box, which runs on, still has them, and each is stored once."""
    yard = own
    url = yard.serve("lasting")
    ids = [yard.call(url, text="a").headers["x-prediction-id"] for _ in range(5)]
    os.kill(yard.server.pid, signal.SIGKILL)
    server.restart(yard.server)
    ids += [yard.call(url, text="b").headers["x-prediction-id"] for _ in range(2)]
    found = wait_listed(yard, "lasting", 7)
    assert [row["id"] for row in found] == sorted(ids, reverse=True)


def test_a_box_that_is_killed_leaves_no_trace_of_trouble(yard: Yard) -> None:
    url = yard.serve("killed")
    yard.call(url, text="a")
    (replica,) = yard.wait_running("killed", 1)
    kill_box(yard.server, replica["id"])
    assert yard.call(url, text="b").status_code == 200
    until(lambda: listed(yard, "killed"), seconds=30)


def test_predictions_their_answers_and_their_box_are_the_owners_usage(yard: Yard) -> None:
    def used() -> dict[str, float]:
        with yard.calling() as client:
            lines = client.get("/api/v1/usage", params={"by": "version"}).json()["items"]
        return {line["kind"]: line["quantity"] for line in lines if line["repository"] == yard.address("paid")}

    url = yard.serve("paid")
    answers = [yard.call(url, text="a"), yard.call(url, text="b"), yard.call(url, what="raise")]
    wait_listed(yard, "paid", 3)
    assert used()["predictions"] == 2
    sent = sum(len(answer.content) for answer in answers)
    until(lambda: used().get("bytes_out") == sent, seconds=60, what="the bytes that were sent are written down")
    yard.api("POST", "paid", "deployment/stop")
    until(lambda: used().get("memory_gb_seconds"), seconds=60, what="what the box used is written down at its end")
    assert used()["cpu_seconds"] > 0
