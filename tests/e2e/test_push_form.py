"""The push form when things go wrong: complaints stand beside what caused them, and nothing typed is lost."""

import secrets

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from e2e import stage
from e2e.stage import Stage, visit
from support import digits


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


def zone(page: Page, label: str):
    return page.get_by_label(label).locator("..")


def test_a_broken_config_is_named_beside_its_zone_and_can_be_mended(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        name = _fill(page)
        page.get_by_label("Config required").set_input_files(
            {"name": "config.json", "mimeType": "application/json", "buffer": b'{"predict": {"module": "digits"'}
        )
        page.get_by_role("button", name="Push", exact=True).click()
        expect(zone(page, "Config required").get_by_role("alert")).to_be_visible()
        expect(page.get_by_role("textbox", name="Name")).to_have_value(name)
        page.get_by_label("Config required").set_input_files(digits.parts()["config"])
        page.get_by_role("button", name="Push", exact=True).click()
        expect(page.get_by_role("heading", name="Version 1")).to_be_visible()


def test_a_taken_name_is_named_beside_the_name(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        _fill(page, name=place.address.split("/")[1])
        page.get_by_label("Config required").set_input_files(digits.parts()["config"])
        page.get_by_role("button", name="Push", exact=True).click()
        expect(page.get_by_role("textbox", name="Name")).to_have_attribute("aria-invalid", "true")


def test_a_reload_keeps_what_was_typed_and_sent(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        name = _fill(page)
        expect(page.get_by_text("source.zip")).to_be_visible()
        page.reload()
        expect(page.get_by_role("textbox", name="Name")).to_have_value(name)
        expect(page.get_by_text("source.zip")).to_be_visible()
        expect(page.get_by_text("Still missing: config.")).to_be_visible()


def test_an_upload_that_was_cut_off_goes_on_from_where_it_was(browser: Browser, place: Stage) -> None:
    """The connection dies once; then the page is left in the middle; then the same file is chosen again."""
    size = 6_000_000
    file = {"name": "big.bin", "mimeType": "application/octet-stream", "buffer": secrets.token_bytes(size)}
    sent: list[int] = []

    def note_and_cut(route: Route) -> None:
        """Lets two megabytes through, then nothing more."""
        offset = int(route.request.headers["upload-offset"])
        sent.append(offset)
        if offset == 0 and len(sent) == 1:
            headers = {**route.request.headers, "content-length": "2000000"}
            body = (route.request.post_data_buffer or b"")[:2_000_000]
            route.fetch(headers=headers, post_data=body)
        if len(sent) == 1:
            route.abort("connectionreset")
        elif len(sent) == 2:
            page.wait_for_timeout(0)  # hangs: the page is left while this request is under way
        else:
            route.continue_()

    with visit(browser, place, who=place.owner) as page:
        page.goto("/new")
        page.route("**/api/v1/uploads/*", lambda route: note_and_cut(route) if route.request.method == "PATCH" else route.continue_())
        page.get_by_label("Model optional").set_input_files(file)
        expect.poll if False else None
        page.wait_for_function("() => document.body.innerText.includes('of 6.0 MB')")
        with page.expect_request(lambda request: request.method == "PATCH" and len(sent) >= 1):
            pass
        page.reload()
        expect(page.get_by_text("Choose it again to go on")).to_be_visible()
        page.get_by_label("Model optional").set_input_files(file)
        expect(zone(page, "Model optional").get_by_text("6.0 MB", exact=True)).to_be_visible()
        assert sent[-1] == 2_000_000


def _fill(page: Page, name: str | None = None) -> str:
    name = name or f"form-{secrets.token_hex(4)}"
    page.goto("/new")
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_label("Source required").set_input_files(digits.parts()["source"])
    page.get_by_label("Model optional").set_input_files(digits.parts()["artifact"])
    page.get_by_label("Requirements optional").set_input_files(digits.parts()["requirements"])
    return name
