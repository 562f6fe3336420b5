"""Organisations: their members, their repositories, their end; and repositories that change hands."""

import threading
from datetime import timedelta

from modelyard.rooms.accounts.schemas import Role
from rooms.members.town import Town


def test_an_organisation_has_its_maker_as_owner_and_nobody_signs_in_to_it(town: Town) -> None:
    place = town.organisation("acme", "ada")
    assert town.person("ada").get(place).json()["role"] == "owner"
    assert town.script("").get(place).json()["role"] is None
    assert town.person("ada").get("organisations").json()["items"][0]["username"] == "acme"
    chief = town.browser()
    town.account("chief", Role.ADMINISTRATOR)
    chief.post("session", json={"username": "chief", "password": "correct horse battery"})
    assert chief.post("accounts/acme/password").json()["code"] == "not_a_person"
    assert chief.patch("accounts/acme", json={"role": "administrator"}).json()["code"] == "not_a_person"
    refused = town.browser().post("session", json={"username": "acme", "password": "correct horse battery"})
    assert refused.json()["code"] == "wrong_credentials"
    assert "acme" not in [account["username"] for account in chief.get("accounts").json()["items"]]


def test_its_name_is_one_of_all_names(town: Town) -> None:
    town.organisation("acme", "ada")
    for name, code in (("acme", "username_taken"), ("ada", "username_taken"), ("admin", "username_refused")):
        assert town.person("ada").post("organisations", json={"username": name}).json()["code"] == code
    assert town.person("rita", Role.READER).post("organisations", json={"username": "club"}).status_code == 403


def test_only_maintainers_make_repositories_in_it(town: Town) -> None:
    place = town.organisation("acme", "ada")
    for name, role in (("rita", "reader"), ("carl", "contributor"), ("mary", "maintainer")):
        town.join(place, "ada", name, role)
    made = {
        name: town.person(name).post("repos", json={"owner": "acme", "name": f"by-{name}"}).status_code
        for name in ("rita", "carl", "mary", "eve")
    }
    assert made == {"rita": 403, "carl": 403, "mary": 201, "eve": 403}
    assert town.person("rita").get("repos/acme/by-mary").json()["role"] == "reader"


def test_members_are_shown_to_members(town: Town) -> None:
    place = town.organisation("acme", "ada")
    town.join(place, "ada", "bob", "reader")
    assert [m["username"] for m in town.person("bob").get(f"{place}/members").json()["items"]] == ["ada", "bob"]
    assert town.person("eve").get(f"{place}/members").json()["code"] == "not_owner"
    assert town.person("bob").get(f"{place}/invitations").json()["code"] == "not_owner"


def test_the_last_owner_stays(town: Town) -> None:
    place = town.organisation("acme", "ada")
    ada = town.person("ada")
    town.join(place, "ada", "olga", "owner", until=timedelta(days=1))  # whose end would leave nobody
    until = (town.clock() + timedelta(days=1)).isoformat()
    refused = (
        ada.delete(f"{place}/members/ada"),
        ada.put(f"{place}/members/ada", json={"role": "reader"}),
        ada.put(f"{place}/members/ada", json={"role": "owner", "expires_at": until}),
    )
    assert [answer.json()["code"] for answer in refused] == ["last_owner"] * 3
    assert ada.put(f"{place}/members/olga", json={"role": "owner"}).status_code == 200
    assert ada.delete(f"{place}/members/ada").status_code == 204
    assert ada.get(f"{place}/members").json()["code"] == "not_owner"


def test_two_owners_who_leave_at_once_leave_one(town: Town) -> None:
    place = town.organisation("acme", "ada")
    town.join(place, "ada", "olga", "owner")
    start, codes = threading.Barrier(2), []

    def leave(name: str) -> None:
        client = town.person(name)
        start.wait(30)
        codes.append(client.delete(f"{place}/members/{name}").status_code)

    leaving = [threading.Thread(target=leave, args=(name,)) for name in ("ada", "olga")]
    for thread in leaving:
        thread.start()
    for thread in leaving:
        thread.join(60)
    assert sorted(codes) == [204, 409]


def test_an_organisation_ends_when_it_is_empty(town: Town) -> None:
    place = town.organisation("acme", "ada")
    ada = town.person("ada")
    ada.post("repos", json={"owner": "acme", "name": "secret"})
    assert ada.delete(place).json()["code"] == "organisation_not_empty"
    assert ada.post("repos/acme/secret/transfer", json={"to": "ada"}).json()["repository"]["owner"] == "ada"
    assert ada.delete(place).status_code == 204
    assert ada.get(place).json()["code"] == "organisation_missing"
    assert ada.get("organisations").json()["items"] == []
    assert ada.post("organisations", json={"username": "acme"}).json()["code"] == "username_taken"
    assert ada.post("repos", json={"owner": "acme", "name": "x"}).json()["code"] == "not_owner"


