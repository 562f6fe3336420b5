"""Experiments in a real browser: runs go in from their form, are compared, drawn, pinned, and one becomes a version."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e.stage import BUILD_MS, Person, Stage, accessibility_faults, shoot, tab_to, visit
from modelyard.rooms.accounts.schemas import Role
from modelyard_client import Client
from support import operations, server, trainer

RUN_MS = 120_000


@dataclass(frozen=True)
class Scene:
    place: Stage
    me: Person
    trainer: str


@pytest.fixture(scope="module")
def scene() -> Scene:
    running = server.shared("sqlite")
    me = Person(*running.account(Role.CREATOR))
    address = trainer.add_trainer(running, me.token)
    return Scene(Stage(running.url, me, me, "", "", address, ""), me, address)


def test_runs_go_in_are_compared_and_the_best_becomes_a_version(browser: Browser, scene: Scene) -> None:
    with visit(browser, scene.place, who=scene.me) as page:
        page.goto("/")
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Experiments").click()
        expect(page.get_by_role("heading", name="No experiment yet")).to_be_visible()
        shoot(page, "50-no-experiment")
        _run(page, scene, rate=2, title="slow")
        page.get_by_text("Advanced", exact=True).click()
        picker = page.get_by_role("combobox", name="Experiment")
        picker.fill("rates")
        page.get_by_role("option", name="Make “rates”").click()
        expect(picker).to_have_value("rates")
        _send(page)
        _run(page, scene, rate=0.5, title="fast")
        page.get_by_role("button", name="Clear the experiment").click()  # as all that was typed, it is still there
        _send(page)
        page.get_by_role("button", name="Add to an experiment").click()
        page.get_by_role("dialog").get_by_role("combobox", name="Experiment").click()
        page.get_by_role("option", name="rates").click()
        page.get_by_role("link", name="rates").click()
        expect(page.get_by_role("heading", name="rates")).to_be_visible()
        _compare(page)
        _choose_columns(page)
        _draw(page)
        _pin(page)
        _promote(page, scene)


def _run(page: Page, scene: Scene, *, rate: float, title: str) -> None:
    page.goto(f"/{scene.trainer}/use")
    page.get_by_label("Rate").fill(str(rate))
    page.get_by_role("textbox", name="Title").fill(title)


def _send(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("status").get_by_text("succeeded", exact=True)).to_be_visible(timeout=RUN_MS)


def _rows(page: Page) -> Locator:
    return page.get_by_role("table", name="Runs").locator("tbody tr")


def _compare(page: Page) -> None:
    """By the loss, up and down, as the address says; a reload finds the same."""
    expect(_rows(page)).to_contain_text(["fast", "slow"])
    page.get_by_role("button", name="Sort by loss").click()
    expect(page).to_have_url(re.compile("sort=metrics.loss"))
    page.get_by_role("button", name="Sort by loss").click()
    expect(page).to_have_url(re.compile("desc=true"))
    expect(_rows(page)).to_contain_text(["slow", "fast"])
    page.reload()
    expect(_rows(page)).to_contain_text(["slow", "fast"])
    head = page.get_by_role("columnheader", name="Sort by loss")
    expect(head).to_have_attribute("aria-sort", "descending")


def _choose_columns(page: Page) -> None:
    page.get_by_role("button", name="Columns").click()
    choice = page.get_by_role("dialog", name="Columns")
    assert accessibility_faults(page) == []
    with page.expect_response(re.compile("/api/v1/experiments/")):
        choice.get_by_role("checkbox", name="steps").uncheck()
    expect(page.get_by_role("columnheader", name="Sort by steps")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("columnheader", name="Sort by rate")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Sort by steps")).to_have_count(0)


def _draw(page: Page) -> None:
    expect(page.get_by_label("Which metric is drawn")).to_have_value("loss")
    plot = page.get_by_role("img", name="loss by step, of each run")
    expect(plot).to_have_accessible_name(re.compile("slow: from 0.666667 to 2"))
    expect(plot).to_have_accessible_name(re.compile("fast: from 0.166667 to 0.5"))
    expect(plot.locator("canvas").first).to_be_visible()


def _pin(page: Page) -> None:
    pin = page.get_by_role("button", name="Pin fast as the best")
    with page.expect_response(re.compile("/api/v1/experiments/")):
        pin.click()
    expect(pin).to_have_attribute("aria-pressed", "true")
    expect(_rows(page)).to_contain_text(["fast", "slow"])  # on top, whatever the order
    page.reload()
    expect(pin).to_have_attribute("aria-pressed", "true")
    shoot(page, "51-experiment")


def _promote(page: Page, scene: Scene) -> None:
    page.get_by_role("button", name="Make a version of what fast left").click()
    form = page.get_by_role("dialog", name="Make a version of what fast left")
    expect(form.get_by_text("model/", exact=True).first).to_be_visible()  # looks like a model: chosen
    model = form.get_by_role("combobox", name="Model")
    model.fill("somebody-else/rates")
    form.get_by_role("button", name="Make the version").click()
    expect(form.get_by_role("alert")).to_be_visible()
    model.fill(f"{scene.me.username}/rates")
    form.get_by_role("textbox", name="Message").fill("the fast one")
    assert accessibility_faults(page) == []
    shoot(page, "52-promotion")
    form.get_by_role("button", name="Make the version").click()
    page.wait_for_url(f"**/{scene.me.username}/rates/versions/1")
    expect(page.get_by_text("the fast one")).to_be_visible()
    expect(page.get_by_text("ready", exact=True).first).to_be_visible(timeout=BUILD_MS)


def test_an_experiment_is_made_renamed_emptied_and_deleted(browser: Browser, scene: Scene) -> None:
    run = _ask(scene, "to be taken out", rate=1)
    with visit(browser, scene.place, who=scene.me) as page:
        page.goto("/experiments")
        page.get_by_role("button", name="New experiment").click()
        form = page.get_by_role("dialog", name="New experiment")
        form.get_by_label("Name").fill("first try")
        form.get_by_label("Name").press("Enter")
        expect(page.get_by_role("heading", name="No run is in it yet")).to_be_visible()
        expect(page.get_by_text("modelyard run owner/name --experiment 'first try'")).to_be_visible()
        page.get_by_role("button", name="Rename or describe").click()
        form = page.get_by_role("dialog", name="Rename or describe")
        form.get_by_label("Name").fill("second try")
        form.get_by_label("Description").fill("Whether it learns.")
        form.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="second try")).to_be_visible()
        expect(page.get_by_text("Whether it learns.")).to_be_visible()
        with Client(scene.place.url, token=scene.me.token) as client:
            client.experiments.put_run(page.url.rpartition("/")[2], run)
        page.reload()
        page.get_by_role("button", name="Take to be taken out out").click()
        expect(page.get_by_role("heading", name="No run is in it yet")).to_be_visible()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", name="Experiments")).to_be_visible()
        expect(page.get_by_text("second try")).to_have_count(0)


def test_a_name_that_is_taken_is_told_at_its_field(browser: Browser, scene: Scene) -> None:
    with Client(scene.place.url, token=scene.me.token) as client:
        client.experiments.create("taken")
    with visit(browser, scene.place, who=scene.me) as page:
        page.goto("/experiments")
        page.get_by_role("button", name="New experiment").click()
        name = page.get_by_role("dialog").get_by_label("Name")
        name.fill("taken")
        name.press("Enter")
        expect(page.get_by_role("dialog").get_by_text("You have an experiment 'taken' already.")).to_be_visible()
        expect(name).to_have_value("taken")
        expect(name).to_be_focused()


def test_a_run_under_way_is_followed(browser: Browser, scene: Scene, tmp_path: Path) -> None:
    counter = operations.add_operation(server.shared("sqlite"), scene.me.token)
    (tmp_path / "a.txt").write_text("a")
    with Client(scene.place.url, token=scene.me.token) as client:
        experiment = client.experiments.create("followed")["id"]
        slow = {"steps": 100_000, "pause": 0.05}
        run = client.run(counter, parameters=slow, inputs={"data": tmp_path / "a.txt"}, experiment_id=experiment)
        with visit(browser, scene.place, who=scene.me) as page:
            page.goto(f"/experiments/{experiment}")
            expect(_rows(page)).to_contain_text(["running"], timeout=RUN_MS)
            plot = page.get_by_role("img", name="loss by step, of each run")
            told = plot.get_attribute("aria-label") or ""
            expect(plot).not_to_have_accessible_name(told)  # the line goes on
            client.runs.cancel(run["id"])
            expect(_rows(page)).to_contain_text(["cancelled"], timeout=RUN_MS)


def test_the_table_by_keyboard_alone(browser: Browser, scene: Scene) -> None:
    with Client(scene.place.url, token=scene.me.token) as client:
        experiment = client.experiments.create("by keyboard")["id"]
    _ask(scene, "one", experiment=experiment, rate=1)
    _ask(scene, "two", experiment=experiment, rate=2)
    with visit(browser, scene.place, who=scene.me) as page:
        page.goto(f"/experiments/{experiment}")
        tab_to(page, page.get_by_role("button", name="Columns"))
        page.keyboard.press("Enter")
        steps = page.get_by_role("dialog", name="Columns").get_by_role("checkbox", name="steps")
        tab_to(page, steps)
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="Columns · 2 of 3")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Columns")).to_be_focused()
        tab_to(page, page.get_by_role("button", name="Sort by rate"))
        page.keyboard.press("Enter")
        expect(_rows(page)).to_contain_text(["one", "two"])
        tab_to(page, page.get_by_role("button", name="Pin two as the best"))
        page.keyboard.press("Space")
        expect(_rows(page)).to_contain_text(["two", "one"])
        tab_to(page, page.get_by_role("button", name="Make a version of what two left"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog", name="Make a version of what two left")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Make a version of what two left")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_a_telephone_suffices(browser: Browser, scene: Scene, scheme: str) -> None:
    with Client(scene.place.url, token=scene.me.token) as client:
        made = client.experiments.create(f"seen in {scheme}")
    for number in range(3):
        run = _ask(scene, f"run {number}", experiment=made["id"], rate=number + 1)
    for address in ("/experiments", f"/experiments/{made['id']}", f"/runs/{run}"):
        for width in (1280, 390):
            size = {"width": width, "height": 800}
            with visit(browser, scene.place, who=scene.me, color_scheme=scheme, viewport=size) as page:
                page.goto(address)
                expect(page.get_by_text("seen in" if "runs" not in address else "succeeded").first).to_be_visible()
                expect(page.locator(".mantine-Skeleton-root")).to_have_count(0)
                shoot(page, f"53-{address.split('/')[1]}{len(address) > 20}-{scheme}-{width}")
                assert accessibility_faults(page) == [], address
                assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def _ask(scene: Scene, title: str, *, experiment: str | None = None, **parameters: Any) -> str:
    """A run that has ended."""
    with Client(scene.place.url, token=scene.me.token) as client:
        run = client.run(scene.trainer, parameters=parameters, title=title, experiment_id=experiment, wait=True)
    assert run["state"] == "succeeded", run["reason"]
    return run["id"]
