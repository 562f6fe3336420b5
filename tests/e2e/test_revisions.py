"""Branches, comparisons and edits of text files in a real browser, as roles allow them."""

import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e.stage import Person, Stage, accessibility_faults, shoot, visit
from support import server

NOTHING = "0" * 40


@dataclass
class Place:
    """A private repository with a text on ``main``, its owner and a contributor."""

    stage: Stage
    owner: Person
    contributor: Person
    name: str

    @property
    def address(self) -> str:
        return f"/{self.owner.username}/{self.name}"

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.owner.token}"}
        url = f"{self.stage.url}/api/v1/repos{self.address}{path}"
        return httpx.request(method, url, headers=headers, timeout=60, **options).raise_for_status()

    def branches(self) -> dict[str, str]:
        return {branch["name"]: branch["commit"]["id"] for branch in self.api("GET", "/branches").json()}

    def commit(self, base: str, text: str, *, branch: str = "main") -> str:
        changes = [{"path": "notes.txt", "content": text}]
        wanted = {"branch": branch, "base": base, "message": f"On {branch}: {text.strip()}", "changes": changes}
        return self.api("POST", "/commits", json=wanted).json()["id"]

    def text(self, revision: str) -> str:
        return self.api("GET", "/raw", params={"path": "notes.txt", "revision": revision}).text


@pytest.fixture
def place() -> Place:
    running = server.shared()
    owner, contributor = Person(*running.account()), Person(*running.account())
    with running.client(owner.token) as client:
        client.post("/api/v1/repos", json={"name": "notes"}).raise_for_status()
        invited = {"username": contributor.username, "role": "contributor"}
        invitation = client.post(f"/api/v1/repos/{owner.username}/notes/invitations", json=invited).raise_for_status()
    with running.client(contributor.token) as client:
        client.post(f"/api/v1/account/invitations/{invitation.json()['id']}/accept").raise_for_status()
    place = Place(Stage(running.url, owner, owner, "", "", "", ""), owner, contributor, "notes")
    place.commit(NOTHING, "one\n")
    return place


def test_a_branch_is_created_where_one_looks_and_deleted(browser: Browser, place: Place) -> None:
    first = place.branches()["main"]
    second = place.commit(first, "two\n")
    with visit(browser, place.stage, who=place.owner) as page:
        page.goto(f"{place.address}/files/?revision={first}")
        more(page, first[:12]).click()
        page.get_by_role("menuitem", name="New branch from here").click()
        dialog = page.get_by_role("dialog", name="New branch")
        dialog.get_by_role("textbox", name="Name").fill("main")
        dialog.get_by_role("button", name="Create").click()
        expect(dialog.get_by_text("There is a branch main already")).to_be_visible()
        dialog.get_by_role("textbox", name="Name").fill("topic/one")
        assert accessibility_faults(page) == []
        dialog.get_by_role("button", name="Create").click()
        expect(page).to_have_url(re.compile("revision=topic"))
        expect(page.get_by_role("combobox", name="Revision")).to_have_value("topic/one")
        assert place.branches() == {"main": second, "topic/one": first}
        more(page, "topic/one").click()
        shoot(page, "70-branch-menu")
        page.get_by_role("menuitem", name="Delete this branch").click()
        page.get_by_role("dialog", name="Delete topic/one?").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("combobox", name="Revision")).to_have_value("main")
        assert place.branches() == {"main": second}
        more(page, "main").click()
        expect(page.get_by_role("menuitem", name="New branch from here")).to_be_visible()
        expect(page.get_by_role("menuitem", name="Delete this branch")).to_have_count(0)


