"""Repositories over HTTP: making, finding, changing and deleting them."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal, Role, Scope, Via
from modelyard.rooms.repos import service, store
from support.server import Server
from support.waiting import until

API = "/api/v1/repos"


@pytest.fixture
def me(site: Server) -> Iterator[httpx.Client]:
    """Somebody new; ``me.name`` is the user name."""
    username, _, token = site.account()
    with site.client(token) as client:
        client.headers["x-me"] = username
        yield client


def name_of(client: httpx.Client) -> str:
    return client.headers["x-me"]


def make(client: httpx.Client, name: str, **fields: object) -> str:
    answer = client.post(API, json={"name": name, **fields})
    assert answer.status_code == 201, answer.text
    return f"{answer.json()['owner']}/{name}"


def test_a_new_repository_is_private_and_mine(me: httpx.Client, site: Server) -> None:
    address = make(me, "one", title="One", tags=["a"])
    found = me.get(f"{API}/{address}").json()
    assert (found["owner"], found["visibility"], found["kind"], found["can_write"]) == (
        name_of(me),
        "private",
        "model",
        True,
    )
    with site.client("") as nobody, site.client(site.account()[2]) as stranger:
        assert nobody.get(f"{API}/{address}").status_code == 404
        assert stranger.get(f"{API}/{address}").json()["code"] == "repository_missing"
        assert stranger.get(API, params={"owner": name_of(me)}).json()["items"] == []


@pytest.mark.parametrize(
    ("visibility", "seen"), [("private", (404, 404)), ("internal", (404, 200)), ("public", (200, 200))]
)
def test_visibility_says_who_sees_it(me: httpx.Client, site: Server, visibility: str, seen: tuple[int, int]) -> None:
    address = make(me, "shown")
    assert me.patch(f"{API}/{address}", json={"visibility": visibility}).status_code == 200
    with site.client("") as nobody, site.client(site.account()[2]) as stranger:
        assert (nobody.get(f"{API}/{address}").status_code, stranger.get(f"{API}/{address}").status_code) == seen
        listed = [len(c.get(API, params={"owner": name_of(me)}).json()["items"]) for c in (nobody, stranger)]
        assert listed == [int(status == 200) for status in seen]


def test_a_rename_moves_the_address_at_once(me: httpx.Client) -> None:
    address = make(me, "before")
    make(me, "taken")
    assert me.patch(f"{API}/{address}", json={"name": "taken"}).json()["code"] == "repository_exists"
    assert me.patch(f"{API}/{address}", json={"name": "after"}).json()["name"] == "after"
    assert me.get(f"{API}/{address}").status_code == 404
    assert me.get(f"{API}/{name_of(me)}/after").status_code == 200


def test_a_name_is_taken_once_and_free_after_deletion(me: httpx.Client) -> None:
    address = make(me, "again")
    refused = me.post(API, json={"name": "again"})
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (409, "repository_exists", "name")
    assert me.delete(f"{API}/{address}").status_code == 202
    assert me.get(f"{API}/{address}").status_code == 404
    make(me, "again")


@pytest.mark.parametrize(
    "name", ["", "A", "a b", "-a", "a-", "a..b", "a/b", "x" * 101, "é", "a.git", "a.lock", "..", "a\x00b"]
)
def test_names_that_are_no_addresses_are_refused(me: httpx.Client, name: str) -> None:
    answer = me.post(API, json={"name": name})
    assert (answer.status_code, answer.json()["field"]) == (422, "name")


def test_only_administrators_create_for_others(me: httpx.Client, site: Server) -> None:
    assert me.post(API, json={"name": "x", "owner": "nobody-here"}).json()["code"] == "owner_invalid"
    other = site.account()[0]
    assert me.post(API, json={"name": "x", "owner": other}).json()["code"] == "not_owner"
    with site.client() as administrator:
        assert administrator.post(API, json={"name": "x", "owner": other}).json()["owner"] == other


def test_readers_create_nothing_and_strangers_change_nothing(me: httpx.Client, site: Server) -> None:
    address = make(me, "mine", visibility="public")
    with site.client(site.account(Role.READER)[2]) as reader, site.client(site.account()[2]) as stranger:
        assert reader.post(API, json={"name": "x"}).status_code == 403
        assert stranger.patch(f"{API}/{address}", json={"title": "x"}).status_code == 403
        assert stranger.delete(f"{API}/{address}").status_code == 403
    assert me.get(f"{API}/{address}").json()["title"] == ""


def test_lists_are_paged_newest_first(me: httpx.Client) -> None:
    for i in range(5):
        make(me, f"p{i}")
    names, cursor = [], None
    for _ in range(3):
        page = me.get(API, params={"owner": name_of(me), "limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        names += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert names == ["p4", "p3", "p2", "p1", "p0"]
    assert cursor is None


def test_lists_are_searched_literally(me: httpx.Client) -> None:
    make(me, "plain", title="Zweihundert % sicher", tags=["bilder"])
    make(me, "other", description="nothing")

    def found(text: str) -> list[str]:
        return [r["name"] for r in me.get(API, params={"q": text, "owner": name_of(me)}).json()["items"]]

    assert found("ZWEIHUNDERT %") == ["plain"]
    assert found("bilder") == ["plain"]
    assert found("OTHE") == ["other"]
    assert found("_") == []


def test_a_tag_is_found_to_the_letter(me: httpx.Client) -> None:
    make(me, "cats", tags=["cat", "Animal"])
    make(me, "catalogue", tags=["catalogue", 'a"cat"b', "état"])

    def found(tag: str) -> list[str]:
        return [r["name"] for r in me.get(API, params={"tag": tag, "owner": name_of(me)}).json()["items"]]

    assert found("cat") == ["cats"]
    assert found("animal") == []
    assert found("état") == found('a"cat"b') == ["catalogue"]
    assert found("%") == found("cat%") == []


def test_mine_are_those_that_i_own_and_nobody_owns_nothing(me: httpx.Client, site: Server) -> None:
    make(me, "shown", visibility="public", tags=["own"])
    make(me, "hidden")
    other = site.account()
    chief = site.account(Role.ADMINISTRATOR)[2]
    with site.client(other[2]) as stranger, site.client("") as nobody, site.client(chief) as administrator:
        make(stranger, "not-mine", visibility="public", tags=["own"])
        assert [r["name"] for r in me.get(API, params={"mine": True}).json()["items"]] == ["hidden", "shown"]
        assert [r["name"] for r in me.get(API, params={"mine": True, "tag": "own"}).json()["items"]] == ["shown"]
        assert me.get(API, params={"mine": True, "owner": other[0]}).json()["items"] == []
        assert nobody.get(API, params={"mine": True}).json()["items"] == []
        assert administrator.get(API, params={"mine": True}).json()["items"] == []


@pytest.mark.parametrize(
    "query", [{"cursor": "!"}, {"cursor": "WzFd"}, {"limit": 0}, {"limit": 10**30}, {"kind": "x"}, {"q": "x" * 201}]
)
def test_a_wrong_query_is_a_422(me: httpx.Client, query: dict[str, str]) -> None:
    assert me.get(API, params=query).status_code == 422


@pytest.mark.parametrize("path", ["a%00b/x", "x/a%00b", "%ff/x", "ü/x", "..%2f/x"])
def test_addresses_that_cannot_be_are_missing(me: httpx.Client, path: str) -> None:
    assert me.get(f"{API}/{path}").status_code in (404, 422)
    assert me.get(API, params={"q": "a\x00b"}).status_code in (200, 422)
    assert me.get(API, params={"owner": "a\x00b"}).status_code in (200, 422)


def test_an_empty_repository_has_no_files(me: httpx.Client) -> None:
    address = make(me, "empty")
    assert me.get(f"{API}/{address}/files").json() == []
    assert me.get(f"{API}/{address}/commits").json() == []
    assert me.get(f"{API}/{address}/raw", params={"path": "a"}).json()["code"] == "revision_missing"
    assert me.get(f"{API}/{address}/versions").json() == {"items": [], "next_cursor": None}


def test_deleting_removes_the_row_and_the_git_repository(me: httpx.Client, site: Server) -> None:
    address = make(me, "doomed")
    identity = me.get(f"{API}/{address}").json()["id"].replace("-", "")
    folder = site.folder / "d" / "git" / identity[-2:] / f"{identity}.git"
    assert folder.is_dir()
    assert me.delete(f"{API}/{address}").status_code == 202
    until(lambda: not folder.exists(), what="the Git repository to go")


def test_a_list_takes_as_many_queries_for_many_as_for_one(db: Database) -> None:
    with db.write() as session:
        people = [
            accounts.create_account(session, username=f"p{i}", password=uuid4().hex, role=Role.CREATOR)
            for i in range(3)
        ]
        administrator = accounts.create_account(
            session, username="chief", password=uuid4().hex, role=Role.ADMINISTRATOR
        )
    principal = Principal(administrator.id, "chief", Role.ADMINISTRATOR, frozenset(Scope), Via.SESSION)
    counts = []
    for made in range(1, 4):
        with db.write() as session:
            row = {
                "kind": "model",
                "visibility": "public",
                "tags": [],
                "title": "",
                "description": "",
                "deleting": False,
            }
            at = {"created_at": administrator.created_at, "updated_at": administrator.created_at, "next_version": 1}
            owner = people[made - 1].id
            store.insert(session, {"id": uuid4(), "name": f"r{made}", "owner_id": owner} | row | at)
        with db.read() as session:
            statements: list[str] = []
            sa.event.listen(db.engine, "before_cursor_execute", lambda *a, seen=statements: seen.append(a[2]))
            page = service.list_repositories(session, principal=principal, require_sign_in=False)
        assert len(page.items) == made
        counts.append(len([s for s in statements if s.startswith("SELECT")]))
    assert counts[0] == counts[-1]
