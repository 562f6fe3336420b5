"""Members in the browser: an invitation by name and one by link are accepted, a role is changed, and the log tells."""

import re
import secrets

import pytest
from playwright.sync_api import Browser, expect

from e2e import stage
from e2e.stage import Stage, newcomer, visit


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


def test_people_are_invited_and_join(browser: Browser, place: Stage) -> None:
    named, linked = newcomer(place), newcomer(place)
    name = f"club{secrets.token_hex(3)}"
    with visit(browser, place, who=place.owner) as page:
        page.goto("/organisations")
        page.get_by_role("textbox", name="Name").fill(name)
        page.get_by_role("button", name="Make the organisation").click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        page.get_by_role("textbox", name="Username").fill(named.username)
        page.get_by_role("button", name="Invite", exact=True).click()
        expect(page.get_by_text(f"{named.username} was invited.")).to_be_visible()
        page.get_by_role("button", name="Make a link").click()
        link = re.sub(r"^https?://[^/]+", "", page.get_by_test_id("secret").inner_text())
        assert stage.accessibility_faults(page) == []
    with visit(browser, place, who=named) as page:
        page.goto("/dashboard")
        page.get_by_role("button", name=f"Accept {name}").click()
        expect(page.get_by_text(f"You belong to {name} now.")).to_be_visible()
    with visit(browser, place, who=linked) as page:
        page.goto(link)
        page.get_by_role("button", name="Accept").click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        expect(page.get_by_role("region", name="Members").get_by_text(named.username).first).to_be_visible()
    with visit(browser, place, who=place.owner) as page:
        page.goto(f"/organisations/{name}")
        page.get_by_role("button", name=f"Remove {linked.username}").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_text(f"{linked.username} was removed.")).to_be_visible()
        page.get_by_role("link", name="Audit log").click()
        expect(page.get_by_role("cell", name="member.removed")).to_be_visible()
        assert stage.accessibility_faults(page) == []


def test_the_members_of_a_repository(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        page.goto(f"/{place.address}/members")
        expect(page.get_by_role("region", name="Members").get_by_text("Owner")).to_be_visible()
        expect(page.get_by_role("region", name="Transfer")).to_be_visible()
        assert stage.accessibility_faults(page) == []
