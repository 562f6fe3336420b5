"""Usage in the browser: what was used this month, what is left of it, a table; and what administrators see and set."""

from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e import stage
from e2e.stage import Stage, accessibility_faults, newcomer, shoot, visit
from support.waiting import until


@pytest.fixture(scope="module")
def place() -> Stage:
    """The stage, after somebody downloaded the dataset and its owner was told."""
    found = stage.stage()
    url = f"{found.url}/api/v1/repos/{found.dataset}/versions/1/files/colours.csv"
    httpx.get(url, timeout=60).raise_for_status()
    headers = {"Authorization": f"Bearer {found.owner.token}"}

    def is_counted() -> bool:
        lines = httpx.get(f"{found.url}/api/v1/usage", headers=headers, timeout=60).json()["items"]
        return any(line["kind"] == "bytes_out" for line in lines)

    until(is_counted, seconds=60, what="the download is written down")
    return found


def test_people_find_what_they_used_by_day_and_repository(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        page.goto("/")
        page.get_by_role("button", name="Account").click()
        page.get_by_role("menuitem", name="Usage").click()
        expect(page.get_by_role("heading", name="Usage", exact=True)).to_be_visible()
        expect(page.get_by_role("region", name="Totals")).to_contain_text("Sent")
        expect(_table(page).get_by_role("link", name=place.dataset)).to_be_visible()
        page.get_by_label("What is shown by day").select_option(label="Sent")
        expect(page.get_by_role("img", name="Sent by day")).to_be_visible()
        expect(page.get_by_role("region", name="Quotas")).to_have_count(0)
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        table = download.value.path().read_text()
        assert table.startswith("repository,deleted,version,kind,quantity")
        assert f"{place.dataset},False,1,bytes_out," in table


def test_another_month_is_in_the_address(browser: Browser, place: Stage) -> None:
    now = datetime.now(UTC)
    before = f"{now.year - (now.month == 1)}-{(now.month - 2) % 12 + 1:02}"
    with visit(browser, place, who=place.owner) as page:
        page.goto("/usage")
        page.get_by_label("Month").select_option(before)
        expect(page).to_have_url(f"{place.url}/usage?month={before}")
        expect(page.get_by_text("Nothing was used in this month.")).to_be_visible()


def test_administrators_see_everybody_and_set_what_is_left(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.administrator) as page:
        page.goto("/admin/usage")
        page.get_by_role("link", name=place.owner.username).click()
        expect(page.get_by_role("heading", name=f"Usage of {place.owner.username}")).to_be_visible()
        page.get_by_label("Rule for Sent").select_option("bound")
        page.get_by_label("Sent, GB").fill("2")
        page.get_by_role("button", name="Save quotas").click()
        expect(page.get_by_text("were changed")).to_be_visible()
        expect(page.get_by_role("region", name="Totals")).to_contain_text("left of 2.0 GB")
        page.get_by_label("Rule for Sent").select_option("site")
        page.get_by_role("button", name="Save quotas").click()
        expect(page.get_by_role("region", name="Totals")).not_to_contain_text("left of")


def test_others_are_told_that_it_is_not_theirs_to_see(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=newcomer(place)) as page:
        page.goto(f"/usage?account={place.owner.username}")
        expect(page.get_by_role("alert")).to_contain_text("Only administrators see what others use.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_a_telephone_suffices(browser: Browser, place: Stage, scheme: str) -> None:
    theirs = f"/usage?account={place.owner.username}"
    for address, who in (("/usage", place.owner), (theirs, place.administrator), ("/admin/usage", place.administrator)):
        narrow = {"width": 360, "height": 740}
        with visit(browser, place, who=who, color_scheme=scheme, viewport=narrow) as page:
            page.goto(address)
            expect(page.get_by_role("table").first).to_be_visible()
            if "admin" not in address:
                expect(page.get_by_role("img", name="by day")).to_be_visible()
            shoot(
                page, f"{scheme}-usage{'-admin' if 'admin' in address else ''}{'-set' if 'account' in address else ''}"
            )
            assert accessibility_faults(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, address


def _table(page: Page) -> Locator:
    return page.get_by_role("region", name="By repository")
