"""Operations in a browser: a script is pushed, its code is seen, a version is taken back, and somebody forks it."""

import re
import secrets

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import stage
from e2e.stage import BUILD_MS, Stage, accessibility_faults, newcomer, shoot, visit

SCRIPT = b'''"""Counts."""

from pathlib import Path


def count(texts: Path, output: Path, *, least: int = 1) -> dict:
    """Counts files.

    Args:
        texts: What is counted.
        least: Shorter ones are not.
    """
    return {"files": len(list(texts.iterdir()))}
'''


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


def push(page: Page, script: bytes, *, name: str = "", kind: str = "visualisation") -> None:
    page.get_by_label("Script required").set_input_files(
        {"name": "count.py", "mimeType": "text/x-python", "buffer": script}
    )
    if name:
        page.get_by_role("textbox", name="Name").fill(name)
        page.get_by_role("radio", name="Public").check()
        page.get_by_label("What it does").first.click()
        page.get_by_role("option", name=kind).click()
    page.get_by_role("button", name="Push", exact=True).click()


def test_an_operation_from_its_script_to_its_fork(browser: Browser, place: Stage) -> None:
    name = f"count-{secrets.token_hex(3)}"
    with visit(browser, place, who=place.owner) as page:
        page.goto("/new/operation")
        expect(page.get_by_label("Script required")).to_be_attached()
        assert accessibility_faults(page) == []
        shoot(page, "operation-push")
        push(page, SCRIPT, name=name)
        expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
        expect(page.get_by_role("link", name="Run it")).to_be_visible(timeout=BUILD_MS)
        expect(page.get_by_text("visualisation").first).to_be_visible()
        assert accessibility_faults(page) == []
        page.get_by_role("button", name="Unpublish").click()
        expect(page.get_by_text("not published")).to_be_visible()
        page.get_by_role("button", name="Publish", exact=True).click()
        expect(page.get_by_text("not published")).to_be_hidden()
        page.get_by_role("link", name="See the code").click()
        expect(page.get_by_role("link", name="count.py")).to_be_visible()
        _push_what_fails(page, place, name)
        _look_at_the_card(page, place, name)
    _fork(browser, place, name)


def _push_what_fails(page: Page, place: Stage, name: str) -> None:
    """Then ``main`` is ahead of what is published."""
    page.goto(f"/{place.owner.username}/{name}/push")
    push(page, b"1 / 0\n" + SCRIPT)
    expect(page.get_by_text("This version could not be made")).to_be_visible(timeout=BUILD_MS)
    expect(page.get_by_text("ZeroDivisionError").first).to_be_visible()
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_role("link", name=re.compile("^v1"))).to_contain_text("outdated")


def _look_at_the_card(page: Page, place: Stage, name: str) -> None:
    page.goto(f"/{place.owner.username}/{name}")
    expect(page.get_by_role("link", name="See the code")).to_be_visible()
    expect(page.get_by_text("outdated")).to_be_visible()
    expect(page.get_by_role("cell", name="files", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Deployment")).to_be_hidden()
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert accessibility_faults(page) == []
    shoot(page, "operation-card-narrow")
    page.set_viewport_size({"width": 1280, "height": 900})


def _fork(browser: Browser, place: Stage, name: str) -> None:
    somebody = newcomer(place)
    with visit(browser, place, who=somebody) as page:
        page.goto(f"/{place.owner.username}/{name}")
        expect(page.get_by_role("button", name="Unpublish")).to_be_hidden()
        page.get_by_role("button", name="Fork").click()
        page.get_by_role("textbox", name="Name of the copy").fill("mine")
        assert accessibility_faults(page) == []
        page.get_by_role("dialog").get_by_role("button", name="Fork").click()
        expect(page).to_have_url(re.compile(f"/{somebody.username}/mine$"))
        expect(page.get_by_text("Forked from")).to_be_visible()
        expect(page.get_by_role("heading", name="A copy, without a version yet")).to_be_visible()
        expect(page.get_by_role("link", name="Push here")).to_be_visible()
        assert accessibility_faults(page) == []
        shoot(page, "operation-fork")
        expect(page.get_by_role("link", name=f"{place.owner.username}/{name}")).to_be_visible()
        page.get_by_role("link", name="Files").click()
        expect(page.get_by_role("link", name="count.py")).to_be_visible()
        page.goto(f"/{place.owner.username}/{name}")
        page.get_by_role("button", name="Fork").click()
        page.get_by_role("textbox", name="Name of the copy").fill("mine")
        page.get_by_role("dialog").get_by_role("button", name="Fork").click()
        expect(page.get_by_role("alert")).to_contain_text("already")
