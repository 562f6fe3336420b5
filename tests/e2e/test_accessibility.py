"""Every page, light and dark, as axe sees it; and every page on a small telephone."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import stage
from e2e.stage import Stage, accessibility_faults, shoot, visit

SITE_PAGES = ["/", "/?q=nothing-like-this", "/dashboard", "/new", "/settings", "/admin", "/admin/invitations"]
SITE_PAGES += ["/admin/doctor", "/no/such-model", "/new/dataset", "/usage", "/admin/usage"]
SITE_PAGES += ["/runs", "/runs?state=failed", "/runs/no-such-run"]
SITE_PAGES += ["/admin/runs", "/admin/runners", "/experiments", "/experiments/no-such-experiment"]
REPOSITORY_PAGES = ["", "/run", "/api", "/files/", "/files/digits.py", "/versions", "/versions/1", "/deployment"]
REPOSITORY_PAGES += ["/settings", "/push", "/feedback", "/bundle", "/compare/v1...v1", "/compare/v1...v9"]
REPOSITORY_PAGES += ["/use", "/runs", "/commits", "/compare?base=v1&head=main", "/edit/digits.py", "/new/", "/members"]
OPERATION_PAGES = ["", "/use", "/runs", "/versions", "/versions/1", "/settings"]
DATASET_PAGES = ["", "/data", "/files/colours.csv", "/versions", "/settings", "/push"]
PUBLIC_PAGES = ["/", "/sign-in", "/sign-up"]


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser: Browser, place: Stage, scheme: str) -> None:
    found = {}
    with visit(browser, place, color_scheme=scheme) as page:
        for address in PUBLIC_PAGES:
            found[address] = _look(page, address, f"{scheme}-public")
    with visit(browser, place, who=place.administrator, color_scheme=scheme) as page:
        for address in _addresses(place):
            found[address] = _look(page, address, scheme, place)
    assert {address: faults for address, faults in found.items() if faults} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_what_opens(browser: Browser, place: Stage, scheme: str) -> None:
    with visit(browser, place, who=place.administrator, color_scheme=scheme) as page:
        for opened in (
            _account_menu(page),
            _search(page),
            _deletion(page, place),
            _result(page, place),
            _failure(page),
        ):
            with opened as name:
                shoot(page, f"{scheme}-{name}")
                assert accessibility_faults(page) == [], name


def test_nothing_is_wider_than_a_small_telephone(browser: Browser, place: Stage) -> None:
    wide = {}
    with visit(browser, place, who=place.administrator, viewport={"width": 360, "height": 740}) as page:
        for address in _addresses(place):
            _settle(page, address)
            shoot(page, f"small{_file(address, place)}")
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 360:
                wide[address] = width
    assert wide == {}


def test_tables_that_scroll_are_reached_by_keyboard_and_others_are_not(browser: Browser, place: Stage) -> None:
    tables = {
        "/admin": "All accounts",
        "/admin/usage": "All amounts by account",
        f"/{place.operation}": "What it takes, in full",
        f"/runs/{place.run}": "Each attempt",
    }
    with visit(browser, place, who=place.administrator) as page:
        for address, name in tables.items():
            page.set_viewport_size({"width": 360, "height": 740})
            _settle(page, address)
            table = page.get_by_role("region", name=name)
            expect(table).to_be_visible()
            table.focus()
            expect(table).to_be_focused()
            page.keyboard.press("ArrowRight")
            page.wait_for_function("document.activeElement.scrollLeft > 0")
            assert accessibility_faults(page) == [], address
            page.set_viewport_size({"width": 1600, "height": 900})
            expect(table).to_have_count(0)


def test_pages_do_not_move_while_they_load(browser: Browser, place: Stage) -> None:
    """The cumulative layout shift of the main pages stays within what Web Vitals call good (0.1)."""
    with visit(browser, place, who=place.owner) as page:
        for address in ["/", "/dashboard", f"/{place.address}", f"/{place.address}/run", f"/{place.address}/versions"]:
            _settle(page, address)
            shift = page.evaluate(
                """() => new Promise((done) => new PerformanceObserver((list) =>
                done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0)))
                .observe({ type: 'layout-shift', buffered: true }) || setTimeout(() => done(0), 200))"""
            )
            assert shift <= 0.1, address


def _addresses(place: Stage) -> list[str]:
    below = [
        (place.address, REPOSITORY_PAGES),
        (place.dataset, DATASET_PAGES),
        (place.operation, OPERATION_PAGES),
        (f"runs/{place.run}", [""]),
    ]
    return SITE_PAGES + [f"/{address}{page}" for address, pages in below for page in pages]


def _look(page: Page, address: str, prefix: str, place: Stage | None = None) -> list[str]:
    _settle(page, address)
    shoot(page, f"{prefix}{_file(address, place)}")
    return accessibility_faults(page)


def _settle(page: Page, address: str) -> None:
    page.goto(address, wait_until="load")
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.locator(".mantine-Skeleton-root")).to_have_count(0)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def _file(address: str, place: Stage | None) -> str:
    below = address
    if place:
        names = {place.address: "model", place.dataset: "dataset", place.operation: "operation", place.run: "run"}
        for name, short in names.items():
            below = below.replace(name, short)
    return below.replace("/", "-").replace("?", "-").rstrip("-") or "-explore"


@contextmanager
def _account_menu(page: Page) -> Iterator[str]:
    page.goto("/")
    page.get_by_role("button", name="Account").click()
    expect(page.get_by_role("menuitem", name="Administration")).to_be_visible()
    yield "menu"


@contextmanager
def _search(page: Page) -> Iterator[str]:
    page.goto("/")
    expect(page.get_by_role("heading", name="Explore")).to_be_visible()
    page.keyboard.press("/")
    page.get_by_role("combobox", name="Search").fill("digits")
    expect(page.get_by_role("dialog").get_by_text("/digits").first).to_be_visible()
    yield "search"


@contextmanager
def _deletion(page: Page, place: Stage) -> Iterator[str]:
    page.goto(f"/{place.address}/settings")
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    yield "deletion"


@contextmanager
def _result(page: Page, place: Stage) -> Iterator[str]:
    page.goto(f"/{place.address}/run")
    stage.run_and_wait(page)
    yield "result"


@contextmanager
def _failure(page: Page) -> Iterator[str]:
    page.goto("/new")
    page.get_by_role("textbox", name="Name").fill("Not a name!")
    page.get_by_label("Source required").set_input_files(
        {"name": "s.zip", "mimeType": "application/zip", "buffer": b"PK"}
    )
    page.get_by_label("Config required").set_input_files({"name": "c.json", "mimeType": "text/plain", "buffer": b"{"})
    page.get_by_role("button", name="Push", exact=True).click()
    expect(page.get_by_role("alert").first).to_be_visible()
    yield "failure"
