"""Usage over HTTP: what people see of their own, what administrators see and set, and as a table."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.usage import service as usage
from modelyard.rooms.usage.schemas import UsageKind
from rooms.usage.ledgers import entry
from support.server import Server

MINE, RECORDS, QUOTAS, TABLE = (f"/api/v1/usage{rest}" for rest in ("", "/records", "/quotas", ".csv"))


@dataclass
class Person:
    """Somebody new on the site, with a model."""

    site: Server
    name: str
    http: httpx.Client

    def used(self, quantity: float, **details: Any) -> None:
        """Records that they used something, as the rooms above do."""
        database = Database(self.site.database_url)
        with database.write() as session:
            account_id = accounts.find_account_id(session, self.name)
            assert account_id is not None
            details = {"at": datetime.now(UTC)} | details
            usage.record(session, entry(account_id, f"test:{new_id()}", quantity, **details))
        database.close()

    def model(self, name: str) -> UUID:
        made = self.http.post("/api/v1/repos", json={"name": name, "kind": "model"})
        assert made.status_code == 201, made.text
        return UUID(made.json()["id"])

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sums(self, **query: Any) -> dict[str, float]:
        return {line["kind"]: line["quantity"] for line in self.get(MINE, **query)["items"]}


@pytest.fixture
def ada(site: Server) -> Person:
    name, _, token = site.account()
    return Person(site, name, site.client(token))


@pytest.fixture
def bob(site: Server) -> Person:
    name, _, token = site.account()
    return Person(site, name, site.client(token))


def test_people_see_what_they_used_this_month(ada: Person, bob: Person) -> None:
    assert ada.get(MINE)["items"] == []
    ada.used(2.5)
    ada.used(1.5)
    ada.used(7, kind=UsageKind.PREDICTIONS)
    ada.used(100, at=datetime.now(UTC) - timedelta(days=40))
    bob.used(9)
    assert ada.sums() == {"cpu_seconds": 4.0, "predictions": 7.0}
    shown = ada.get(MINE)
    today = datetime.now(UTC).date()
    assert (shown["since"], shown["until"], shown["account"]) == (f"{today:%Y-%m}-01", f"{today}", ada.name)
    assert ada.sums(since=f"{today - timedelta(days=60)}")["cpu_seconds"] == 104.0
    assert shown["complete"] is True


def test_sums_by_repository_say_what_it_is_called_and_whether_it_is_gone(ada: Person) -> None:
    kept, gone = ada.model("kept"), ada.model("gone")
    ada.used(1, repository_id=kept, version=1)
    ada.used(2, repository_id=gone, version=3)
    ada.used(4, kind=UsageKind.STORAGE_GB_HOURS)
    assert ada.http.delete(f"/api/v1/repos/{ada.name}/gone").status_code == 202
    lines = {(one["repository"], one["deleted"]): one["quantity"] for one in ada.get(MINE, by="repository")["items"]}
    assert lines == {(f"{ada.name}/kept", False): 1, (f"{ada.name}/gone", True): 2, (None, False): 4}
    versions = {(one["repository"], one["version"]) for one in ada.get(MINE, by="version")["items"]}
    assert versions == {(f"{ada.name}/kept", 1), (f"{ada.name}/gone", 3), (None, None)}


def test_the_ledger_comes_in_pages(ada: Person) -> None:
    for number in range(5):
        ada.used(number + 1)
    seen, cursor = [], None
    while True:
        page = ada.get(RECORDS, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [one["quantity"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [5, 4, 3, 2, 1]


def test_a_table_for_spreadsheets(ada: Person) -> None:
    model = ada.model("tabled")
    ada.used(1 / 3, repository_id=model, version=2)
    ada.used(1e15, kind=UsageKind.BYTES_OUT)
    answer = ada.http.get(TABLE, params={"by": "version"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert ".csv" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows == [
        ["repository", "deleted", "version", "kind", "quantity"],
        ["", "False", "", "bytes_out", "1e+15"],
        [f"{ada.name}/tabled", "False", "2", "cpu_seconds", "0.333333333333333"],
    ]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"since": "2026-02-01", "until": "2026-01-01"}, "period_invalid"),
        ({"since": "yesterday"}, "invalid"),
        ({"by": "colour"}, "invalid"),
        ({"account": "somebody-else"}, "role_missing"),
        ({"account": "*"}, "role_missing"),
    ],
)
def test_what_is_refused(ada: Person, query: dict[str, str], code: str) -> None:
    for path in (MINE, TABLE):
        assert ada.http.get(path, params=query).json()["code"] == code


def test_administrators_see_everybody(site: Server, ada: Person, bob: Person) -> None:
    ada.used(3)
    bob.used(5)
    with site.client() as administrator:
        his = administrator.get(MINE, params={"account": bob.name}).json()
        everybodys = administrator.get(MINE, params={"account": "*", "by": "account"}).json()
        nobodys = administrator.get(MINE, params={"account": "nobody-there"})
    assert [line["quantity"] for line in his["items"]] == [5]
    lines = {line["account"]: line["quantity"] for line in everybodys["items"] if line["kind"] == "cpu_seconds"}
    assert {ada.name: 3, bob.name: 5}.items() <= lines.items()
    assert everybodys["account"] is None
    assert nobodys.json()["code"] == "account_missing"


def quota(person: Person, kind: str) -> dict[str, Any]:
    return next(one for one in person.get(QUOTAS)["items"] if one["kind"] == kind)


def test_administrators_set_quotas(site: Server, ada: Person) -> None:
    ada.used(4)
    free = quota(ada, "cpu_seconds")
    assert (free["limit"], free["used"], free["left"], free["is_default"]) == (None, 4, None, True)
    path = f"/api/v1/accounts/{ada.name}/quotas"
    assert ada.http.put(path, json={"quotas": {}}).json()["code"] == "role_missing"
    with site.client() as administrator:
        changed = administrator.put(path, json={"quotas": {"cpu_seconds": 10, "storage_bytes": None}})
        assert changed.status_code == 200, changed.text
        assert changed.json()["account"] == ada.name
        wrong = administrator.put(path, json={"quotas": {"cpu_seconds": -1}})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "quota_invalid")
        assert administrator.put(path, json={"quotas": {"cats": 1}}).status_code == 422
    own = quota(ada, "cpu_seconds")
    assert (own["limit"], own["left"], own["is_default"]) == (10, 6, False)
    renews = datetime.fromisoformat(own["renews_at"])
    assert (renews.day, renews.hour) == (1, 0)
    assert renews > datetime.now(UTC)
    assert quota(ada, "storage_bytes")["renews_at"] is None


def test_an_upload_finds_no_room_where_the_storage_is_used_up(site: Server, ada: Person) -> None:
    def begin(length: int) -> httpx.Response:
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length)}
        return ada.http.post("/api/v1/uploads", headers=headers)

    with site.client() as administrator:
        quotas = {"quotas": {"storage_bytes": 1000}}
        administrator.put(f"/api/v1/accounts/{ada.name}/quotas", json=quotas).raise_for_status()
    assert begin(1000).status_code == 201
    refused = begin(1001)
    assert (refused.status_code, refused.json()["code"]) == (402, "storage_used_up")
    assert "1000 of 1000 left" in refused.json()["detail"]
