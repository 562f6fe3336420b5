"""``Idempotency-Key`` on real routes: those of the accounts room."""

import threading
from datetime import timedelta

import pytest
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.testclient import TestClient

from modelyard.kit.db import Database
from modelyard.kit.http import Writing
from modelyard.rooms.access import service as access
from modelyard.rooms.access.idempotency import HOLDS_SECRET, IdempotentRoute
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Role, Scope
from rooms.accounts.small_site import SmallSite

KEY = {"Idempotency-Key": "4f1c"}


@pytest.fixture
def site(db: Database) -> SmallSite:
    return SmallSite(db)


@pytest.fixture
def script(site: SmallSite) -> TestClient:
    with site.database.write() as session:
        account = accounts.create_account(session, username="root-1", password=None, role=Role.ADMINISTRATOR)
    return site.script(site.token(account, *Scope))


def test_same_request_is_carried_out_once_and_answered_alike(script: TestClient) -> None:
    first = script.patch("accounts/root-1", json={"display_name": "One"}, headers=KEY)
    script.patch("accounts/root-1", json={"display_name": "Two"})
    second = script.patch("accounts/root-1", json={"display_name": "One"}, headers=KEY)
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert script.get("session").json()["account"]["display_name"] == "Two", "it must not be carried out again"


def test_another_request_with_the_key_is_refused(script: TestClient) -> None:
    script.patch("accounts/root-1", json={"display_name": "One"}, headers=KEY)
    for answer in (
        script.patch("accounts/root-1", json={"display_name": "Two"}, headers=KEY),
        script.patch("account", json={"display_name": "One"}, headers=KEY),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_answer_with_a_secret_is_not_kept(site: SmallSite, script: TestClient) -> None:
    made = script.post("accounts", json={"username": "ada"}, headers=KEY).json()
    again = script.post("accounts", json={"username": "ada"}, headers=KEY)
    assert (again.status_code, again.json()["code"]) == (409, "already_answered")
    with site.database.engine.connect() as connection:
        assert made["password"] not in str(list(connection.exec_driver_sql("SELECT * FROM idempotency_keys")))


def test_failed_request_may_be_sent_again(script: TestClient) -> None:
    body = {"disabled": True}
    assert script.patch("accounts/ada", json=body, headers=KEY).status_code == 404
    assert script.post("accounts", json={"username": "ada"}).status_code == 201
    assert script.patch("accounts/ada", json=body, headers=KEY).json()["disabled"] is True


def test_keys_of_accounts_are_their_own(site: SmallSite, script: TestClient) -> None:
    with site.database.write() as session:
        ada = accounts.create_account(session, username="ada", password=None, role=Role.READER)
    body = {"display_name": "Mine"}
    answers = [s.patch("account", json=body, headers=KEY) for s in (script, site.script(site.token(ada, Scope.WRITE)))]
    assert [answer.json()["username"] for answer in answers] == ["root-1", "ada"]


def test_token_without_the_scope_gets_no_kept_answer(site: SmallSite, script: TestClient) -> None:
    body = {"display_name": "One"}
    assert script.patch("account", json=body, headers=KEY).status_code == 200
    with site.database.read() as session:
        account = accounts.find_account(session, "root-1")
    assert account is not None
    answer = site.script(site.token(account, Scope.READ)).patch("account", json=body, headers=KEY)
    assert answer.json()["code"] == "scope_missing"


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "ä"])
def test_bad_keys_are_refused(script: TestClient, key: str) -> None:
    answer = script.patch("account", json={"display_name": "x"}, headers={"Idempotency-Key": key.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_idempotency_key")


def test_answers_are_forgotten_after_a_day(site: SmallSite, script: TestClient) -> None:
    script.patch("account", json={"display_name": "One"}, headers=KEY)
    site.clock.advance(timedelta(days=1, seconds=1))
    with site.database.write() as session:
        assert access.forget_answers(session, clock=site.clock) == 1
    assert script.patch("account", json={"display_name": "Two"}, headers=KEY).json()["display_name"] == "Two"


def test_same_request_at_once_changes_things_once(site: SmallSite, script: TestClient) -> None:
    together = threading.Barrier(4)
    statuses: list[int] = []

    def invite() -> None:
        together.wait()
        statuses.append(script.post("invitations", json={}, headers=KEY).status_code)

    threads = [threading.Thread(target=invite) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 409, 409, 409]
    assert len(script.get("invitations").json()["items"]) == 1


def test_lost_answer_does_not_lose_the_key(
    site: SmallSite, script: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure while the answer is being kept undoes the changes with it."""

    def fail(*_args: object, **_values: object) -> bool:
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as broken:
        broken.setattr("modelyard.rooms.access.store.keep_answer", fail)
        dying = TestClient(site.app, base_url=script.base_url, headers=script.headers, raise_server_exceptions=False)
        assert dying.post("invitations", json={}, headers=KEY).status_code == 500
    assert script.get("invitations").json()["items"] == []
    assert script.post("invitations", json={}, headers=KEY).status_code == 201


def test_header_is_described_once_and_only_on_mutations(site: SmallSite) -> None:
    paths = site.app.openapi()["paths"]
    assert [p["name"] for p in paths["/api/v1/account"]["patch"]["parameters"]] == ["Idempotency-Key"]
    assert "parameters" not in paths["/api/v1/session"]["get"]


def test_route_that_cannot_honour_the_key_is_refused_at_start() -> None:
    router = APIRouter(route_class=IdempotentRoute)
    with pytest.raises(RuntimeError, match="/forgetful"):
        router.post("/forgetful")(lambda: None)


def test_secret_that_would_be_kept_is_refused_at_start() -> None:
    class Made(BaseModel):
        secret: str

    def make(session: Writing) -> Made:
        return Made(secret="s")

    router = APIRouter(route_class=IdempotentRoute)
    with pytest.raises(RuntimeError, match="holds a secret"):
        router.post("/made")(make)
    router.post("/made", dependencies=[HOLDS_SECRET])(make)
