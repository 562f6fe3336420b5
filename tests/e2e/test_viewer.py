"""Images of a dataset in a real browser: the grid, filters, full view by keyboard, edits, bad files, differences."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from e2e.stage import Person, Stage, accessibility_faults, shoot, visit
from modelyard_client import Client
from rooms.datasets.shelf import Collector
from rooms.packs.images import begin, digits, zipped
from support import server

BAD = {"3/torn.png": digits()["0/0000.png"][:40]}
BUILD_MS = 120_000


@dataclass
class Place:
    stage: Stage
    owner: Person
    me: Collector

    @property
    def data(self) -> str:
        return f"/{self.me.address}/data"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A public dataset of 300 digits with splits, and one file that is none."""
    running = server.shared()
    username, password, token = running.account()
    owner = Person(username, password, token)
    http, client = running.client(token), Client(running.url, token=token)
    http.post("/api/v1/repos", json={"name": "digits", "kind": "dataset", "visibility": "public"}).raise_for_status()
    me = Collector(running, http, client, tmp_path, username, "digits")
    me.ready(begin(me, ("digits.zip", zipped(digits(300) | BAD)), split=[0.8, 0.1, 0.1]))
    stage = Stage(running.url, owner, owner, "", me.address, "", "")
    return Place(stage, owner, me)


def test_images_are_filtered_and_enlarged_by_keyboard(browser: Browser, place: Place) -> None:
    with visit(browser, place.stage) as page:
        page.goto(place.data)
        grid = page.get_by_role("list", name="300 images")
        expect(grid).to_be_visible()
        expect(page.get_by_role("region", name="Summary")).to_contain_text("300 images")
        first = page.get_by_role("button", name="Enlarge 0/0000.png, 0")
        expect(first).to_be_visible()
        expect(grid.get_by_role("checkbox")).to_have_count(0)  # nobody who may not write chooses
        with page.expect_response(re.compile(r"items/sheet\?.*label=7")) as sheet:
            page.get_by_role("button", name=re.compile(r"^7 \d+$")).click()
        assert sheet.value.headers["content-type"] == "image/webp"
        sevens = len([path for path in digits(300) if path.startswith("7/")])
        expect(page.get_by_role("list", name=f"{sevens} images")).to_be_visible()
        expect(page).to_have_url(re.compile("label=(%22)?7"))
        page.reload()
        shown = page.get_by_role("list", name=f"{sevens} images").get_by_role("button")
        shown.first.focus()
        page.keyboard.press("ArrowRight")
        expect(shown.nth(1)).to_be_focused()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("status")).to_contain_text(f"2 of {sevens}")
        expect(dialog.locator("img")).to_be_visible()
        page.keyboard.press("ArrowRight")
        expect(dialog.get_by_role("status")).to_contain_text(f"3 of {sevens}")
        shoot(page, "60-image")
        assert accessibility_faults(page) == []
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(shown.nth(2)).to_be_focused()
        page.keyboard.press("End")
        expect(shown.last).to_be_focused()
        shoot(page, "61-images")


def test_bad_files_are_listed_with_reasons(browser: Browser, place: Place) -> None:
    with visit(browser, place.stage) as page:
        page.goto(place.data)
        page.get_by_text("Not read (1)").click()
        listed = page.get_by_role("list", name="Files that could not be read").get_by_role("listitem")
        expect(listed).to_have_count(1)
        expect(listed).to_contain_text("3/torn.png")


def test_images_are_relabelled_and_deleted_as_a_new_version(browser: Browser, place: Place) -> None:
    with visit(browser, place.stage, who=place.owner) as page:
        page.goto(f"{place.data}?label=8")
        images = page.get_by_role("list", name=re.compile("images$"))
        boxes = images.get_by_role("checkbox")
        boxes.nth(0).check()
        boxes.nth(1).check()
        bar = page.get_by_role("region", name="Changes")
        expect(bar).to_contain_text("2 chosen")
        bar.get_by_label("New label").fill("eight")
        page.keyboard.press("Enter")
        expect(bar).to_contain_text("To change: 2 relabelled.")
        images.get_by_role("button").nth(2).focus()
        page.keyboard.press("Space")
        bar.get_by_role("button", name="Delete").click()
        expect(bar).to_contain_text("To change: 2 relabelled, 1 deleted.")
        shoot(page, "62-edits")
        assert accessibility_faults(page) == []
        bar.get_by_role("button", name="Make a new version").click()
        expect(page).to_have_url(re.compile("/versions/2"))
        expect(page.get_by_role("link", name="Show the data")).to_be_visible(timeout=BUILD_MS)
        page.goto(f"{place.data}?label=eight")
        expect(page.get_by_role("list", name="2 images")).to_be_visible()
        page.goto(f"/{place.me.address}/compare/v1...v2")
        changed = page.get_by_role("region", name="Images", exact=True)
        expect(changed.get_by_role("list", name="Images removed").get_by_role("listitem")).to_have_count(1)
        changed.get_by_text("2 relabelled").click()
        expect(changed.get_by_role("list", name="Images relabelled").get_by_role("listitem")).to_have_count(2)
        shoot(page, "63-changed-images")


def test_it_fits_a_telephone(browser: Browser, place: Place) -> None:
    with visit(browser, place.stage, viewport={"width": 360, "height": 740}, color_scheme="dark") as page:
        page.goto(place.data)
        expect(page.get_by_role("list", name="300 images")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert accessibility_faults(page) == []
        shoot(page, "64-images-telephone")


def test_a_table_is_looked_into(browser: Browser, place: Place) -> None:
    rows = "".join(f"{number},{'rose' if number % 3 else 'lily'}\n" for number in range(200))
    place.me.ready(place.me.push({"flowers.csv": f"petals,kind\n{rows}".encode()}))
    with visit(browser, place.stage) as page:
        page.goto(place.data)
        page.get_by_role("button", name="flowers.csv").click()
        table = page.get_by_role("region", name="Rows of flowers.csv")
        expect(table.get_by_role("row")).to_have_count(101)
        expect(page.get_by_text("of 200 rows")).to_be_visible()
        shoot(page, "65-table")
        page.get_by_role("button", name="All files").click()
        expect(page.get_by_role("region", name="Files", exact=True).get_by_role("listitem")).to_have_count(1)
