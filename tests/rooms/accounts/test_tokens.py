"""API tokens."""

import base64
from datetime import timedelta

import pytest

from modelyard.rooms.accounts import service
from modelyard.rooms.accounts.errors import TooManyTokens
from modelyard.rooms.accounts.rules import MAX_TOKENS
from modelyard.rooms.accounts.schemas import Role, Scope
from rooms.accounts.small_site import SmallSite


def test_token_is_made_shown_once_used_and_revoked(site: SmallSite) -> None:
    site.account("ada")
    browser = site.signed_in("ada")
    made = browser.post("account/tokens", json={"name": "laptop", "scopes": ["read", "write"], "expires_in_days": 30})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    token = made.json()
    assert token["secret"].startswith("my_token_")
    (listed,) = browser.get("account/tokens").json()["items"]
    assert listed == {key: value for key, value in token.items() if key != "secret"}
    assert listed["hint"] == token["secret"][-4:]

    script = site.script(token["secret"])
    assert script.get("session").json()["account"]["username"] == "ada"
    assert script.patch("account", json={"display_name": "Ada L."}).json()["display_name"] == "Ada L."
    assert browser.delete(f"account/tokens/{token['id']}").status_code == 204
    assert script.get("session").json()["code"] == "invalid_token"
    assert browser.delete(f"account/tokens/{token['id']}").json()["code"] == "token_missing"


def test_database_keeps_only_a_hash(site: SmallSite) -> None:
    secret = site.token(site.account("ada"), Scope.READ)
    with site.database.engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT * FROM tokens")
    assert secret not in str(row)


def test_token_is_also_the_password_of_basic(site: SmallSite) -> None:
    secret = site.token(site.account("ada"), Scope.READ)
    basic = base64.b64encode(f"whoever:{secret}".encode()).decode()
    answer = site.browser().get("session", headers={"Authorization": f"Basic {basic}"})
    assert answer.json()["account"]["username"] == "ada"


@pytest.mark.parametrize(
    "header", ["Bearer nonsense", "Bearer my_token_x", "Basic !!!", "Bearer \xff\xfe", "Basic Og=="]
)
def test_wrong_credentials_never_pass(site: SmallSite, header: str) -> None:
    answer = site.browser().patch(
        "account", json={"display_name": "x"}, headers={"Authorization": header.encode("latin-1")}
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_token_expires(site: SmallSite) -> None:
    script = site.script(site.token(site.account("ada"), Scope.READ, lifetime=timedelta(hours=1)))
    assert script.get("session").status_code == 200
    site.clock.advance(timedelta(hours=1))
    answer = script.get("session")
    assert (answer.status_code, answer.json()["code"]) == (401, "expired_token")
    with site.database.write() as session:
        assert service.sweep_expired(session, clock=site.clock) == 0, "people want to see what expired"
        site.clock.advance(timedelta(days=30))
        assert service.sweep_expired(session, clock=site.clock) == 1


def test_token_does_only_what_its_scopes_say(site: SmallSite) -> None:
    account = site.account("root-1", Role.ADMINISTRATOR)
    reading, writing, administering = (
        site.script(site.token(account, Scope.READ, *more)) for more in ((), (Scope.WRITE,), (Scope.WRITE, Scope.ADMIN))
    )
    assert reading.patch("account", json={"display_name": "x"}).json()["code"] == "scope_missing"
    assert writing.patch("account", json={"display_name": "x"}).status_code == 200
    assert writing.get("accounts").json()["code"] == "scope_missing"
    assert administering.get("accounts").status_code == 200


def test_only_administrators_make_administering_tokens(site: SmallSite) -> None:
    site.account("ada")
    answer = site.signed_in("ada").post("account/tokens", json={"name": "t", "scopes": ["admin"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_not_yours")


def test_administering_token_of_a_former_administrator_is_worth_nothing(site: SmallSite) -> None:
    site.account("root-1", Role.ADMINISTRATOR)
    script = site.script(site.token(site.account("root-2", Role.ADMINISTRATOR), *Scope))
    site.signed_in("root-1").patch("accounts/root-2", json={"role": "creator"})
    assert script.get("accounts").json()["code"] == "role_missing"


def test_token_cannot_multiply_or_take_the_account_over(site: SmallSite) -> None:
    script = site.script(site.token(site.account("ada"), Scope.READ, Scope.WRITE))
    for answer in (
        script.post("account/tokens", json={"name": "t", "scopes": ["read"]}),
        script.get("account/tokens"),
        script.put("account/password", json={"old_password": "x", "new_password": "x" * 12}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "session_required")


def test_tokens_of_others_are_out_of_reach(site: SmallSite) -> None:
    site.account("ada")
    site.account("eve")
    ada, eve = site.signed_in("ada"), site.signed_in("eve")
    token = ada.post("account/tokens", json={"name": "t", "scopes": ["read"]}).json()
    assert eve.get("account/tokens").json()["items"] == []
    assert eve.delete(f"account/tokens/{token['id']}").status_code == 404
    assert len(ada.get("account/tokens").json()["items"]) == 1


def test_disabled_account_loses_its_tokens_while_it_is_disabled(site: SmallSite) -> None:
    site.account("root-1", Role.ADMINISTRATOR)
    script = site.script(site.token(site.account("ada"), Scope.READ))
    administrator = site.signed_in("root-1")
    administrator.patch("accounts/ada", json={"disabled": True})
    assert script.get("session").json()["code"] == "account_disabled"
    administrator.patch("accounts/ada", json={"disabled": False})
    assert script.get("session").status_code == 200


def test_last_use_is_written_apart_from_requests(site: SmallSite) -> None:
    account = site.account("ada")
    site.script(site.token(account, Scope.READ)).get("session")
    with site.database.write() as session:
        assert service.list_tokens(session, account.id)[0].last_used_at is None
        assert service.write_token_uses(session, site.uses) == 1
        assert service.write_token_uses(session, site.uses) == 0
        assert service.list_tokens(session, account.id)[0].last_used_at == site.clock.now


def test_number_of_tokens_is_bounded(site: SmallSite) -> None:
    account = site.account("ada")
    with site.database.write() as session:
        for number in range(MAX_TOKENS):
            service.create_token(session, account_id=account.id, name=str(number), scopes=[Scope.READ], lifetime=None)
        with pytest.raises(TooManyTokens):
            service.create_token(session, account_id=account.id, name="one more", scopes=[Scope.READ], lifetime=None)


@pytest.mark.parametrize(
    "wrong", [{"scopes": []}, {"scopes": ["all"]}, {"name": ""}, {"name": "a\u0000b"}, {"expires_in_days": 0}]
)
def test_bad_orders_are_refused(site: SmallSite, wrong: dict[str, object]) -> None:
    site.account("ada")
    answer = site.signed_in("ada").post("account/tokens", json={"name": "t", "scopes": ["read"]} | wrong)
    assert answer.status_code == 422
    assert answer.json()["field"].split(".")[0] in wrong
