"""Signing in, up and out with a browser."""

import json
from datetime import timedelta

import pytest

from modelyard.kit.db import Database
from modelyard.rooms.accounts import passwords, service
from modelyard.rooms.accounts.schemas import Role, SignUp
from modelyard.rooms.accounts.throttle import SignInThrottle
from rooms.accounts.small_site import PASSWORD, URL, SmallSite

CREDENTIALS = {"username": "ada", "password": PASSWORD}


def test_signing_in_and_out(site: SmallSite) -> None:
    site.account("ada")
    browser = site.signed_in("ada")
    assert browser.get("session").json()["account"]["username"] == "ada"
    secret = browser.cookies["modelyard_session"]

    assert browser.delete("session").status_code == 204
    assert browser.get("session").json()["account"] is None
    browser.cookies.set("modelyard_session", secret, domain="site.test")
    assert browser.get("session").json()["account"] is None, "the old cookie must be worth nothing"


def test_user_name_is_found_in_any_case(site: SmallSite) -> None:
    site.account("ada")
    assert site.browser().post("session", json={**CREDENTIALS, "username": " Ada "}).status_code == 200


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(site: SmallSite) -> None:
    site.account("ada")
    cookie = site.browser().post("session", json=CREDENTIALS).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Max-Age=1209600" in cookie
    assert "Secure" not in cookie


def test_cookie_is_secure_under_https(db: Database) -> None:
    site = SmallSite(db, public_url="https://site.test")
    site.account("ada")
    answer = site.browser(origin="https://site.test").post("session", json=CREDENTIALS)
    assert "Secure" in answer.headers["set-cookie"]


def test_database_keeps_neither_password_nor_secret(site: SmallSite) -> None:
    site.account("ada")
    secret = site.signed_in("ada").cookies["modelyard_session"]
    with site.database.engine.connect() as connection:
        kept = [str(row) for t in ("accounts", "sessions") for row in connection.exec_driver_sql(f"SELECT * FROM {t}")]
    assert len(kept) == 2
    assert not any(secret in row or PASSWORD in row for row in kept)


def test_session_ends(site: SmallSite) -> None:
    site.account("ada")
    browser = site.signed_in("ada")
    site.clock.advance(timedelta(days=14, seconds=-1))
    assert browser.get("session").json()["account"] is not None
    site.clock.advance(timedelta(seconds=1))
    assert browser.get("session").json()["account"] is None
    with site.database.write() as session:
        assert service.sweep_expired(session, clock=site.clock) == 1
        assert service.sweep_expired(session, clock=site.clock) == 0


@pytest.mark.parametrize("wrong", [{"username": "nobody-here"}, {"password": "wrong horse battery"}])
def test_unknown_user_and_wrong_password_look_the_same(site: SmallSite, wrong: dict[str, str]) -> None:
    site.account("ada")
    answer = site.browser().post("session", json=CREDENTIALS | wrong)
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
    assert answer.json()["detail"] == "The user name or the password is wrong"
    assert "set-cookie" not in answer.headers


