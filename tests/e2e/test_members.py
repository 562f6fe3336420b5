"""Members in the browser: an invitation by name and one by link are accepted, a role is changed, and the log tells.

Repositories made for an organisation.
"""

import re
import secrets

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import stage
from e2e.stage import Person, Stage, newcomer, shoot, visit
from support import server


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


def test_a_repository_is_made_and_forked_for_an_organisation(browser: Browser) -> None:
    running = server.shared()
    me, other = Person(*running.account()), Person(*running.account())
    place = Stage(running.url, me, me, "", "", "", "")
    club, foreign, name = (f"{word}{secrets.token_hex(3)}" for word in ("club", "foreign", "shelf"))
    make_organisation(running, me, club)
    make_organisation(running, other, foreign)
    join(running, other, me, foreign, role="contributor")  # who may not make repositories there
    with visit(browser, place, who=me) as page:
        for form in ("/new", "/new/operation", "/new/dataset"):
            page.goto(form)
            page.get_by_role("combobox", name="Owner").click()
            expect(page.get_by_role("option")).to_have_text([me.username, club])
        page.get_by_role("option", name=club).click()
        page.get_by_role("textbox", name="Name").fill(name)
        expect(page.get_by_text(f"{club}/{name}")).to_be_visible()
        page.get_by_label("Files").first.set_input_files(
            {"name": "colours.csv", "mimeType": "text/csv", "buffer": b"name,red\nruby,224\n"}
        )
        shoot(page, "73-owner")
        page.get_by_role("button", name="Push", exact=True).click()
        expect(page.get_by_role("heading", name=re.compile("^Version 1$"))).to_be_visible()
        expect(page).to_have_url(re.compile(f"/{club}/{name}/versions/1$"))
        fork(page, club, f"{name}-copy")
        expect(page).to_have_url(re.compile(f"/{club}/{name}-copy$"))
        assert stage.accessibility_faults(page) == []


def fork(page: Page, owner: str, name: str) -> None:
    page.get_by_role("button", name="Fork").click()
    dialog = page.get_by_role("dialog", name="Fork")
    dialog.get_by_role("combobox", name="Owner").click()
    page.get_by_role("option", name=owner).click()
    dialog.get_by_role("textbox", name="Name of the copy").fill(name)
    assert stage.accessibility_faults(page) == []
    dialog.get_by_role("button", name="Fork").click()


def make_organisation(running: server.Server, owner: Person, name: str) -> None:
    with running.client(owner.token) as client:
        client.post("/api/v1/organisations", json={"username": name}).raise_for_status()


def join(running: server.Server, owner: Person, member: Person, organisation: str, *, role: str) -> None:
    with running.client(owner.token) as client:
        wanted = {"username": member.username, "role": role}
        made = client.post(f"/api/v1/organisations/{organisation}/invitations", json=wanted).raise_for_status().json()
    with running.client(member.token) as client:
        client.post(f"/api/v1/account/invitations/{made['id']}/accept").raise_for_status()
