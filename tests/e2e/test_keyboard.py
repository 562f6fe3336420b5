"""Everything by keyboard: find a model, draw, run it, and read the answer, without touching a mouse."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import stage
from e2e.stage import BUILD_MS, Stage, tab_to, visit


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


def test_find_draw_and_run_by_keyboard_alone(browser: Browser, place: Stage) -> None:
    with visit(browser, place) as page:
        page.goto("/sign-in")
        tab_to(page, page.get_by_label("Username"))
        page.keyboard.type(place.owner.username)
        tab_to(page, page.get_by_role("textbox", name="Password"))
        page.keyboard.type(place.owner.password)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
        page.keyboard.press("Control+k")
        expect(page.get_by_role("combobox", name="Search")).to_be_focused()
        page.keyboard.type(place.address)
        expect(page.get_by_role("option", selected=True)).to_contain_text(place.address)
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{place.url}/{place.address}")
        tab_to(page, page.get_by_role("link", name="Run this model"))
        page.keyboard.press("Enter")
        _draw(page)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("list", name="Class probabilities")).to_be_visible(timeout=BUILD_MS)


def test_search_facets_and_orders_by_keyboard_alone(browser: Browser, place: Stage) -> None:
    with visit(browser, place) as page:
        page.goto("/")
        found = page.get_by_role("region", name="Repositories").get_by_role("link")
        expect(found.filter(has_text=place.address)).to_be_visible()
        tab_to(page, page.get_by_role("textbox", name="Words"))
        page.keyboard.type(place.owner.username)
        expect(page).to_have_url(re.compile(f"q={place.owner.username}"))
        order = page.get_by_role("combobox", name="What comes first")
        tab_to(page, order)
        page.keyboard.type("Most stars")
        expect(page).to_have_url(re.compile("sort=stars"))
        dataset = page.get_by_role("group", name="Kind").get_by_role("button", name=re.compile("^Dataset"))
        tab_to(page, dataset)
        page.keyboard.press("Space")
        expect(dataset).to_have_attribute("aria-pressed", "true")
        expect(dataset).to_be_focused()
        expect(found).to_contain_text([place.dataset])
        page.keyboard.press("Space")  # taken back by the same key
        expect(found.filter(has_text=place.address)).to_be_visible()
        tab_to(page, found.filter(has_text=place.dataset))
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{place.url}/{place.dataset}")
        page.go_back()
        expect(order).to_have_value("stars")
        expect(page.get_by_role("textbox", name="Words")).to_have_value(place.owner.username)


def _draw(page: Page) -> None:
    expect(page.get_by_role("application")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Clear"))
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    for _ in range(4):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Space")
    page.get_by_text("JSON", exact=True).click()
    drawn = page.get_by_role("textbox", name=re.compile("^Image")).input_value()
    assert sum(map(int, re.findall(r"\d+", drawn))) > 16
    page.get_by_text("Draw", exact=True).click()


def test_the_first_tab_leads_past_the_header(browser: Browser, place: Stage) -> None:
    with visit(browser, place) as page:
        page.goto("/")
        expect(page.get_by_role("heading", name="Explore")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{place.url}/#main")
