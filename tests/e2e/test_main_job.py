"""The main job in a real browser: a newcomer brings a pickle and gets answers, by form and by curl."""

import json
import os
import re
import secrets
import subprocess

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import stage
from e2e.stage import BUILD_MS, Stage, shoot, visit
from support import digits

PASSWORD = "a long enough pass phrase"


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


def test_a_newcomer_pushes_the_digits_model_and_predicts(browser: Browser, place: Stage) -> None:
    with visit(browser, place) as page:
        page.goto("/")
        shoot(page, "01-explore")
        _sign_up(page)
        _push(page)
        _watch_it_become_ready(page)
        _deploy_and_run(page)
        _call_by_curl(page)


def _sign_up(page: Page) -> None:
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("Username").fill(f"newcomer{secrets.token_hex(3)}")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Push your first model")).to_be_visible()
    shoot(page, "02-dashboard")


def _push(page: Page) -> None:
    page.get_by_role("main").get_by_role("link", name="New model").first.click()
    page.get_by_role("textbox", name="Name").fill("digits")
    page.get_by_role("textbox", name="Title").fill("Handwritten digits")
    for label, part in {
        "Source": "source",
        "Model": "artifact",
        "Requirements": "requirements",
        "Config": "config",
    }.items():
        file = digits.parts()[part]
        page.get_by_label(re.compile(f"^{label} (required|optional)")).set_input_files(file)
        expect(page.get_by_text(file.name, exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Push", exact=True)).to_be_enabled()
    shoot(page, "03-push")
    page.get_by_role("button", name="Push", exact=True).click()


def _watch_it_become_ready(page: Page) -> None:
    stages = page.get_by_role("list", name="Build stages").get_by_role("listitem")
    expect(stages).to_have_count(7)
    shoot(page, "04-building")
    expect(page.get_by_role("img", name="complete")).to_have_count(7, timeout=BUILD_MS)
    expect(page.get_by_role("log")).to_contain_text("check: it answered")
    shoot(page, "05-ready")


def _deploy_and_run(page: Page) -> None:
    page.get_by_role("button", name="Deploy v1").click()
    page.get_by_role("link", name="Run it").click()
    drawing = page.get_by_role("application", name=re.compile("Drawing of Image"))
    expect(drawing).to_be_visible()
    stage.run_and_wait(page)
    expect(page.get_by_text(re.compile("after a cold start of"))).to_be_visible()
    shoot(page, "06-run")
    _draw_a_one(page)
    stage.run_and_wait(page)
    shoot(page, "07-run-drawn")


def _draw_a_one(page: Page) -> None:
    page.get_by_role("button", name="Clear").click()
    box = page.get_by_role("application").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] - 20, steps=10)
    page.mouse.up()


def _call_by_curl(page: Page) -> None:
    """What the API tab shows is run in a shell, with a token made in Settings, and answers what the form answered."""
    shown = page.get_by_role("list", name="Class probabilities").get_by_role("listitem").first.inner_text()
    page.get_by_role("link", name="API", exact=True).click()
    call = page.get_by_label("curl for this call").inner_text()
    shoot(page, "08-api")
    page.get_by_role("link", name="make one in Settings").click()
    page.get_by_role("textbox", name="Token name").fill("curl")
    page.get_by_role("button", name="Make a token").click()
    token = page.get_by_test_id("secret").inner_text()
    shoot(page, "09-settings")
    answer = subprocess.run(
        ["bash", "-c", call], env=os.environ | {"MODELYARD_TOKEN": token}, capture_output=True, check=False
    )
    assert answer.returncode == 0, answer.stderr + answer.stdout
    output = json.loads(answer.stdout)["output"]
    assert shown.split()[0] == max(output, key=output.get)


def test_python_of_the_api_tab_answers_too(browser: Browser, place: Stage) -> None:
    with visit(browser, place) as page:
        page.goto(f"/{place.address}/api")
        page.get_by_text("Python", exact=True).click()
        program = (
            page.get_by_label("Python for this call")
            .inner_text()
            .replace("import requests", "import httpx as requests")
        )
        answer = subprocess.run(
            [os.sys.executable, "-c", program],
            env=os.environ | {"MODELYARD_TOKEN": place.owner.token},
            capture_output=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        assert b"'output'" in answer.stdout
