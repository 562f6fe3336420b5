"""A model's own pages in a real browser: a file pushed alone, what its weights can do, and its picture."""

import io
import re
import secrets

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect

from e2e import stage
from e2e.stage import BUILD_MS, Stage, shoot, visit
from support import digits

STARTS_A_PROGRAM = b"cos\nsystem\n(Vtrue\ntR."
"""A pickle that runs a program when it is loaded."""


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


def test_a_model_file_alone_is_pushed_and_gets_a_form(browser: Browser, place: Stage) -> None:
    """scikit-learn's own pickle, without any code: its form is what the loaded model says that it takes."""
    with visit(browser, place, who=place.owner) as page:
        name = begin(page)
        page.get_by_label("Model required").set_input_files(digits.parts()["artifact"])
        page.get_by_label("Requirements optional").set_input_files(digits.parts()["requirements"])
        push(page)
        expect(page.get_by_role("img", name="complete")).to_have_count(7, timeout=BUILD_MS)
        details = page.get_by_role("region", name="Details")
        expect(details).to_contain_text("code of known libraries")
        shoot(page, "26-model-file")
        page.goto(f"/{place.owner.username}/{name}")
        expect(page.get_by_role("region", name="Inputs and output")).to_contain_text("features")
        expect(page.get_by_text("code of known libraries")).to_be_visible()
        page.get_by_role("link", name="Run", exact=True).click()
        page.get_by_role("button", name="Deploy v1").click()
        page.get_by_role("link", name="Deployment", exact=True).click()
        expect(page.get_by_role("log", name="Deployment log")).to_contain_text("Nothing was logged yet.")


def test_weights_that_could_do_anything_are_labelled(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        begin(page)
        page.get_by_label("Model required").set_input_files(file("model.pkl", STARTS_A_PROGRAM))
        page.get_by_label("Requirements optional").set_input_files(file("requirements.txt", b"annotated-types\n"))
        push(page)
        details = page.get_by_role("region", name="Details")
        expect(details).to_contain_text("suspicious")
        expect(details).to_contain_text("It imports os.system.")
        shoot(page, "27-suspicious")


def test_a_picture_is_shown_on_the_page_and_in_the_list(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        page.goto(f"/{place.address}/settings")
        head = page.locator(f"main img[src*='/{place.address}/picture']")
        expect(head).to_have_count(0)
        page.get_by_label("Picture file").set_input_files(file("mark.png", drawn()))
        expect(page.get_by_role("button", name="Replace")).to_be_visible()
        expect(head).to_have_count(2)
        page.goto(f"/?q={place.address.split('/')[1]}&owner={place.owner.username}")
        listed = page.get_by_role("region", name="Repositories").locator(f"a[href='/{place.address}'] img")
        expect(listed).to_be_visible()
        assert listed.evaluate("async image => { await image.decode(); return image.naturalWidth }") > 0
        shoot(page, "28-picture")
        page.goto(f"/{place.address}/settings")
        page.get_by_label("Picture file").set_input_files(file("mark.png", b"not a picture"))
        expect(page.get_by_role("alert")).to_contain_text("PNG")
        page.get_by_role("button", name="Remove", exact=True).click()
        expect(page.get_by_role("button", name="Choose a picture")).to_be_visible()
        expect(head).to_have_count(0)


def begin(page: Page) -> str:
    name = f"alone-{secrets.token_hex(3)}"
    page.goto("/new")
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_text("A model file", exact=True).click()
    return name


def push(page: Page) -> None:
    page.get_by_role("button", name="Push", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Version 1$"))).to_be_visible()


def file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def drawn() -> bytes:
    """A green square as PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (20, 130, 90)).save(buffer, "PNG")
    return buffer.getvalue()
