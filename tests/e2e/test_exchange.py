"""Models that travel, in a real browser: compared, found, spoken of and taken away."""

import hashlib
import json
import re
import secrets
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import stage
from e2e.stage import BUILD_MS, Stage, newcomer, shoot, visit
from modelyard_client import Client
from support import digits

PIECE = 16 * 1024 * 1024


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


def test_two_versions_stand_beside_each_other(browser: Browser, place: Stage, tmp_path: Path) -> None:
    address = _two_versions(place, tmp_path)
    with visit(browser, place, who=place.owner) as page:
        page.goto(f"/{address}/versions")
        page.get_by_role("link", name="Compare v1 with v2").click()
        tab = page.get_by_role("navigation", name="Repository").get_by_role("link", name="Versions")
        expect(tab).to_have_attribute("aria-current", "page")
        signature = page.get_by_role("region", name="Signature")
        expect(signature.get_by_role("row", name=re.compile("input how_many"))).to_contain_text("added")
        packages = page.get_by_role("region", name="Packages")
        expect(packages.get_by_role("row", name=re.compile("six"))).to_contain_text("added")
        card = page.get_by_role("region", name="Card")
        expect(card.get_by_role("row", name=re.compile("action"))).to_contain_text("Sevens go to a person.")
        files = page.get_by_role("region", name="Files")
        expect(files.get_by_role("button", name=re.compile("notes.txt"))).to_contain_text("added")
        changed = files.get_by_role("region", name="What changed in digits.py")
        expect(changed.get_by_role("row", name=re.compile("how_many: int"))).to_be_visible()
        shoot(page, "20-compare")
        page.goto(f"/{address}/compare/v1...v1")
        expect(page.get_by_text("This is one version; choose another.")).to_be_visible()
        expect(page.get_by_role("region", name="Packages")).to_contain_text("locked to the same packages")


def test_feedback_is_written_answered_changed_and_deleted(browser: Browser, place: Stage) -> None:
    someone = newcomer(place)
    words = f"Sevens are hard {secrets.token_hex(4)}"
    with (
        visit(browser, place, who=someone) as page,
        visit(browser, place, who=place.owner) as theirs,
    ):
        page.goto(f"/{place.address}/feedback")
        page.get_by_role("button", name="Say how it went").click()
        expect(page.get_by_role("form").get_by_role("combobox", name="Version")).to_be_focused()
        page.get_by_role("textbox", name="What you want to say").fill(words)
        page.reload()  # nothing typed is lost
        page.get_by_role("button", name="Say how it went").click()
        expect(page.get_by_role("textbox", name="What you want to say")).to_have_value(words)
        page.get_by_role("radio", name="4 stars").press("Space")
        page.get_by_role("button", name="Send", exact=True).click()
        said = page.get_by_role("listitem", name=f"Feedback by {someone.username}")
        expect(said).to_contain_text(words)
        expect(said.get_by_role("img", name="4 of 5")).to_be_visible()

        theirs.goto(f"/{place.address}/feedback")
        theirs.get_by_role("listitem", name=f"Feedback by {someone.username}").get_by_role(
            "button", name="Reply"
        ).click()
        expect(theirs.get_by_role("textbox", name=re.compile("Reply to"))).to_be_focused()
        theirs.get_by_role("textbox", name=re.compile("Reply to")).fill("The next version will know them.")
        theirs.get_by_role("button", name="Send the reply").click()
        expect(theirs.get_by_text("The next version will know them.")).to_be_visible()

        page.reload()
        expect(said).to_contain_text("The next version will know them.")
        expect(said.get_by_role("button", name="Delete reply")).to_have_count(0)
        shoot(page, "21-feedback")
        theirs.get_by_role("button", name="Delete reply").last.click()
        theirs.get_by_role("dialog").get_by_role("button", name="Delete reply").click()
        expect(theirs.get_by_text("The next version will know them.")).to_have_count(0)
        said.get_by_role("button", name="Edit").click()
        page.get_by_role("textbox", name="What you want to say").fill(f"{words}, still")
        page.get_by_role("button", name="Save").click()
        expect(said).to_contain_text(f"{words}, still")
        said.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(said).to_have_count(0)


