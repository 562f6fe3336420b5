"""Datasets in a real browser: pushed as a zip, a chosen folder and a dropped one, found, downloaded and deleted."""

import io
import re
import secrets
import tarfile
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e import stage
from e2e.stage import BUILD_MS, Stage, shoot, visit
from modelyard_client import Client

FILES = {
    "README.md": "---\ntitle: Flowers\npurpose: To try.\n---\n# Flowers of the Alps\n",
    "train/labels.csv": "rose,1\n",
    "train/roses/red.txt": "a rose\n",
}


@pytest.fixture(scope="module")
def place() -> Stage:
    return stage.stage()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a card at its top and a file two folders down."""
    flowers = tmp_path / "flowers"
    for path, text in FILES.items():
        (flowers / path).parent.mkdir(parents=True, exist_ok=True)
        (flowers / path).write_text(text)
    return flowers


def test_a_zip_is_pushed_found_and_downloaded(browser: Browser, place: Stage) -> None:
    with visit(browser, place, who=place.owner) as page:
        begin(page)
        page.get_by_label("Files required").set_input_files(
            {"name": "data.zip", "mimeType": "application/zip", "buffer": zipped()}
        )
        expect(page.get_by_text("The zip is unpacked")).to_be_visible()
        listed = push(page)
        expect(listed).to_have_count(3, timeout=BUILD_MS)
        page.get_by_role("textbox", name="Find files").fill("labels")
        expect(listed).to_have_count(1)
        with page.expect_download() as one:
            page.get_by_role("link", name="Download train/labels.csv").click()
        assert one.value.path().read_text() == FILES["train/labels.csv"]
        assert whole(page, "zip") == whole(page, "tar") > 0
        shoot(page, "23-data")
        page.get_by_role("link", name="Card", exact=True).click()
        expect(page.get_by_role("heading", name="Flowers of the Alps")).to_be_visible()


def test_tables_are_imported_and_added(browser: Browser, place: Stage) -> None:
    address = f"{place.owner.username}/sea-{secrets.token_hex(3)}"
    with visit(browser, place, who=place.owner) as page, Client(place.url, token=place.owner.token) as client:
        client.create_repository(address, kind="dataset")
        for number, name in enumerate(("depths", "winds"), start=1):
            page.goto(f"/{address}/push")
            section = page.get_by_role("region", name="Import images or tables")
            expect(section.get_by_role("button", name="Import", exact=True)).to_be_disabled()
            section.get_by_label("Archives of images, or tables").set_input_files(
                {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": f"{name},place\n1,a\n2,b\n".encode()}
            )
            expect(section.get_by_label("Split what names no split")).to_have_count(0)
            if number == 2:
                expect(section.get_by_label("Keep the files that are there")).not_to_be_checked()
                section.get_by_label("Keep the files that are there").check()
            section.get_by_role("button", name="Import", exact=True).click()
            expect(page.get_by_role("heading", name=f"Version {number}")).to_be_visible()
            list(client.follow_build(address, number))
        assert [file["path"] for file in client.list_files(address, 2)] == ["depths.csv", "winds.csv"]


def test_a_chosen_folder_keeps_its_nested_paths(browser: Browser, place: Stage, folder: Path) -> None:
    with visit(browser, place, who=place.owner) as page:
        begin(page)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="A folder").click()
        chooser.value.set_files(folder)
        expect(chosen(page)).to_contain_text(["flowers/README.md", "flowers/train/labels.csv", "flowers/train/roses"])
        expect(page.get_by_role("button", name="Push", exact=True)).to_be_enabled()
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        page.reload()  # what arrived is still there, and is not sent again
        expect(chosen(page)).to_have_count(3)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="A folder").click()
        chooser.value.set_files(folder)
        expect(page.get_by_role("button", name="Push", exact=True)).to_be_enabled()
        assert sent == []
        listed = push(page)
        expect(listed).to_contain_text(sorted(FILES), timeout=BUILD_MS)
        page.get_by_role("link", name="Card", exact=True).click()
        expect(page.get_by_role("heading", name="Flowers of the Alps")).to_be_visible()
        page.goto("/new/dataset")
        expect(page.get_by_text("Give it a name.")).to_be_visible()
        expect(chosen(page)).to_have_count(0)


def test_dropped_folders_and_files_come_with_all_that_is_in_them(browser: Browser, place: Stage, folder: Path) -> None:
    """More files than a browser gives of a folder at once."""
    for number in range(130):
        (folder / f"train/many-{number:03}.txt").write_text(str(number))
    with visit(browser, place, who=place.owner) as page:
        begin(page)
        drop(page, page.get_by_label("Files required"), folder / "train", folder / "README.md")
        expect(page.get_by_text(re.compile(r"^133 files, \d"))).to_be_visible()
        shoot(page, "25-dropped")
        push(page)
        expect(page.get_by_text(re.compile(r"^133 files, "))).to_be_visible(timeout=BUILD_MS)
        page.get_by_role("textbox", name="Find files").fill("roses")
        listed = page.get_by_role("region", name="Files").get_by_role("listitem")
        expect(listed).to_contain_text(["train/roses/red.txt"])


def test_the_owner_deletes_a_version_and_then_all_of_it(browser: Browser, place: Stage, folder: Path) -> None:
    address = published(place, folder, versions=2)
    with visit(browser, place) as stranger:
        stranger.goto(f"/{address}/data")
        expect(stranger.get_by_role("button", name=re.compile("^Download v2"))).to_be_visible()
        expect(stranger.get_by_role("button", name=re.compile("^Delete"))).to_have_count(0)
    with visit(browser, place, who=place.owner) as page:
        page.goto(f"/{address}/data")
        page.get_by_role("button", name="Delete v2").click()
        dialog = page.get_by_role("dialog", name="Delete version 2?")
        expect(dialog).to_contain_text("downloads")
        dialog.get_by_role("button", name="Delete v2").click()
        expect(page.get_by_role("button", name=re.compile("^Download v1"))).to_be_visible()
        page.get_by_role("button", name="Delete v1").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete v1").click()
        expect(page.get_by_role("heading", name="No data yet")).to_be_visible()
        expect(page.get_by_role("link", name="Push the first version")).to_be_visible()
        page.get_by_role("link", name="Settings", exact=True).click()
        page.get_by_role("button", name="Delete", exact=True).click()
        dialog = page.get_by_role("dialog", name=f"Delete {address}?")
        expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
        dialog.get_by_role("textbox").fill(address)
        dialog.get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
        page.goto(f"/{address}")
        expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()


def begin(page: Page) -> None:
    page.goto("/new/dataset")
    page.get_by_role("textbox", name="Name").fill(f"flowers-{secrets.token_hex(3)}")


def push(page: Page) -> Locator:
    """Pushes what was chosen and opens its files, of which it returns the rows."""
    page.get_by_role("button", name="Push", exact=True).click()
    expect(page.get_by_role("heading", name="Version 1")).to_be_visible()
    page.get_by_role("link", name="Data", exact=True).click()
    return page.get_by_role("region", name="Files").get_by_role("listitem")


def chosen(page: Page) -> Locator:
    return page.get_by_role("list", name="Chosen files").get_by_role("listitem")


def drop(page: Page, target: Locator, *paths: Path) -> None:
    """Files and folders of this machine, let go over ``target`` as from a file manager."""
    box = target.bounding_box()
    assert box is not None
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    hand = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        hand.send("Input.dispatchDragEvent", {"type": kind, "data": data, **at})


def whole(page: Page, form: str) -> int:
    """How many files the archive of this form holds."""
    page.get_by_role("radiogroup", name="Format").get_by_text(form).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^Download v1")).click()
    assert download.value.suggested_filename.endswith(f".{form}")
    file = download.value.path()
    if form == "zip":
        with zipfile.ZipFile(file) as archive:
            return sum(not entry.is_dir() for entry in archive.infolist())
    with tarfile.open(file) as archive:
        return sum(entry.isfile() for entry in archive)


def published(place: Stage, folder: Path, *, versions: int) -> str:
    address = f"{place.owner.username}/flowers-{secrets.token_hex(3)}"
    with Client(place.url, token=place.owner.token) as client:
        client.create_repository(address, visibility="public", kind="dataset")
        for _ in range(versions):
            files = {path: client.upload(folder / path) for path in FILES}
            version = client.push_files(address, files)
            ended = [event.data for event in client.follow_build(address, version["number"]) if event.name == "end"]
            assert ended[0]["state"] == "ready", ended
    return address


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in FILES.items():
            archive.writestr(path, text)
    return buffer.getvalue()
