"""Verbs on deployments, on a real server: what answers before, during and after each."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelyard_client import Client
from rooms.serving.models import BEHAVIOURS, DYING, Yard, boxes, kill_box, yard_on
from support.server import Server
from support.waiting import until


@pytest.fixture(scope="module")
def yard(site: Server) -> Yard:
    return yard_on(site)


def answered(yard: Yard, url: str) -> str:
    """What the model says, or the code of the problem."""
    body = yard.call(url).json()
    return str(body.get("output", body.get("code")))


def test_a_version_switch_under_load_loses_no_request_and_rolls_back_twice(yard: Yard) -> None:
    url = yard.serve("switch")
    yard.push("switch")
    yard.push("switch")
    yard.call(url)
    done, statuses = threading.Event(), Counter[tuple[int, str]]()

    def load() -> None:
        with yard.calling() as client:
            while not done.is_set():
                answer = client.post(f"{url}/model/predict", json={})
                statuses[answer.status_code, answer.headers.get("x-modelyard-version", "")] += 1

    callers = [threading.Thread(target=load) for _ in range(3)]
    for caller in callers:
        caller.start()
    try:
        for expected, act in (
            ("2", lambda: yard.deploy("switch", version=2)),
            ("3", lambda: yard.api("PUT", "switch", "deployment/aliases/production", json={"version": 3})),
            ("2", lambda: yard.api("POST", "switch", "deployment/aliases/production/rollback")),
            ("1", lambda: yard.api("POST", "switch", "deployment/aliases/production/rollback")),
        ):
            act()
            until(lambda wanted=expected: yard.call(url).headers.get("x-modelyard-version") == wanted, seconds=60)
    finally:
        done.set()
        for caller in callers:
            caller.join()
    assert {status for status, _ in statuses} == {200}, statuses
    assert {version for _, version in statuses} == {"1", "2", "3"}
    with yard.calling() as client:
        refused = client.post(f"/api/v1/repos/{yard.address('switch')}/deployment/aliases/production/rollback")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_roll_back")
    verbs = [change["verb"] for change in yard.api("GET", "switch", "deployment/history").json()]
    assert verbs == ["rollback", "rollback", "set", "deploy", "deploy"]


def test_rolling_back_to_a_version_that_was_deleted_says_what_to_do(yard: Yard) -> None:
    yard.push("gone")
    yard.push("gone")
    for number in (1, 2):
        yard.deploy("gone", version=number)
    with yard.calling() as client:
        at = f"/api/v1/repos/{yard.address('gone')}"
        client.delete(f"{at}/versions/1").raise_for_status()
        refused = client.post(f"{at}/deployment/aliases/production/rollback")
        assert (refused.status_code, refused.json()["code"]) == (409, "rollback_target_deleted")
        assert "v1" in refused.json()["detail"]
        assert "Deploy" in refused.json()["remedy"]
        aliases = client.get(f"{at}/deployment").json()["aliases"]
        assert [alias["version"] for alias in aliases] == [2]


def test_versions_and_aliases_have_addresses_of_their_own(yard: Yard) -> None:
    url = yard.serve("many")
    yard.push("many")
    yard.api("PUT", "many", "deployment/aliases/candidate", json={"version": 2})
    assert answered(yard, url) == "v1:"
    assert answered(yard, f"{url}@v2") == answered(yard, f"{url}@candidate") == "v2:"
    assert answered(yard, f"{url}@v9") == "version_missing"
    assert answered(yard, f"{url}@nobody") == "alias_missing"
    yard.api("DELETE", "many", "deployment/aliases/candidate")
    until(lambda: answered(yard, f"{url}@candidate") == "alias_missing", seconds=10)


@pytest.mark.parametrize("alias", ["v3", "Production", "-a", "a" * 40])
def test_aliases_that_are_no_names_are_refused(yard: Yard, alias: str) -> None:
    with yard.calling() as client:
        path = f"/api/v1/repos/{yard.address('switch')}/deployment/aliases/{alias}"
        assert client.put(path, json={"version": 1}).status_code == 422


def test_what_is_stopped_says_so_and_its_boxes_go(yard: Yard) -> None:
    url = yard.serve("halted")
    assert answered(yard, url) == "v1:"
    (replica,) = yard.wait_running("halted", 1)
    yard.api("POST", "halted", "deployment/stop")
    until(lambda: answered(yard, url) == "deployment_stopped", seconds=10)
    until(lambda: not yard.running("halted"), seconds=30)
    assert not boxes(yard.server, replica["id"])
    yard.deploy("halted")
    until(lambda: answered(yard, url) == "v1:", seconds=60)


def test_a_deleted_repository_leaves_no_box(yard: Yard) -> None:
    url = yard.serve("gone")
    yard.call(url)
    (replica,) = yard.wait_running("gone", 1)
    assert boxes(yard.server, replica["id"])
    with yard.calling() as client:
        client.delete(f"/api/v1/repos/{yard.address('gone')}").raise_for_status()
    until(lambda: not boxes(yard.server, replica["id"]), seconds=30)
    with yard.calling() as client:
        assert client.get(url).status_code == 404


def test_replicas_are_kept_warm_and_scaled_both_ways(yard: Yard) -> None:
    yard.serve("warm", keep_warm=True, replicas=2)
    yard.wait_running("warm", 2)
    yard.api("PATCH", "warm", "deployment", json={"replicas": 1})
    yard.wait_running("warm", 1)


def test_an_idle_box_is_stopped_and_starts_again(yard: Yard) -> None:
    url = yard.serve("idle", idle_stop_seconds=5)
    assert "x-modelyard-cold-start" in yard.call(url).headers
    until(lambda: not yard.running("idle"), seconds=30)
    assert "x-modelyard-cold-start" in yard.call(url).headers


def test_a_model_that_does_not_start_says_why_and_is_not_tried_with_every_call(yard: Yard) -> None:
    url = yard.serve("dying", DYING)
    answers = [yard.call(url) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [503] * 6
    assert {answer.json()["code"] for answer in answers} == {"replica_failed"}
    assert "did not start" in answers[0].json()["detail"]
    until(lambda: len(yard.running("dying", "failed")) == 1, seconds=10)
    assert len(yard.deployment("dying")["running"]) == 1
    assert "this model will not start today" in yard.api("GET", "dying", "deployment/log").text


def test_the_version_before_answers_while_the_new_one_fails_to_start(yard: Yard) -> None:
    url = yard.serve("kept")
    assert answered(yard, url) == "v1:"
    assert yard.push("kept", DYING) == 2
    yard.deploy("kept", version=2)
    until(lambda: yard.running("kept", "failed"), seconds=60)
    assert answered(yard, url) == "v1:"
    assert yard.deployment("kept")["aliases"][0]["answering"] == 1


def test_a_killed_box_is_replaced_with_the_next_request_and_its_log_kept(yard: Yard) -> None:
    url = yard.serve("killed")
    yard.call(url, what="raise", text="before the end")
    with ThreadPoolExecutor(4) as callers:  # so that several connections to the box are kept
        list(callers.map(lambda _: yard.call(url, what="sleep", number=0.2), range(4)))
    (replica,) = yard.wait_running("killed", 1)
    kill_box(yard.server, replica["id"])
    answer = yard.call(url)
    assert answer.status_code == 200, answer.text
    until(lambda: yard.running("killed", "failed"), seconds=20)
    assert "before the end" in yard.api("GET", "killed", "deployment/log").text


def test_only_the_owner_may_deploy_and_only_what_is_ready(yard: Yard) -> None:
    yard.push("mine", BEHAVIOURS, visibility="public")
    _, _, stranger = yard.server.account()
    path = f"/api/v1/repos/{yard.address('mine')}/deployment"
    with yard.calling(stranger) as client:
        assert client.put(path, json={}).status_code == 403
    with yard.calling() as client:
        assert client.get(path).json()["code"] == "deployment_missing"
        assert client.put(path, json={"version": 7}).json()["code"] == "version_missing"
        assert client.put(path, json={}).status_code == 202
        assert client.get("/api/v1/deployments").json()["items"]
    with Client(yard.server.url, token=yard.token) as client:
        assert client.predict(yard.address("mine"), {"text": "x"}).output == "v1:x"
