"""The push form when things go wrong: complaints stand beside what caused them, and nothing typed is lost."""

import io
import re
import secrets
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, Request, expect

from e2e import stage
from e2e.stage import BUILD_MS, Stage, accessibility_faults, shoot, visit
from support import digits


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


def zone(page: Page, label: str) -> Locator:
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
        expect(page.get_by_role("textbox", name="Name")).to_be_focused()


def test_a_reload_keeps_what_was_typed_and_sent(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        name = _fill(page)
        expect(page.get_by_text("source.zip")).to_be_visible()
        page.reload()
        expect(page.get_by_role("textbox", name="Name")).to_have_value(name)
        expect(page.get_by_text("source.zip")).to_be_visible()
        expect(page.get_by_text("Still missing: config.")).to_be_visible()


def test_an_upload_that_was_cut_off_goes_on(browser: Browser, place: Stage, tmp_path: Path) -> None:
    """The page is left in the middle of a slow upload; then the same file is chosen again."""
    file = tmp_path / "big.bin"
    file.write_bytes(secrets.token_bytes(8_000_000))
    offsets: list[int] = []
    with visit(browser, place, who=place.owner) as page:
        page.on("request", lambda request: _note_offset(offsets, request))
        page.goto("/new")
        _limit_upload(page, bytes_per_second=1_000_000)
        page.get_by_label("Model optional").set_input_files(file)
        expect(page.get_by_text(re.compile(r"[2-6]\.\d MB of 8\.0 MB · .+/s · .+ left"))).to_be_visible()
        page.reload()
        expect(page.get_by_text(re.compile("Choose it again to go on from"))).to_be_visible()
        _limit_upload(page, bytes_per_second=-1)
        page.get_by_label("Model optional").set_input_files(file)
        expect(zone(page, "Model optional").get_by_text("8.0 MB", exact=True)).to_be_visible()
    assert offsets[0] == 0
    assert offsets[-1] >= 1_000_000


def test_a_version_that_fails_says_why_and_is_tried_again(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        page.goto("/new")
        page.get_by_role("textbox", name="Name").fill(f"broken-{secrets.token_hex(4)}")
        page.get_by_label("Source required").set_input_files(
            _zip("m.py", "raise RuntimeError('no data today')\ndef f(a: int) -> int: ...")
        )
        page.get_by_role("button", name="Write one here").click()
        page.get_by_role("textbox", name="Module").fill("m")
        page.get_by_role("textbox", name="Function").fill("f")
        page.get_by_role("button", name="Use it").click()
        page.get_by_role("button", name="Push", exact=True).click()
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("no data today", timeout=BUILD_MS)
        assert accessibility_faults(page) == []
        shoot(page, "10-failed")
        alert.get_by_role("button", name="Retry").click()
        expect(alert).to_have_count(0)
        expect(alert).to_contain_text("no data today", timeout=BUILD_MS)


def _zip(name: str, text: str) -> FilePayload:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(name, text)
    return {"name": "source.zip", "mimeType": "application/zip", "buffer": data.getvalue()}


def _note_offset(offsets: list[int], request: Request) -> None:
    if request.method == "PATCH":
        offsets.append(int(request.headers["upload-offset"]))


def _limit_upload(page: Page, *, bytes_per_second: int) -> None:
    network = page.context.new_cdp_session(page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", limits)


def _fill(page: Page, name: str | None = None) -> str:
    name = name or f"form-{secrets.token_hex(4)}"
    page.goto("/new")
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_label("Source required").set_input_files(digits.parts()["source"])
    page.get_by_label("Model optional").set_input_files(digits.parts()["artifact"])
    page.get_by_label("Requirements optional").set_input_files(digits.parts()["requirements"])
    return name