def test_a_repository_is_given_where_the_giver_may_create(town: Town) -> None:
    town.repository("ada/model", visibility="public")
    town.organisation("acme", "ada")
    moved = town.person("ada").post("repos/ada/model/transfer", json={"to": "acme"}).json()
    assert (moved["repository"]["owner"], moved["offer"]) == ("acme", None)
    assert town.person("ada").get("repos/ada/model").status_code == 404
    assert town.person("eve").get("search", params={"owner": "acme"}).json()["items"][0]["name"] == "model"
    assert town.person("eve").get("search", params={"owner": "ada"}).json()["items"] == []


def test_who_may_hold_no_more_is_given_nothing(town: Town) -> None:
    place = town.repository("ada/model")
    bob, me = town.person("bob"), town.person("ada")
    id = me.post(f"{place}/transfer", json={"to": "bob"}).json()["offer"]["repository_id"]
    town.hold("ada/model", 1_000)
    town.allow("bob", 999)
    refused = bob.post(f"account/transfers/{id}/accept")
    assert (refused.status_code, refused.json()["code"]) == (402, "storage_used_up")
    assert me.get(place).status_code == 200
    town.allow("bob", 1_000)
    assert bob.post(f"account/transfers/{id}/accept").json()["owner"] == "bob"


def test_else_the_other_side_accepts(town: Town) -> None:
    place = town.repository("ada/model")
    bob = town.person("bob")
    offer = town.person("ada").post(f"{place}/transfer", json={"to": "bob"}).json()["offer"]
    assert (offer["to"], town.person("ada").get(f"{place}/transfer").json()) == ("bob", offer)
    assert bob.get(place).status_code == 404
    assert town.person("eve").post(f"account/transfers/{offer['repository_id']}/accept").status_code == 404
    assert bob.get("account/transfers").json()["items"] == [offer]
    town.repository("bob/model")
    full = bob.post(f"account/transfers/{offer['repository_id']}/accept")
    assert full.json()["code"] == "repository_exists"
    bob.patch("repos/bob/model", json={"name": "mine"})
    assert bob.post(f"account/transfers/{offer['repository_id']}/accept").json()["owner"] == "bob"
    assert town.person("ada").get(place).status_code == 404
    assert town.person("ada").get("repos/bob/model").status_code == 404


def test_an_offer_may_be_taken_back_and_declined(town: Town) -> None:
    place = town.repository("ada/model")
    ada, bob = town.person("ada"), town.person("bob")
    id = ada.post(f"{place}/transfer", json={"to": "bob"}).json()["offer"]["repository_id"]
    assert ada.delete(f"{place}/transfer").status_code == 204
    assert bob.post(f"account/transfers/{id}/accept").json()["code"] == "transfer_missing"
    ada.post(f"{place}/transfer", json={"to": "bob"})
    assert bob.delete(f"account/transfers/{id}").status_code == 204
    assert ada.get(f"{place}/transfer").json()["code"] == "transfer_missing"
    ada.post(f"{place}/transfer", json={"to": "bob"})
    town.clock.advance(timedelta(days=7))
    assert bob.get("account/transfers").json()["items"] == []


def test_an_offer_of_who_owns_it_no_more_is_void(town: Town) -> None:
    place = town.repository("ada/model")
    town.join(place, "ada", "olga", "owner")
    town.person("bob")
    id = town.person("olga").post(f"{place}/transfer", json={"to": "bob"}).json()["offer"]["repository_id"]
    town.person("ada").delete(f"{place}/members/olga")
    assert town.person("bob").post(f"account/transfers/{id}/accept").json()["code"] == "transfer_missing"


def test_maintainers_do_not_give_away(town: Town) -> None:
    place = town.repository("ada/model")
    town.join(place, "ada", "mary", "maintainer")
    assert town.person("mary").post(f"{place}/transfer", json={"to": "mary"}).json()["code"] == "not_owner"
    gone = town.person("ada").post(f"{place}/transfer", json={"to": "nobody-there"})
    assert gone.json()["code"] == "transfer_refused"


def test_a_fork_goes_where_one_may_create(town: Town) -> None:
    place = town.repository("ada/model", visibility="public")
    town.organisation("acme", "bob")
    forked = town.person("bob").post(f"{place}/fork", json={"owner": "acme"})
    assert (forked.status_code, forked.json()["owner"]) == (201, "acme")
    assert town.person("eve").post(f"{place}/fork", json={"owner": "acme"}).json()["code"] == "not_owner"