def test_who_tried_a_model_is_asked_on_the_dashboard(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=newcomer(place)) as page:
        page.goto(f"/{place.address}/run")
        stage.run_and_wait(page)
        page.goto("/dashboard")
        wanted = page.get_by_role("region", name="To do")
        expect(wanted).to_contain_text(place.address)
        expect(page.get_by_role("region", name="Tried")).to_contain_text("v1")
        shoot(page, "22-dashboard")
        wanted.get_by_role("link", name="Say how it went").click()
        expect(page.get_by_role("form", name="Say how it went")).to_be_visible()


def test_words_and_facets_narrow_what_is_explored(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        page.goto("/")
        page.get_by_role("textbox", name="Words").fill("handwritten")
        found = page.get_by_role("region", name="Repositories").get_by_role("link")
        expect(found.filter(has_text=place.address).first).to_be_visible()
        page.get_by_role("button", name=re.compile("scikit-learn")).click()
        expect(page).to_have_url(re.compile(r"^(?=.*q=handwritten)(?=.*tag=)"))
        expect(found.filter(has_text=place.address).first).to_be_visible()
        page.get_by_role("textbox", name="Words").fill("nothing-has-this-name")
        expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
        page.get_by_role("link", name="Show everything").click()
        expect(page.get_by_role("textbox", name="Words")).to_have_value("")


def test_a_star_is_given_and_taken_back(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=newcomer(place)) as page:
        page.goto(f"/{place.address}")
        page.get_by_role("button", name=re.compile("^Star;")).click()
        page.get_by_role("button", name=re.compile("^Take the star back;")).click()
        expect(page.get_by_role("button", name=re.compile("^Star;"))).to_be_visible()


def test_a_bundle_that_was_cut_off_goes_on_and_is_whole(browser: Browser, place: Stage) -> None:
    """The page is left in the middle of a slow download; the next one fetches only what is missing."""
    ranges: list[int] = []
    with visit(browser, place, accept_downloads=True) as page:
        page.on("request", lambda request: _note_range(ranges, request.headers.get("range")))
        page.goto(f"/{place.address}/bundle")
        checksum = re.compile(r"\b[0-9a-f]{64}\b")
        expect(page.get_by_role("region", name="Check it")).to_contain_text(checksum, timeout=BUILD_MS)
        shown = checksum.search(page.get_by_role("region", name="Check it").inner_text())
        assert shown
        _limit_download(page, bytes_per_second=8_000_000)
        page.get_by_role("button", name="Download the bundle").click()
        expect(page.get_by_text(re.compile(r"(1[89]|[2-9]\d)\.?\d* MB of \d+"))).to_be_visible(timeout=BUILD_MS)
        shoot(page, "24-bundle")
        page.reload()
        before = len(ranges)
        _limit_download(page, bytes_per_second=-1)
        with page.expect_download(timeout=BUILD_MS) as whole:
            page.get_by_role("button", name="Download the bundle").click()
        assert ranges[0] == 0
        assert ranges[before] >= PIECE
        assert hashlib.sha256(whole.value.path().read_bytes()).hexdigest() == shown[0]


def _two_versions(place: Stage, folder: Path) -> str:
    """A model whose second version takes one input more, and has a file and a package more, and another card."""
    newer = digits.parts() | {part: folder / digits.parts()[part].name for part in ("source", "requirements", "config")}
    config = json.loads(digits.parts()["config"].read_text())
    newer["config"].write_text(json.dumps(config | {"action": "Sevens go to a person."}))
    newer["requirements"].write_text(digits.parts()["requirements"].read_text() + "\nsix==1.16.0\n")
    with zipfile.ZipFile(digits.parts()["source"]) as old, zipfile.ZipFile(newer["source"], "w") as new:
        for entry in old.namelist():
            text = old.read(entry).decode()
            new.writestr(entry, text.replace("Len(8, 8)]) ->", "Len(8, 8)], how_many: int = 10) ->"))
        new.writestr("notes.txt", "What is new.\n")
    with Client(place.url, token=place.owner.token) as client:
        address = f"{place.owner.username}/compared-{secrets.token_hex(3)}"
        client.create_repository(address)
        for parts in (digits.parts(), newer):
            version = client.push_parts(address, **parts)
            ended = [event.data for event in client.follow_build(address, version["number"]) if event.name == "end"]
            assert ended[0]["state"] == "ready", ended
    return address


def _note_range(ranges: list[int], header: str | None) -> None:
    if found := re.match(r"bytes=(\d+)-", header or ""):
        ranges.append(int(found[1]))


def _limit_download(page: Page, *, bytes_per_second: int) -> None:
    network = page.context.new_cdp_session(page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": bytes_per_second, "uploadThroughput": -1}
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", limits)
