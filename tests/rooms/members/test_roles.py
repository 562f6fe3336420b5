"""What a role allows: in single rows, in lists, by expiry, through an organisation."""

from datetime import timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard.rooms.access import rules
from modelyard.rooms.access import service as access
from modelyard.rooms.access.schemas import MemberRole, MemberScope, Visibility
from modelyard.rooms.accounts.schemas import ANONYMOUS, Principal, Role
from modelyard.rooms.repos import service as repos
from rooms.members.town import Town

ROLES = [role.value for role in MemberRole]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("through", ["repository", "organisation"])
def test_each_role_may_what_those_before_it_may(town: Town, role: str, through: str) -> None:
    place = town.organisation("acme", "ada")
    town.person("ada").post("repos", json={"owner": "acme", "name": "secret"})
    town.join("repos/acme/secret" if through == "repository" else place, "ada", "bob", role)
    bob, rank = town.person("bob"), ROLES.index(role)
    assert bob.get("repos/acme/secret").json()["role"] == role
    described = bob.patch("repos/acme/secret", json={"title": "Ours"})
    shown = bob.patch("repos/acme/secret", json={"visibility": "internal"})
    invited = bob.get("repos/acme/secret/invitations")
    assert [answer.status_code for answer in (described, shown, invited)] == [
        200 if rank >= 2 else 403,
        200 if rank >= 3 else 403,
        200 if rank >= 3 else 403,
    ]


def test_lists_and_single_rows_know_members(town: Town) -> None:
    place = town.repository("ada/secret")
    town.repository("ada/other")
    town.join(place, "ada", "bob", "reader")
    for person, seen in (("bob", ["secret"]), ("eve", [])):
        client = town.person(person)
        assert [found["name"] for found in client.get("repos").json()["items"]] == seen
        assert [found["name"] for found in client.get("search").json()["items"]] == seen
        assert client.get("search/facets").json()["total"] == len(seen)
        assert client.get(place).status_code == (200 if seen else 404)
    assert town.person("bob").get("repos", params={"mine": True}).json()["items"] == []


def test_a_membership_ends_by_itself(town: Town) -> None:
    place = town.repository("ada/secret")
    town.join(place, "ada", "bob", "maintainer", until=timedelta(hours=1))
    assert town.person("bob").get(place).json()["role"] == "maintainer"
    town.clock.advance(timedelta(hours=1))
    assert town.person("bob").get(place).status_code == 404
    assert town.person("bob").get("repos").json()["items"] == []
    assert [m["username"] for m in town.person("ada").get(f"{place}/members").json()["items"]] == ["ada"]


def test_the_higher_of_two_roles_counts(town: Town) -> None:
    place = town.organisation("acme", "ada")
    town.person("ada").post("repos", json={"owner": "acme", "name": "secret"})
    town.join("repos/acme/secret", "ada", "bob", "maintainer")
    town.join(place, "ada", "bob", "reader")
    assert town.person("bob").get("repos/acme/secret").json()["role"] == "maintainer"
    members = town.person("bob").get("repos/acme/secret/members").json()["items"]
    assert [(m["username"], m["role"], m["through"]) for m in members] == [
        ("ada", "owner", "acme"),
        ("bob", "reader", "acme"),
        ("bob", "maintainer", None),
    ]


def test_administrators_may_everything_and_the_disabled_nothing(town: Town) -> None:
    place = town.repository("ada/secret")
    chief = town.person("chief", Role.ADMINISTRATOR)
    assert (chief.get(place).json()["role"], chief.get(place).json()["can_write"]) == ("owner", True)
    town.join(place, "ada", "bob", "owner")
    chief.patch("accounts/bob", json={"disabled": True})
    assert town.person("bob").get(place).json()["code"] == "account_disabled"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    role=st.sampled_from([None, *MemberRole]),
    belongs=st.sampled_from([None, *MemberRole]),
    visibility=st.sampled_from(Visibility),
    only=st.sampled_from(["none", "this", "another"]),
    require_sign_in=st.booleans(),
    ended=st.booleans(),
)
def test_lists_hold_just_what_single_rows_let_read(
    town: Town,
    role: MemberRole | None,
    belongs: MemberRole | None,
    visibility: Visibility,
    only: str,
    require_sign_in: bool,
    ended: bool,
) -> None:
    """The policy is written twice, as a clause and as a decision: they agree."""
    organisation, person, name = (f"x{uuid4().hex[:12]}" for _ in range(3))
    town.organisation(organisation, "ada")
    made = town.person("ada").post("repos", json={"owner": organisation, "name": name, "visibility": visibility.value})
    id, owner_id = made.json()["id"], made.json()["owner_id"]
    account = town.account(person)
    until = town.clock() + timedelta(hours=-1 if ended else 1)
    with town.database.write() as session:
        for given_role, scope in (
            (role, MemberScope(UUID(id))),
            (belongs, MemberScope(UUID(owner_id), is_organisation=True)),
        ):
            if given_role:
                access.put_member(session, scope, account.id, role=given_role, expires_at=until, now=town.clock())
    limit = {"none": None, "this": UUID(id), "another": uuid4()}[only]
    member = Principal(account.id, person, Role.CREATOR, only_repository=limit, asked_at=town.clock())
    for principal in (member, ANONYMOUS):
        with town.database.read() as session:
            listed = repos.list_repositories(
                session, principal=principal, require_sign_in=require_sign_in, owner=organisation
            ).items
            roles = access.roles_in(session, principal, {UUID(id): UUID(owner_id)})
            alone = access.may_read(
                principal,
                id=UUID(id),
                role=roles[UUID(id)],
                visibility=visibility,
                require_sign_in=require_sign_in,
            )
        assert bool(listed) is alone


def test_roles_are_a_ladder() -> None:
    for role, needed in product(MemberRole, MemberRole):
        assert rules.allows(role, needed) is (ROLES.index(role) >= ROLES.index(needed))
        assert rules.highest(role, needed, None) is (role if rules.allows(role, needed) else needed)
    assert rules.highest() is None
    assert not rules.allows(None, MemberRole.READER)
