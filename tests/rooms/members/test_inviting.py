"""Invitations: by name and by link, and what ends them."""

from datetime import timedelta
from uuid import UUID

import pytest

from modelyard.rooms.accounts.schemas import Role
from modelyard.rooms.repos import store
from rooms.members.town import Town


def invite(town: Town, place: str, by: str = "ada", **wanted: object) -> dict[str, str]:
    answer = town.person(by).post(f"{place}/invitations", json=wanted)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("of", ["repository", "organisation"])
def test_a_person_is_invited_and_accepts(town: Town, of: str) -> None:
    place = town.repository("ada/secret") if of == "repository" else town.organisation("acme", "ada")
    bob = town.person("bob")
    asked = invite(town, place, username="bob", role="contributor")
    assert (asked["secret"], asked["url"]) == (None, None)
    [shown] = bob.get("account/invitations").json()["items"]
    assert (shown["role"], shown["invited_by"], shown["repository"] or shown["organisation"]) == (
        "contributor",
        "ada",
        place.partition("/")[2],
    )
    assert town.person("eve").get("account/invitations").json()["items"] == []
    stolen = town.person("eve").post(f"account/invitations/{asked['id']}/accept")
    assert stolen.json()["code"] == "member_invitation_missing"
    assert bob.post(f"account/invitations/{asked['id']}/accept").status_code == 200
    assert bob.post(f"account/invitations/{asked['id']}/accept").status_code == 404
    assert "bob" in [m["username"] for m in bob.get(f"{place}/members").json()["items"]]


def test_a_link_works_once_for_whoever_opens_it(town: Town) -> None:
    place = town.repository("ada/secret")
    link = invite(town, place, role="reader")
    assert link["url"].endswith(f"/join?invitation={link['secret']}")
    looked = town.person("bob").post("account/invitation-link/look", json={"secret": link["secret"]})
    assert (looked.json()["repository"], town.person("bob").get(place).status_code) == ("ada/secret", 404)
    own = town.person("ada").post("account/invitation-link/accept", json={"secret": link["secret"]})
    assert own.json()["code"] == "already_member"
    joins = [
        town.person(name).post("account/invitation-link/accept", json={"secret": link["secret"]}).status_code
        for name in ("bob", "eve")
    ]
    assert joins == [200, 404]
    assert [town.person(name).get(place).status_code for name in ("bob", "eve")] == [200, 404]


@pytest.mark.parametrize("how", ["withdrawn", "declined", "too late", "inviter removed", "invited again"])
def test_what_ends_an_invitation(town: Town, how: str) -> None:
    place = town.repository("ada/secret")
    town.join(place, "ada", "olga", "owner")
    asked = invite(town, place, by="olga", username=town_name(town, "bob"), role="maintainer")
    match how:
        case "withdrawn":
            assert town.person("ada").delete(f"{place}/invitations/{asked['id']}").status_code == 204
        case "declined":
            assert town.person("bob").delete(f"account/invitations/{asked['id']}").status_code == 204
        case "too late":
            town.clock.advance(timedelta(days=7))
        case "inviter removed":
            assert town.person("ada").delete(f"{place}/members/olga").status_code == 204
        case _:
            invite(town, place, username="bob", role="reader")
    refused = town.person("bob").post(f"account/invitations/{asked['id']}/accept")
    assert refused.json()["code"] == "member_invitation_missing"
    assert town.person("bob").get(place).status_code == 404


def town_name(town: Town, name: str) -> str:
    town.person(name)
    return name


def test_who_cannot_be_invited(town: Town) -> None:
    place = town.repository("ada/secret")
    town.organisation("acme", "ada")
    town.join(place, "ada", "bob", "reader")
    yesterday = (town.clock() - timedelta(days=1)).isoformat()
    answers = [
        town.person("ada").post(f"{place}/invitations", json=wanted).json()
        for wanted in (
            {"username": "nobody-there"},
            {"username": "acme"},
            {"username": "bob"},
            {"username": "ada"},
            {"member_until": yesterday},
        )
    ]
    assert answers[-1]["field"] == "member_until"
    codes = [answer["code"] for answer in answers]
    assert codes == ["account_missing", "not_a_person", "already_member", "already_member", "membership_invalid"]


def test_invitations_of_a_deleted_repository_are_gone(town: Town) -> None:
    place = town.repository("ada/secret")
    invite(town, place, username=town_name(town, "bob"))
    with town.database.write() as session:
        row = store.get(session, UUID(town.person("ada").get(place).json()["id"]))
        assert row is not None
        row.deleting = True
    assert town.person("bob").get("account/invitations").json()["items"] == []


def test_a_person_may_leave_and_be_removed(town: Town) -> None:
    place = town.repository("ada/secret")
    for name in ("bob", "eve"):
        town.join(place, "ada", name, "maintainer")
    assert town.person("bob").delete(f"{place}/members/eve").json()["code"] == "not_owner"
    assert town.person("bob").delete(f"{place}/members/bob").status_code == 204
    assert town.person("ada").delete(f"{place}/members/eve").status_code == 204
    assert town.person("ada").delete(f"{place}/members/ada").json()["code"] == "member_missing"
    assert [town.person(name).get(place).status_code for name in ("bob", "eve")] == [404, 404]


def test_administrators_may_invite_anywhere(town: Town) -> None:
    place = town.repository("ada/secret")
    town.person("chief", Role.ADMINISTRATOR)
    town.join(place, "chief", "bob", "owner")
    assert town.person("bob").get(place).json()["role"] == "owner"