def test_two_revisions_are_compared(browser: Browser, place: Place) -> None:
    first = place.branches()["main"]
    place.api("POST", "/branches", json={"name": "topic", "revision": first})
    place.commit(first, "topic\n", branch="topic")
    place.commit(first, "two\n")
    with visit(browser, place.stage, who=place.owner) as page:
        page.goto(f"{place.address}/files/?revision=topic")
        more(page, "topic").click()
        page.get_by_role("menuitem", name="Compare").click()
        commits = page.get_by_role("region", name="Commits of topic that main does not have")
        expect(commits.get_by_role("link")).to_have_count(1)
        expect(commits.get_by_role("link")).to_contain_text("On topic: topic")
        expect(tab(page, "Files")).to_have_attribute("aria-current", "page")
        expect(tab(page, "Versions")).not_to_have_attribute("aria-current", "page")
        expect(changed_rows(page)).to_have_text([re.compile("two"), re.compile("topic")])
        shoot(page, "71-compare-revisions")
        assert accessibility_faults(page) == []
        page.get_by_role("button", name="Swap").click()
        expect(page.get_by_role("region", name="Commits of main that topic does not have")).to_contain_text("two")
        base = page.get_by_role("combobox", name="From")
        base.fill(first[:10])
        page.get_by_role("option", name=first[:10]).click()
        expect(page).to_have_url(re.compile(f"base={first[:10]}"))
        expect(changed_rows(page)).to_have_text([re.compile("one"), re.compile("two")])
        page.goto(f"{place.address}/commits?revision=topic")
        expect(tab(page, "Files")).to_have_attribute("aria-current", "page")
        page.get_by_role("link", name="Compare", exact=True).click()
        expect(page.get_by_role("combobox", name="To")).to_have_value("topic")


def test_a_contributor_edits_onto_a_new_branch(browser: Browser, place: Place) -> None:
    base = place.branches()["main"]
    with visit(browser, place.stage, who=place.contributor) as page:
        page.goto(f"{place.address}/files/notes.txt")
        expect(page.get_by_role("link", name="Edit")).to_be_visible()
        expect(page.get_by_role("button", name="Delete")).to_have_count(0)  # main is the maintainers'
        page.get_by_role("link", name="Edit").click()
        expect(tab(page, "Files")).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("textbox", name="Branch")).to_have_value("patch-1")
        page.get_by_role("textbox", name="Content").fill("mine\n")
        page.get_by_role("button", name="Commit to patch-1").click()
        expect(page).to_have_url(re.compile("revision=patch-1"))
        expect(page.get_by_role("region", name="Files")).to_contain_text("mine")
        assert (place.text("patch-1"), place.branches()["main"]) == ("mine\n", base)
        expect(page.get_by_role("button", name="Delete")).to_be_visible()
        page.get_by_role("link", name="Edit").click()
        expect(page.get_by_role("textbox", name="Branch")).to_have_value("patch-1")
        page.get_by_role("textbox", name="Content").fill("again\n")
        page.get_by_role("textbox", name="Branch").fill("main")
        page.get_by_role("button", name="Commit to main").click()
        expect(page.get_by_text("This takes the role 'maintainer'")).to_be_visible()
        page.get_by_role("textbox", name="Branch").fill("patch-1")
        page.get_by_role("button", name="Commit to patch-1").click()
        expect(page.get_by_role("region", name="Files")).to_contain_text("again")
        assert (place.text("patch-1"), place.branches()["main"]) == ("again\n", base)


def test_an_owner_may_leave_main_alone_and_a_visitor_changes_nothing(browser: Browser, place: Place) -> None:
    base = place.branches()["main"]
    with visit(browser, place.stage, who=place.owner) as page:
        page.goto(f"{place.address}/edit/notes.txt")
        expect(page.get_by_role("textbox", name="Branch")).to_have_value("main")
        page.get_by_role("textbox", name="Content").fill("aside\n")
        page.get_by_role("textbox", name="Branch").fill("aside")
        page.get_by_role("button", name="Commit to aside").click()
        expect(page).to_have_url(re.compile("revision=aside"))
        assert (place.text("aside"), place.branches()["main"]) == ("aside\n", base)
    place.api("PATCH", "", json={"visibility": "public"})
    with visit(browser, place.stage) as page:
        page.goto(f"{place.address}/files/notes.txt?revision=aside")
        more(page, "aside").click()
        expect(page.get_by_role("menuitem", name="Compare")).to_be_visible()
        expect(page.get_by_role("menuitem")).to_have_count(1)
        expect(page.get_by_role("link", name="Edit")).to_have_count(0)


def more(page: Page, revision: str) -> Locator:
    return page.get_by_role("button", name=f"More about {revision}")


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Repository").get_by_role("link", name=name, exact=True)


def changed_rows(page: Page) -> Locator:
    """The lines of ``notes.txt`` that differ, without the titles of their hunks."""
    return page.get_by_role("region", name="What changed in notes.txt").locator("tr:not([data-kind=hunk])")
