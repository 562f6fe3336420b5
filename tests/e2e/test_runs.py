"""Runs in a real browser: an operation from its form to its results, live, again, and what goes wrong on the way."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import stage
from e2e.stage import Stage, accessibility_faults, shoot, visit
from modelyard_client import Client

RUN_MS = 120_000


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


def test_an_operation_from_its_form_to_its_results(browser: Browser, place: Stage, tmp_path: Path) -> None:
    (tmp_path / "ten.txt").write_text("ten bytes.")
    with visit(browser, place, who=place.owner) as page:
        page.goto(f"/{place.operation}")
        page.get_by_role("link", name="Use this operation").click()
        expect(page.get_by_role("button", name="Run", exact=True)).to_be_disabled()
        expect(page.get_by_text("Choose Data.")).to_be_visible()
        _choose_files(page, tmp_path / "ten.txt")
        page.get_by_label("Word").fill("moin")
        page.get_by_label("Steps").fill("5")
        page.get_by_role("textbox", name="Title").fill("first of all")
        expect(page.get_by_label("curl for this run")).to_contain_text('"word": "moin"')
        page.get_by_text("Command line", exact=True).click()
        expect(page.get_by_label("Command line for this run")).to_contain_text("--param word=moin")
        shoot(page, "run-form")
        page.reload()
        expect(page.get_by_label("Word")).to_have_value("moin")
        expect(page.get_by_label("sent", exact=True)).to_be_visible()
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_role("heading", name="first of all")).to_be_visible()
        _succeeded(page)
        expect(page.get_by_role("log")).to_contain_text("line 5 of 5")
        expect(page.get_by_role("img", name=re.compile("^loss by step"))).to_be_visible()
        expect(page.get_by_label("Result", exact=True).last).to_contain_text('"word": "moin"')
        with page.expect_download() as download:
            page.get_by_role("link", name="Download sizes.csv").click()
        assert Path(download.value.path()).read_text() == "input,bytes\ndata,10\n"
        shoot(page, "run-succeeded")
        _run_it_again(page)
        _reproduce(page)


def _choose_files(page: Page, *files: Path) -> None:
    page.get_by_role("group", name="Data").get_by_text("Your files", exact=True).click()
    page.get_by_label("Data required").set_input_files(list(files))
    for file in files:
        expect(page.get_by_role("list", name="Chosen files").get_by_text(file.name)).to_be_visible()


def _succeeded(page: Page) -> None:
    expect(page.get_by_role("status").get_by_text("succeeded", exact=True)).to_be_visible(timeout=RUN_MS)


def _run_it_again(page: Page) -> None:
    """The form is filled in as it was; the same file is given, without being sent again."""
    first = page.url
    page.get_by_role("link", name="Run again").click()
    expect(page.get_by_label("Word")).to_have_value("moin")
    expect(page.get_by_text("As before: ten.txt")).to_be_visible()
    page.get_by_label("Word").fill("again")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(lambda url: "/runs/" in url and url != first)
    _succeeded(page)
    expect(page.get_by_role("table", name="Where it comes from")).to_contain_text("again")


def _reproduce(page: Page) -> None:
    page.get_by_role("button", name="Reproduce").click()
    expect(page.get_by_text("Every output is the same")).to_be_visible(timeout=RUN_MS)
    shoot(page, "run-reproduced")


def test_a_run_is_asked_for_again_though_its_upload_and_then_the_run_are_gone(
    browser: Browser, place: Stage, tmp_path: Path
) -> None:
    (tmp_path / "ten.txt").write_text("ten bytes.")
    with Client(place.url, token=place.owner.token) as client:
        upload = client.upload(tmp_path / "ten.txt")
        run = client.run(place.operation, inputs={"data": {"uploads": [{"upload": upload}]}}, wait=True)
        client.transport.send("DELETE", f"/api/v1/uploads/{upload}", headers={"Tus-Resumable": "1.0.0"})
        with visit(browser, place, who=place.owner) as page:
            page.goto(f"/{place.operation}/use?from={run['id']}&version=1")
            expect(page.get_by_text("As before: ten.txt")).to_be_visible()
            page.get_by_role("button", name="Run", exact=True).click()
            _succeeded(page)
            expect(page.get_by_role("table", name="Where it comes from")).to_contain_text("ten.txt")
            page.goto(f"/{place.operation}/use?from={run['id']}&version=1")
            expect(page.get_by_text("As before: ten.txt")).to_be_visible()
            client.runs.delete(run["id"])
            page.get_by_role("button", name="Run", exact=True).click()
            data = page.get_by_role("group", name="Data")
            expect(data.get_by_text("Choose it again")).to_be_visible()
            assert accessibility_faults(page) == []
            page.get_by_label("Data required").set_input_files(tmp_path / "ten.txt")
            page.get_by_role("button", name="Run", exact=True).click()
            _succeeded(page)


def test_inputs_come_from_datasets_and_from_earlier_runs(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        page.goto(f"/{place.operation}/use")
        data = page.get_by_role("group", name="Data")
        data.get_by_role("combobox", name="Dataset").fill("colours")
        page.get_by_role("option", name=place.dataset).click()
        data.get_by_role("combobox", name="Only this file or folder").fill("colours.csv")
        page.get_by_role("button", name="Run", exact=True).click()
        _succeeded(page)
        expect(page.get_by_role("table", name="Where it comes from")).to_contain_text(f"{place.dataset}@v1/colours.csv")
        left = page.url.rpartition("/")[2]
        page.goto(f"/{place.operation}/use")
        data.get_by_text("Earlier run", exact=True).click()
        data.get_by_role("combobox", name="Run", exact=True).click()
        page.get_by_role("option", name=left[-6:]).click()
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_role("table", name="Where it comes from")).to_contain_text(f"run {left}")


def test_what_is_refused_is_told_at_its_field_and_nothing_is_lost(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        page.goto(f"/{place.operation}/use")
        data = page.get_by_role("group", name="Data")
        data.get_by_role("combobox", name="Dataset").fill("colours")
        page.get_by_role("option", name=place.dataset).click()
        path = data.get_by_role("combobox", name="Only this file or folder")
        path.fill("no-such-file.csv")
        page.get_by_label("Steps").fill("2")
        page.get_by_role("button", name="Run", exact=True).click()
        expect(data.get_by_text(re.compile("has no no-such-file.csv"))).to_be_visible()
        expect(data.get_by_role("combobox", name="Dataset")).to_be_focused()
        assert accessibility_faults(page) == []
        expect(page.get_by_label("Steps")).to_have_value("2")
        path.fill("")
        keep = page.get_by_label("Keep the outputs as a dataset")
        keep.fill("Not a name/at all")
        page.get_by_role("button", name="Run", exact=True).click()
        expect(keep).to_be_focused()
        expect(keep).to_have_attribute("aria-invalid", "true")
        keep.fill("")
        page.get_by_role("button", name="Run", exact=True).click()
        _succeeded(page)


def test_a_run_is_watched_live_searched_cancelled_and_deleted(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        _start(page, place, steps=100_000, pause=0.05, lines=5)
        expect(page.get_by_role("status").get_by_text("running", exact=True)).to_be_visible(timeout=RUN_MS)
        expect(page.get_by_role("log")).to_contain_text(re.compile(r"line \d+ of"))
        expect(page.get_by_text(re.compile(r"0 % step \d+"))).to_be_visible()
        page.reload()
        page.get_by_label("Search the log").fill("extra 3")
        page.get_by_label("Search the log").press("Enter")
        expect(page.get_by_text("1 of 1", exact=True)).to_be_visible()
        expect(page.get_by_label("Follow")).not_to_be_checked()
        expect(page.get_by_role("log").get_by_text("extra 3")).to_be_visible()
        shoot(page, "run-live")
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("status").get_by_text("cancelled", exact=True)).to_be_visible(timeout=RUN_MS)
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


def test_a_hundred_thousand_lines_are_drawn_only_where_they_are_looked_at(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        _start(page, place, lines=100_000)
        log = page.get_by_role("log")
        expect(log.get_by_text("line 3 of 3")).to_be_visible(timeout=RUN_MS)
        expect(log.get_by_text("extra 99999")).to_be_visible()
        page.get_by_label("Search the log").fill("extra 5432")
        page.get_by_label("Find the next").click()
        expect(log.get_by_text("extra 5432")).to_be_visible()
        expect(page.get_by_text("1 of 11", exact=True)).to_be_visible()
        assert log.evaluate("box => box.querySelectorAll('*').length") < 300


def _start(page: Page, place: Stage, **parameters: float) -> None:
    page.goto(f"/{place.operation}/use")
    data = page.get_by_role("group", name="Data")
    data.get_by_role("combobox", name="Dataset").fill("colours")
    page.get_by_role("option", name=place.dataset).click()
    for name, value in parameters.items():
        page.get_by_label(name.capitalize()).fill(str(value))
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url("**/runs/*")


def test_runs_are_listed_filtered_and_fail_with_their_reason(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        _start(page, place, exit=3)
        expect(page.get_by_role("alert")).to_contain_text("3", timeout=RUN_MS)
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Runs").click()
        rows = page.get_by_role("list", name="Runs").get_by_role("listitem")
        expect(rows.filter(has_text="failed").first).to_be_visible()
        page.get_by_text("succeeded", exact=True).first.click()
        page.wait_for_url("**/runs?state=succeeded")
        expect(rows.filter(has_text="failed")).to_have_count(0)
        page.goto(f"/runs?repository={place.operation}&state=failed")
        expect(rows.first).to_contain_text(place.operation)
        page.get_by_role("button", name=f"Only {place.operation}").click()
        page.wait_for_url("**/runs?state=failed")
        page.goto(f"/{place.operation}/runs")
        expect(rows.first).to_be_visible()
        page.goto("/dashboard")
        expect(page.get_by_role("region", name="Recent runs")).to_be_visible()


def test_somebody_else_sees_no_run_of_mine_but_administrators_do(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        _start(page, place)
        _succeeded(page)
        address = page.url
    with visit(browser, place, who=stage.newcomer(place)) as page:
        page.goto(address)
        expect(page.get_by_role("heading", name="There is no such run")).to_be_visible()
        page.goto("/runs")
        expect(page.get_by_role("heading", name="You have run nothing yet")).to_be_visible()
    with visit(browser, place, who=place.administrator) as page:
        page.goto("/admin/runs")
        expect(page.get_by_role("list", name="Runs").get_by_text(f"by {place.owner.username}").first).to_be_visible()
        finder = page.get_by_role("combobox", name="Only of a repository")
        finder.fill(place.address)
        finder.press("Enter")
        expect(page).to_have_url(re.compile("repository="))
        expect(page.get_by_text("No such runs.")).to_be_visible()
        page.get_by_role("button", name=f"Only {place.address}: show all").click()
        finder.fill(place.operation.partition("/")[2])
        page.get_by_role("option", name=place.operation).click()
        expect(page.get_by_role("list", name="Runs").get_by_text(f"by {place.owner.username}").first).to_be_visible()
        assert accessibility_faults(page) == []
        page.get_by_role("link", name="Runners").click()
        expect(page.get_by_text(re.compile("of .* cores taken"))).to_be_visible()
