"""The audit log: what it tells, who reads it, and that it only grows."""

import csv
import io

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from modelyard.kit.db import Database
from modelyard.rooms.accounts.schemas import Principal, Role
from modelyard.rooms.audit import service as audit
from modelyard.rooms.audit.schemas import Action
from rooms.members.town import Town


def test_it_tells_who_did_what_by_what_from_where(town: Town) -> None:
    place = town.repository("ada/secret")
    town.person("ada").patch(place, json={"visibility": "internal", "title": "T"})
    town.join(place, "ada", "bob", "reader")
    events = town.person("ada").get("audit", params={"repository": "ada/secret"}).json()["items"]
    assert [(e["actor"], e["action"]) for e in events] == [
        ("bob", "member.joined"),
        ("ada", "member.invited"),
        ("ada", "repository.changed"),
        ("ada", "repository.visibility"),
        ("ada", "repository.created"),
    ]
    shown = events[3]
    assert (shown["via"], shown["credential"], shown["address"]) == ("token", "t", "testclient")
    assert (shown["subject"], shown["details"]) == ("ada/secret", {"before": "private", "after": "internal"})


def test_what_failed_is_not_told(town: Town) -> None:
    place = town.repository("ada/secret")
    town.repository("ada/taken")
    before = town.person("ada").get("audit", params={"owner": "ada"}).json()["items"]
    assert town.person("ada").patch(place, json={"name": "taken", "visibility": "public"}).status_code == 409
    assert town.person("ada").get("audit", params={"owner": "ada"}).json()["items"] == before


def test_owners_read_what_is_theirs_and_administrators_all(town: Town) -> None:
    place = town.repository("ada/secret")
    town.join(place, "ada", "mary", "maintainer")
    chief = town.person("chief", Role.ADMINISTRATOR)
    refusals = {
        "another account": town.person("mary").get("audit", params={"owner": "ada"}),
        "a maintainer": town.person("mary").get("audit", params={"repository": "ada/secret"}),
    }
    assert {name: answer.json()["code"] for name, answer in refusals.items()} == dict.fromkeys(refusals, "not_owner")
    hidden = town.person("eve").get("audit", params={"repository": "ada/secret"})
    assert hidden.json()["code"] == "repository_missing"
    assert len(chief.get("audit").json()["items"]) >= 3
    own = {event["subject"] for event in town.person("ada").get("audit").json()["items"]}
    assert own == {"ada/secret"}
    assert town.person("eve").get("audit").json()["items"] == []


def test_it_stays_when_the_repository_is_gone_and_both_sides_know_of_a_transfer(town: Town) -> None:
    town.repository("ada/model")
    town.organisation("acme", "ada")
    town.person("ada").post("repos/ada/model/transfer", json={"to": "acme"})
    for owner in ("ada", "acme"):
        [told] = town.person("ada").get("audit", params={"owner": owner, "action": "transfer"}).json()["items"]
        assert (told["subject"], told["details"]) == ("ada/model", {"after": "acme/model"})


def test_filters_and_pages(town: Town) -> None:
    place = town.repository("ada/secret")
    for title in ("1", "2", "3"):
        town.person("ada").patch(place, json={"title": title})
    town.join(place, "ada", "bob", "owner")
    bob = town.person("bob")
    asked = {"repository": "ada/secret"}

    def found(**more: object) -> list[str]:
        return [e["action"] for e in bob.get("audit", params=asked | more).json()["items"]]  # type: ignore[arg-type]

    assert found(action="repository") == ["repository.changed"] * 3 + ["repository.created"]
    assert found(actor="bob") == ["member.joined"]
    assert found(since=town.clock().isoformat(), action="member.invited") == ["member.invited"]
    assert found(until=town.clock().isoformat()) == []
    first = bob.get("audit", params=asked | {"limit": 4}).json()
    rest = bob.get("audit", params=asked | {"limit": 4, "cursor": first["next_cursor"]}).json()
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (4, 2, None)


def test_as_a_table(town: Town) -> None:
    place = town.repository("ada/secret")
    town.person("ada").patch(place, json={"title": "=1+1"})
    answer = town.person("ada").get("audit.csv", params={"repository": "ada/secret"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["action"] for row in rows] == ["repository.changed", "repository.created"]
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'


def test_no_cell_is_a_formula(town: Town) -> None:
    town.repository("ada/secret")
    with town.database.write() as session:
        audit.record(session, Principal(username="=cmd"), Action.SITE_CHANGED, subject="@x")
    rows = list(csv.DictReader(io.StringIO(town.person("chief", Role.ADMINISTRATOR).get("audit.csv").text)))
    assert (rows[0]["actor"], rows[0]["subject"]) == ("'=cmd", "'@x")


def test_tokens_and_people_are_in_it(town: Town) -> None:
    town.account("ada")
    browser = town.signed_in("ada")
    id = browser.post("account/tokens", json={"name": "ci", "scopes": ["read"]}).json()["id"]
    browser.delete(f"account/tokens/{id}")
    events = browser.get("audit", params={"owner": "ada"}).json()["items"]
    assert [(e["action"], e["via"], e["details"]["name"]) for e in events] == [
        ("token.revoked", "session", "ci"),
        ("token.created", "session", "ci"),
    ]
    chief = town.person("chief", Role.ADMINISTRATOR)
    chief.patch("accounts/ada", json={"role": "reader"})
    chief.patch("site", json={"sign_up": "open"})
    assert [e["action"] for e in chief.get("audit", params={"actor": "chief"}).json()["items"]] == [
        "site.changed",
        "account.changed",
    ]


@pytest.mark.parametrize("statement", ["UPDATE audit_events SET actor = 'eve'", "DELETE FROM audit_events"])
def test_the_database_lets_it_only_grow(town: Town, db: Database, statement: str) -> None:
    town.repository("ada/secret")
    with pytest.raises(DatabaseError, match="only grows"), db.write() as session:
        session.execute(sa.text(statement))
    assert town.person("ada").get("audit", params={"owner": "ada"}).json()["items"]
