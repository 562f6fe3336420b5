"""Accounts in the browser: an administrator makes one, the newcomer signs in, is disabled, and comes by invitation."""

import re
import secrets

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import stage
from e2e.stage import Person, Stage, newcomer, visit


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


def test_an_account_is_made_used_and_disabled(browser: Browser, place: Stage) -> None:
    username = f"made{secrets.token_hex(3)}"
    with visit(browser, place, who=place.administrator) as page:
        page.goto("/admin")
        page.get_by_role("textbox", name="Username").fill(username)
        page.get_by_role("button", name="Make account").click()
        password = page.get_by_test_id("secret").inner_text()
        with visit(browser, place) as theirs:
            _enter(theirs, username, password)
            expect(theirs.get_by_role("heading", name="Dashboard")).to_be_visible()
        page.get_by_role("textbox", name="Filter accounts").fill(username)
        page.get_by_role("button", name=f"Disable {username}").click()
        expect(page.get_by_role("button", name=f"Enable {username}")).to_be_visible()
        with visit(browser, place) as theirs:
            _enter(theirs, username, password)
            expect(theirs.get_by_role("alert")).to_be_visible()


def test_an_invitation_brings_one_person(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.administrator) as page:
        page.goto("/admin/invitations")
        page.get_by_role("button", name="Make invitation").click()
        link = page.get_by_test_id("secret").inner_text()
    with visit(browser, place) as page:
        page.goto(re.sub(r"^https?://[^/]+", "", link))
        page.get_by_label("Username").fill(f"invited{secrets.token_hex(3)}")
        page.locator("input[name=password]").fill("a long enough pass phrase")
        page.get_by_role("button", name="Make the account").click()
        expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def test_the_password_is_changed_with_the_old_one(browser: Browser, place: Stage) -> None:
    person = Person(f"pw{secrets.token_hex(3)}", "the first pass phrase", "")
    with visit(browser, place) as page:
        page.goto("/sign-up")
        page.get_by_label("Username").fill(person.username)
        page.locator("input[name=password]").fill(person.password)
        page.get_by_role("button", name="Make the account").click()
        expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
        page.goto("/settings")
        _change_password(page, "not the old one", "the second pass phrase")
        expect(page.get_by_role("alert")).to_be_visible()
        _change_password(page, person.password, "the second pass phrase")
        expect(page.get_by_text("Your password was changed.")).to_be_visible()


def test_signing_out_forgets_what_was_seen(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        page.goto("/dashboard")
        expect(page.get_by_text(place.address.split("/")[1]).first).to_be_visible()
        page.get_by_role("button", name="Account").click()
        page.get_by_role("menuitem", name="Sign out").click()
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        page.goto("/dashboard")
        expect(page).to_have_url(re.compile("/sign-in"))


def test_who_may_not_is_told_instead_of_shown_a_form(browser: Browser, place: Stage) -> None:
    closed = {
        "/admin": "Only administrators may do this",
        f"/{place.address}/settings": "Only maintainers change this",
        f"/{place.address}/push": "Only maintainers push here",
    }
    with visit(browser, place, who=newcomer(place)) as page:
        for address, words in closed.items():
            page.goto(address)
            expect(page.get_by_role("heading", name=words)).to_be_visible()
            expect(page.get_by_role("main").get_by_role("textbox")).to_have_count(0)


def test_what_is_missing_leads_to_signing_in_and_back(browser: Browser, place: Stage) -> None:
    with visit(browser, place) as page:
        page.goto("/no/such-model")
        page.get_by_role("main").get_by_role("link", name="Sign in").click()
        _fill_in(page, place.owner.username, place.owner.password)
        expect(page).to_have_url(f"{place.url}/no/such-model")
        expect(page.get_by_role("main")).to_contain_text("Ask its owner.")


def _enter(page: Page, username: str, password: str) -> None:
    page.goto("/sign-in")
    _fill_in(page, username, password)


def _fill_in(page: Page, username: str, password: str) -> None:
    page.get_by_label("Username").fill(username)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()


def _change_password(page: Page, old: str, new: str) -> None:
    page.get_by_role("textbox", name="Present password").fill(old)
    page.get_by_role("textbox", name="New password").fill(new)
    page.get_by_role("button", name="Change password").click()
