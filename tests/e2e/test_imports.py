"""Images of other registries in a browser: an import with a sign-in, what goes wrong, and the list of sign-ins."""

import re
import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import stage
from e2e.stage import BUILD_MS, Stage, accessibility_faults, newcomer, shoot, visit
from support import images, token_registry
from support.images import layer
from support.token_registry import TokenRegistry

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


@pytest.fixture
def guarded() -> Iterator[TokenRegistry]:
    """A registry that shows an image to ada alone; the image is another one for each test."""
    labels = {"org.opencontainers.image.title": "Brought from elsewhere"}
    with token_registry.guarded(images.image(layer({"a": secrets.token_hex(4)}), Labels=labels)) as running:
        yield running


def _start(page: Page, reference: str) -> str:
    """Opens the form of a new operation and names an image; returns the operation's name."""
    name = f"brought-{secrets.token_hex(3)}"
    page.goto("/new/operation")
    page.get_by_text("From a registry", exact=True).click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("textbox", name="Image").fill(reference)
    return name


def _import(page: Page) -> None:
    page.get_by_role("button", name="Import", exact=True).click()


def _sign_in(page: Page, secret: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="User name there").fill("ada")
    dialog.get_by_label("Password or token").fill(secret)
    dialog.get_by_role("button", name="Save sign-in").click()
    expect(dialog).to_be_hidden()


def test_an_image_is_imported_with_a_sign_in(browser: Browser, place: Stage, guarded: TokenRegistry) -> None:
    somebody, reference = newcomer(place), f"{guarded.address}/team/base:one"
    with visit(browser, place, who=somebody) as page:
        name = _start(page, reference)
        expect(page.get_by_text(f"{guarded.address} is asked without a sign-in.")).to_be_visible()
        assert accessibility_faults(page) == []
        shoot(page, "import-form")
        _import(page)
        expect(page.get_by_text("only to those who sign in")).to_be_visible()
        expect(page.get_by_role("textbox", name="Image")).to_be_focused()
        shoot(page, "import-refused")

        page.get_by_role("button", name="Add a sign-in").click()
        assert accessibility_faults(page) == []
        shoot(page, "import-sign-in")
        _sign_in(page, "wrong")
        _import(page)
        expect(page.get_by_text("does not let ada sign in")).to_be_visible()
        page.get_by_role("button", name="Change sign-in").click()
        _sign_in(page, "secret")
        page.reload()
        expect(page.get_by_role("textbox", name="Image")).to_have_value(reference)
        _import(page)
        expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
        expect(page.get_by_role("link", name="Run it")).to_be_visible(timeout=BUILD_MS)
        shoot(page, "import-ready")
        expect(page.get_by_text("Lock", exact=True)).to_be_hidden()
        expect(page.get_by_role("link", name="See the code")).to_be_hidden()

        page.goto(f"/{somebody.username}/{name}/push")
        page.get_by_text("From a registry", exact=True).click()
        page.get_by_role("textbox", name="Image").fill(reference)
        _import(page)
        expect(page.get_by_text("is a version already")).to_be_visible()


def test_sign_ins_are_listed_without_secrets_and_deleted(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=newcomer(place), viewport=PHONE) as page:
        page.goto("/settings")
        section = page.get_by_role("region", name="Other registries")
        for registry, secret in (("a b", "first-secret"), ("ghcr.io", "second-secret")):
            section.get_by_role("textbox", name="Registry").fill(registry)
            section.get_by_role("textbox", name="User name there").fill("ada")
            section.get_by_label("Password or token").fill(secret)
            section.get_by_role("button", name="Save sign-in").click()
            if registry == "a b":
                expect(section.get_by_text(re.compile("is not the address of a registry"))).to_be_visible()
        kept = section.get_by_role("list", name="Your sign-ins")
        expect(kept).to_contain_text("ghcr.io")
        expect(kept).to_contain_text("as ada")
        assert "second-secret" not in page.content()
        assert accessibility_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        shoot(page, "sign-ins-narrow")
        kept.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(kept).to_be_hidden()


def test_a_name_that_is_none_is_told_at_its_field(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=newcomer(place), viewport=PHONE) as page:
        _start(page, "Not a Name")
        _import(page)
        expect(page.get_by_text("is not the name of an image")).to_be_visible()
        assert accessibility_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        shoot(page, "import-refused-narrow")
