"""Members in the browser: an invitation by name and one by link are accepted, a role is changed, and the log tells.

Memberships that end, and repositories made for an organisation.
"""

import re
import secrets
from datetime import UTC, datetime, timedelta

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


def test_a_membership_ends_on_the_day_that_is_chosen(browser: Browser) -> None:
    running = server.shared()
    owner, guest = Person(*running.account()), Person(*running.account())
    place = Stage(running.url, owner, owner, "", "", "", "")
    with running.client(owner.token) as client:
        client.post("/api/v1/repos", json={"name": "lent"}).raise_for_status()
    first, later = (datetime.now(UTC).date() + timedelta(days=days) for days in (30, 60))
    with visit(browser, place, who=owner, timezone_id="Asia/Tokyo") as page:
        page.goto(f"/{owner.username}/lent/members")
        page.get_by_role("textbox", name="Username").fill(guest.username)
        page.get_by_label("Member until").fill("2020-01-31")
        page.get_by_role("button", name="Invite", exact=True).click()
        expect(page.get_by_role("region", name="Invite")).to_contain_text("It would have ended already.")
        page.get_by_label("Member until").fill(first.isoformat())
        page.get_by_role("button", name="Invite", exact=True).click()
        expect(page.get_by_role("listitem").filter(has_text=f"Reader until {first}")).to_be_visible()
    with visit(browser, place, who=guest, timezone_id="Asia/Tokyo") as page:
        page.goto("/dashboard")
        expect(page.get_by_role("region", name="Waiting for your answer")).to_contain_text(f"until {first}")
        page.get_by_role("button", name=f"Accept {owner.username}/lent").click()
        expect(page.get_by_text("You belong to")).to_be_visible()
    with visit(browser, place, who=owner, timezone_id="Asia/Tokyo") as page:
        page.goto(f"/{owner.username}/lent/members")
        end = page.get_by_label(f"When the membership of {guest.username} ends")
        expect(end).to_have_value(first.isoformat())
        end.fill(later.isoformat())
        end.press("Enter")
        expect(page.get_by_text(f"{guest.username} is a member until {later}.")).to_be_visible()
        assert ends_at(running, owner, guest) == f"{later}T14:59:59Z"  # the end of that day in Tokyo
        end.fill("2020-01-31")
        end.press("Enter")
        expect(page.get_by_text("The end was not changed")).to_be_visible()
        expect(end).to_have_value(later.isoformat())
        shoot(page, "72-members")
        assert stage.accessibility_faults(page) == []
        end.fill("")
        end.press("Enter")
        expect(page.get_by_text(f"{guest.username} is a member for good.")).to_be_visible()
        assert ends_at(running, owner, guest) is None


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


def ends_at(running: server.Server, owner: Person, member: Person) -> str | None:
    with running.client(owner.token) as client:
        members = client.get(f"/api/v1/repos/{owner.username}/lent/members").raise_for_status().json()["items"]
    return {found["username"]: found["expires_at"] for found in members}[member.username]
