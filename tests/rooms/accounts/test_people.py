"""What administrators do with accounts."""

import threading

import pytest
from starlette.testclient import TestClient

from modelyard.rooms.accounts import service
from modelyard.rooms.accounts.schemas import ANONYMOUS, Role, Scope
from rooms.accounts.small_site import PASSWORD, SmallSite


@pytest.fixture
def administrator(site: SmallSite) -> TestClient:
    site.account("root-1", Role.ADMINISTRATOR)
    return site.signed_in("root-1")


def test_created_account_gets_a_password_that_works_once_told(site: SmallSite, administrator: TestClient) -> None:
    made = administrator.post("accounts", json={"username": "ada", "display_name": "Ada"})
    assert made.status_code == 201
    assert made.json()["account"]["role"] == "creator"
    answer = site.browser().post("session", json={"username": "ada", "password": made.json()["password"]})
    assert answer.json()["account"]["display_name"] == "Ada"


def test_given_password_is_not_told_again(administrator: TestClient) -> None:
    made = administrator.post("accounts", json={"username": "ada", "password": PASSWORD})
    assert made.json()["password"] is None
    assert PASSWORD not in made.text


@pytest.mark.parametrize("username", ["Ada", "a", "a" * 40, "-a", "a--b", "a/b", "api", "v2", "äda", "a b", "a\n", ""])
def test_names_that_are_no_addresses_are_refused(administrator: TestClient, username: str) -> None:
    answer = administrator.post("accounts", json={"username": username})
    assert answer.status_code == 422
    assert answer.json()["field"] == "username"
    assert answer.json()["remedy"]


def test_name_is_given_once(administrator: TestClient) -> None:
    statuses = [administrator.post("accounts", json={"username": "ada"}).status_code for _ in range(2)]
    assert statuses == [201, 409]


def test_reset_password_replaces_the_old_one_and_ends_sessions(site: SmallSite, administrator: TestClient) -> None:
    site.account("ada")
    browser = site.signed_in("ada")
    password = administrator.post("accounts/ada/password").json()["password"]
    assert browser.get("session").json()["account"] is None
    statuses = [
        site.browser().post("session", json={"username": "ada", "password": p}).status_code
        for p in (PASSWORD, password)
    ]
    assert statuses == [401, 200]
    assert administrator.post("accounts/nobody-here/password").json()["code"] == "account_missing"


def test_last_administrator_stays(site: SmallSite, administrator: TestClient) -> None:
    for change in ({"role": "creator"}, {"disabled": True}):
        answer = administrator.patch("accounts/root-1", json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    assert administrator.patch("accounts/root-1", json={"display_name": "Root"}).json()["display_name"] == "Root"

    site.account("root-2", Role.ADMINISTRATOR)
    assert administrator.patch("accounts/root-2", json={"disabled": True}).status_code == 200
    assert administrator.patch("accounts/root-1", json={"disabled": True}).status_code == 409, "a disabled one is none"


def test_two_administrators_cannot_remove_each_other_at_once(site: SmallSite) -> None:
    names = ("root-1", "root-2")
    for name in names:
        site.account(name, Role.ADMINISTRATOR)
    together = threading.Barrier(2)
    failures: list[Exception] = []

    def demote(name: str) -> None:
        together.wait()
        try:
            with site.database.write() as session:
                service.change_account(session, name, role=Role.READER, by=ANONYMOUS)
        except Exception as e:
            failures.append(e)

    threads = [threading.Thread(target=demote, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(e).__name__ for e in failures] == ["LastAdministrator"]


def test_list_is_paged_and_searched(site: SmallSite, administrator: TestClient) -> None:
    for number in range(5):
        with site.database.write() as session:
            service.create_account(
                session, username=f"user-{number}", password=None, role=Role.READER, display_name="100%"
            )
    first = administrator.get("accounts", params={"limit": 4}).json()
    rest = administrator.get("accounts", params={"limit": 4, "cursor": first["next_cursor"]}).json()
    names = [account["username"] for account in first["items"] + rest["items"]]
    assert names == ["root-1", *(f"user-{n}" for n in range(5))]
    assert rest["next_cursor"] is None
    assert [a["username"] for a in administrator.get("accounts", params={"q": "SER-3"}).json()["items"]] == ["user-3"]
    assert len(administrator.get("accounts", params={"q": "100%"}).json()["items"]) == 5
    assert administrator.get("accounts", params={"cursor": "nonsense"}).json()["code"] == "bad_cursor"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "accounts"),
        ("POST", "accounts"),
        ("PATCH", "accounts/root-1"),
        ("POST", "accounts/root-1/password"),
        ("GET", "invitations"),
        ("POST", "invitations"),
        ("PATCH", "site"),
    ],
)
def test_only_administrators(site: SmallSite, administrator: TestClient, method: str, path: str) -> None:
    site.account("ada")
    body = {"username": "new-one"} if path == "accounts" else {}
    send = {"json": body} if method != "GET" else {}
    assert site.browser().request(method, path, **send).status_code == 401
    refused = site.signed_in("ada").request(method, path, **send)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    assert administrator.request(method, path, **send).status_code in (200, 201)


def test_a_token_makes_no_administrators(site: SmallSite, administrator: TestClient) -> None:
    owner = site.account("root-2", Role.ADMINISTRATOR)
    site.account("ada")
    script = site.script(site.token(owner, *Scope))
    made = {"username": "eve", "role": "administrator"}

    def ways(client: TestClient) -> list[tuple[int, str]]:
        answers = (
            client.post("accounts", json=made),
            client.patch("accounts/ada", json={"role": "administrator"}),
            client.post("invitations", json={"role": "administrator", "expires_in_days": 1}),
        )
        return [(answer.status_code, answer.json().get("code", "")) for answer in answers]

    assert ways(script) == [(403, "administrators_in_person")] * 3
    assert script.get("accounts", params={"q": "eve"}).json()["items"] == []
    assert script.get("accounts", params={"q": "ada"}).json()["items"][0]["role"] == "creator"
    assert [status for status, _ in ways(administrator)] == [201, 200, 201]


def test_a_token_does_the_rest_with_the_scope_of_an_administrator_only(site: SmallSite) -> None:
    owner = site.account("root-2", Role.ADMINISTRATOR)
    site.account("ada")
    script = site.script(site.token(owner, *Scope))
    assert script.post("accounts", json={"username": "bob", "role": "creator"}).status_code == 201
    assert script.patch("accounts/ada", json={"role": "reader"}).json()["role"] == "reader"
    assert script.post("invitations", json={"role": "creator", "expires_in_days": 1}).status_code == 201
    without = site.script(site.token(owner, Scope.READ, Scope.WRITE, Scope.PREDICT))
    assert without.patch("accounts/ada", json={"role": "creator"}).json()["code"] == "scope_missing"
    site.account("root-1", Role.ADMINISTRATOR)
    with site.database.write() as session:
        service.change_account(session, "root-2", role=Role.CREATOR, by=ANONYMOUS)
    assert script.patch("accounts/ada", json={"role": "creator"}).json()["code"] == "role_missing"