def test_unknown_user_costs_as_much_as_a_known_one(site: SmallSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.account("ada")
    with site.database.write() as session:
        service.create_account(session, username="robot", password=None, role=Role.CREATOR)
    verified: list[str] = []
    real = passwords._hasher.verify
    monkeypatch.setattr(passwords._hasher, "verify", lambda p, h: verified.append(h) or real(p, h))
    for username in ("ada", "nobody-here", "robot"):
        site.browser().post("session", json={"username": username, "password": "wrong horse battery"})
    assert len(verified) == 3
    parameters = {hash_.split("$")[1:4] == verified[0].split("$")[1:4] for hash_ in verified}
    assert parameters == {True}, "each is as much work as the others"


def test_guessing_from_elsewhere_does_not_lock_the_owner_out(db: Database) -> None:
    site = SmallSite(db, throttle=SignInThrottle(per_username="2 per hour"))
    site.account("ada")
    wrong = {**CREDENTIALS, "password": "wrong"}
    guesses = [site.browser(address="203.0.113.9").post("session", json=wrong).status_code for _ in range(3)]
    assert guesses == [401, 401, 429]
    assert site.browser(address="203.0.113.1").post("session", json=CREDENTIALS).status_code == 200


def test_name_is_limited_whoever_tries(db: Database) -> None:
    site = SmallSite(db, throttle=SignInThrottle(anywhere="3 per hour"))
    site.account("ada")
    for number in range(3):
        answer = site.browser(address=f"203.0.113.{number}").post("session", json={**CREDENTIALS, "password": "wrong"})
        assert answer.status_code == 401
    refused = site.browser().post("session", json=CREDENTIALS)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_sign_ins")
    assert 0 < int(refused.headers["retry-after"]) <= 3600


def test_unknown_name_is_limited_like_a_known_one(db: Database) -> None:
    site = SmallSite(db, throttle=SignInThrottle(per_username="1 per hour"))
    answers = [site.browser().post("session", json={**CREDENTIALS, "username": "ghost"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [401, 429]


def test_address_is_limited_over_all_names(db: Database) -> None:
    site = SmallSite(db, throttle=SignInThrottle(per_address="2 per hour"))
    statuses = [
        site.browser(address=address).post("session", json={"username": name, "password": "x"}).status_code
        for name, address in (
            ("a1", "198.51.100.1"),
            ("a2", "198.51.100.1"),
            ("a3", "198.51.100.1"),
            ("a4", "198.51.100.2"),
        )
    ]
    assert statuses == [401, 401, 429, 401]


def test_right_password_starts_the_count_again(db: Database) -> None:
    site = SmallSite(db, throttle=SignInThrottle(per_username="2 per hour"))
    site.account("ada")
    wrong = {**CREDENTIALS, "password": "wrong"}
    statuses = [
        site.browser().post("session", json=body).status_code for body in (wrong, CREDENTIALS, wrong, CREDENTIALS)
    ]
    assert statuses == [401, 200, 401, 200]


def test_forwarded_address_counts_only_from_a_trusted_proxy(db: Database) -> None:
    site = SmallSite(db, throttle=SignInThrottle(per_address="1 per hour"), trusted_proxies=("10.0.0.0/8",))

    def attempt(*, peer: str, forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded}
        body = {"username": f"user-{peer}", "password": "x"}
        return site.browser(address=peer).post("session", json=body, headers=headers).status_code

    assert attempt(peer="203.0.113.1", forwarded="192.0.2.1") == 401
    assert attempt(peer="203.0.113.1", forwarded="192.0.2.2") == 429, "a stranger's header must not give a new count"
    assert attempt(peer="10.0.0.1", forwarded="192.0.2.1") == 401
    assert attempt(peer="10.0.0.2", forwarded="192.0.2.1") == 429, "the same person behind another proxy"


def test_disabled_account_is_told_only_with_its_password(site: SmallSite) -> None:
    site.account("root-1", Role.ADMINISTRATOR)
    site.account("ada")
    browser = site.signed_in("ada")
    assert site.signed_in("root-1").patch("accounts/ada", json={"disabled": True}).status_code == 200
    assert browser.get("session").json()["account"] is None, "its sessions end"
    assert site.browser().post("session", json=CREDENTIALS).json()["code"] == "account_disabled"
    wrong = site.browser().post("session", json={**CREDENTIALS, "password": "wrong"})
    assert wrong.json()["code"] == "wrong_credentials"


@pytest.mark.parametrize(
    "origin", [None, "http://evil.test", "null", "http://site.test.evil.test", "http://site.test:81"]
)
def test_cookie_is_no_proof_on_behalf_of_other_sites(site: SmallSite, origin: str | None) -> None:
    site.account("ada")
    browser = site.signed_in("ada")
    del browser.headers["origin"]
    answer = browser.patch("account", json={"display_name": "x"}, headers={"Origin": origin} if origin else {})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request")
    assert browser.get("session").json()["account"]["display_name"] == ""


def test_another_site_cannot_sign_anybody_in(site: SmallSite) -> None:
    site.account("ada")
    answer = site.browser(origin="http://evil.test").post("session", json=CREDENTIALS)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert site.browser(origin=None).post("session", json=CREDENTIALS).status_code == 200, "a script sends no Origin"


def test_origin_may_be_the_public_address_behind_a_proxy(db: Database) -> None:
    site = SmallSite(db, public_url="https://models.example.org")
    site.account("ada")
    browser = site.browser(origin="https://models.example.org", url="http://10.0.0.5:8080")
    assert browser.post("session", json=CREDENTIALS).status_code == 200


def test_sign_up_is_closed_by_default(site: SmallSite) -> None:
    answer = site.browser().post("sign-up", json=CREDENTIALS)
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_up_not_open")


def test_open_sign_up_gives_the_site_role_and_signs_in(site: SmallSite) -> None:
    site.account("root-1", Role.ADMINISTRATOR)
    administrator = site.signed_in("root-1")
    assert administrator.patch("site", json={"sign_up": "open"}).json() == {
        "sign_up": "open",
        "sign_up_role": "reader",
        "require_sign_in": False,
    }
    newcomer = site.browser()
    assert newcomer.post("sign-up", json=CREDENTIALS).json()["account"]["role"] == "reader"
    assert newcomer.get("session").json()["account"]["username"] == "ada"
    assert site.browser().post("sign-up", json=CREDENTIALS).json()["code"] == "username_taken"

    administrator.patch("site", json={"sign_up_role": "creator"})
    assert (
        site.browser().post("sign-up", json={**CREDENTIALS, "username": "bob"}).json()["account"]["role"] == "creator"
    )
    assert administrator.patch("site", json={"sign_up_role": "administrator"}).status_code == 422
    assert newcomer.patch("site", json={"sign_up": "closed"}).status_code == 403


def test_the_role_of_newcomers_is_configured_until_an_administrator_changes_it(db: Database) -> None:
    site = SmallSite(db, sign_up=SignUp.OPEN, sign_up_role=Role.CREATOR)
    site.account("root-1", Role.ADMINISTRATOR)
    assert site.browser().post("sign-up", json=CREDENTIALS).json()["account"]["role"] == "creator"
    site.signed_in("root-1").patch("site", json={"sign_up_role": "reader"})
    another = site.browser().post("sign-up", json={**CREDENTIALS, "username": "bob"})
    assert another.json()["account"]["role"] == "reader"


def test_invitation_works_once_and_gives_its_role(site: SmallSite) -> None:
    site.account("root-1", Role.ADMINISTRATOR)
    administrator = site.signed_in("root-1")
    invitation = administrator.post("invitations", json={"role": "creator"}).json()
    assert invitation["url"] == f"{URL}/sign-up?invitation={invitation['secret']}"
    assert [i["id"] for i in administrator.get("invitations").json()["items"]] == [invitation["id"]]

    body = {**CREDENTIALS, "invitation": invitation["secret"]}
    assert site.browser().post("sign-up", json={**body, "username": "admin"}).status_code == 422
    assert site.browser().post("sign-up", json=body).json()["account"]["role"] == "creator"
    again = site.browser().post("sign-up", json={**body, "username": "bob"})
    assert (again.status_code, again.json()["code"]) == (403, "invitation_unusable")
    assert administrator.get("invitations").json()["items"] == []


def test_invitation_expires_and_can_be_taken_back(site: SmallSite) -> None:
    site.account("root-1", Role.ADMINISTRATOR)
    administrator = site.signed_in("root-1")
    late, withdrawn = (administrator.post("invitations", json={"expires_in_days": d}).json() for d in (1, 7))
    site.clock.advance(timedelta(days=1))
    assert administrator.delete(f"invitations/{withdrawn['id']}").status_code == 204
    assert administrator.delete(f"invitations/{withdrawn['id']}").json()["code"] == "invitation_missing"
    for secret in (late["secret"], withdrawn["secret"], "made-up"):
        answer = site.browser().post("sign-up", json={**CREDENTIALS, "invitation": secret})
        assert answer.json()["code"] == "invitation_unusable"


def test_password_change_asks_for_the_old_one_and_ends_other_sessions(site: SmallSite) -> None:
    site.account("ada")
    here, elsewhere = site.signed_in("ada"), site.signed_in("ada")
    new = {"old_password": PASSWORD, "new_password": "a better password"}
    wrong = here.put("account/password", json={**new, "old_password": "wrong"})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["field"]) == (403, "wrong_password", "old_password")
    assert here.put("account/password", json=new).status_code == 204
    assert here.get("session").json()["account"]["username"] == "ada"
    assert elsewhere.get("session").json()["account"] is None
    assert site.browser().post("session", json=CREDENTIALS).status_code == 401
    assert site.browser().post("session", json={**CREDENTIALS, "password": "a better password"}).status_code == 200


@pytest.mark.parametrize("password", ["ada-ada-1", "aaaaaaaaaaaaaa", "x" * 201, "ada1234567\ud800"])
def test_bad_passwords_are_refused(site: SmallSite, password: str) -> None:
    site.account("ada-long-name")
    body = json.dumps({"old_password": PASSWORD, "new_password": password})
    headers = {"Content-Type": "application/json"}
    answer = site.signed_in("ada-long-name").put("account/password", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["field"] == "new_password"
