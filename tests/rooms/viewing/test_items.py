"""Items of a version over HTTP: filters, any place of the list, sheets, single pictures, counts; who may see them."""

import io
import secrets
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from PIL import Image

from rooms.datasets.shelf import Collector, collector
from rooms.packs.images import begin, encoded, zipped
from support import packs
from support.server import Server

FILES = packs.pictures() | {"dog/broken.png": b"no picture", "dog/twin.png": packs.pictures()["cat/00000.png"]}

ARCHIVE = zipped(FILES)


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Collector:
    me = collector(site, tmp_path)
    me.ready(begin(me, ("pictures.zip", ARCHIVE), split=[0.5, 0.0, 0.5]))
    return me


def paths(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["path"] for item in answer.json()["items"]]


def opened(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/webp"
    assert "sandbox" in answer.headers["content-security-policy"]
    return Image.open(io.BytesIO(answer.content))


def test_items_are_listed_by_path_from_any_place(me: Collector) -> None:
    whole = me.get(1, "items").json()
    good = sorted(set(FILES) - {"dog/broken.png"})
    assert (whole["total"], [item["path"] for item in whole["items"]]) == (31, good)
    assert whole["items"][3] | {"row": 0, "split": None} == {
        "row": 0,
        "path": good[3],
        "label": "cat",
        "split": None,
        "size": len(FILES[good[3]]),
        "width": 8,
        "height": 8,
        "error": None,
    }
    part = me.get(1, "items", params={"from": 29, "limit": 5})
    assert (paths(part), part.json()["total"]) == (good[29:], 31)
    assert paths(me.get(1, "items", params={"from": 99})) == []


def test_items_are_filtered(me: Collector) -> None:
    owls = paths(me.get(1, "items", params={"label": "owl"}))
    assert owls == sorted(path for path in FILES if path.startswith("owl/"))
    test = me.get(1, "items", params={"split": "test", "label": "dog"}).json()["items"]
    assert test
    assert {(item["split"], item["label"]) for item in test} == {("test", "dog")}
    assert paths(me.get(1, "items", params={"text": "T/0000"})) == [
        "cat/00000.png",
        "cat/00003.png",
        "cat/00006.png",
        "cat/00009.png",
    ]
    assert paths(me.get(1, "items", params={"label": "wolf"})) == []
    assert paths(me.get(1, "items", params={"unlabelled": True})) == []
    (bad,) = me.get(1, "items", params={"errors": True}).json()["items"]
    assert (bad["path"], bool(bad["error"])) == ("dog/broken.png", True)


def test_a_sheet_shows_what_the_list_names(me: Collector) -> None:
    answer = me.get(1, "items/sheet", params={"label": "cat"})
    sheet = opened(answer).convert("RGBA")
    listed = me.get(1, "items", params={"label": "cat"}).json()["items"]
    assert sheet.size == (960, 96 * -(-len(listed) // 10))
    for number, item in enumerate(listed):
        middle = (number % 10 * 96 + 48, number // 10 * 96 + 48)
        with Image.open(io.BytesIO(FILES[item["path"]])) as original:
            shade, alpha = sheet.getpixel(middle)[0], sheet.getpixel(middle)[3]  # type: ignore[index]
            assert abs(shade - int(original.getpixel((4, 4)))) < 8  # type: ignore[arg-type]
            assert alpha == 255
    again = me.get(1, "items/sheet", params={"label": "cat"}, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    other = me.get(1, "items/sheet", params={"label": "dog"}, headers={"If-None-Match": answer.headers["etag"]})
    assert other.status_code == 200
    assert me.get(1, "items/sheet", params={"label": "wolf"}).status_code == 204


def test_a_square_stays_empty_where_its_picture_cannot_be_drawn(me: Collector) -> None:
    sheet = opened(me.get(1, "items/sheet", params={"errors": True}))
    assert sheet.convert("RGBA").getextrema()[3] == (0, 0)


def test_one_item_is_shown_large_and_downloaded_as_it_was(me: Collector) -> None:
    item = me.get(1, "items", params={"text": "twin"}).json()["items"][0]
    shown = me.get(1, f"items/{item['row']}/thumbnail", params={"side": "1600"})
    assert opened(shown).size == (8, 8)
    etag = {"If-None-Match": shown.headers["etag"]}
    assert me.get(1, f"items/{item['row']}/thumbnail", params={"side": "1600"}, headers=etag).status_code == 304
    file = me.get(1, f"items/{item['row']}/content")
    assert (file.content, file.headers["content-type"]) == (FILES["dog/twin.png"], "image/png")
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''twin.png"
    assert file.headers["x-content-type-options"] == "nosniff"
    bad = me.get(1, "items", params={"errors": True}).json()["items"][0]
    assert me.get(1, f"items/{bad['row']}/thumbnail").json()["code"] == "preview_impossible"
    assert me.get(1, "items/32/thumbnail").json()["code"] == "item_missing"


def test_a_flipped_bit_is_never_given_out_as_the_image(site: Server, me: Collector) -> None:
    image = encoded(Image.frombytes("L", (16, 16), secrets.token_bytes(256)))
    archive = zipped({"a/own.png": image})
    me.ready(begin(me, ("own.zip", archive)))
    blobs = [path for path in (site.folder / "d/blobs").rglob("*") if path.name.endswith(sha256(archive).hexdigest())]
    place = archive.index(image) + len(image) // 2
    for blob in blobs:
        blob.chmod(0o600)
        with blob.open("r+b") as file:
            file.seek(place)
            file.write(bytes([archive[place] ^ 1]))
    answers = [me.get(2, f"items/0/{what}") for what in ("content", "thumbnail")]
    assert [answer.json()["code"] for answer in answers] == ["blob_damaged", "blob_damaged"]


def test_a_version_is_summed_up(me: Collector) -> None:
    summary = me.get(1, "items/summary").json()
    assert (summary["items"], summary["errors"], summary["duplicates"]) == (31, 1, 1)
    assert [(c["label"], c["count"]) for c in summary["classes"]] == [("cat", 10), ("dog", 11), ("owl", 10)]
    assert sum(sum(c["splits"].values()) for c in summary["classes"]) == 31
    assert {s["split"]: s["count"] for s in summary["splits"]}.keys() == {"test", "train"}
    (bad,) = me.get(1, "items", params={"errors": True}).json()["items"]
    assert summary["reasons"] == [{"reason": bad["error"], "count": 1}]


def test_versions_are_compared_item_by_item(me: Collector) -> None:
    edit = {"relabel": [{"row": row_of(me, "cat/00003.png"), "label": "owl"}], "delete": [row_of(me, "dog/twin.png")]}
    number = me.ready(me.http.post(f"{me.path}/versions/1/edits", json=edit))
    counted = me.get(number, "items/changes", params={"since": 1}).json()
    assert counted["counts"] == {"added": 0, "removed": 1, "relabelled": 1, "replaced": 0}
    assert counted["items"] == []
    (relabelled,) = me.get(number, "items/changes", params={"since": 1, "kind": "relabelled"}).json()["items"]
    assert (relabelled["path"], relabelled["label_before"], relabelled["label"]) == ("cat/00003.png", "cat", "owl")
    (removed,) = me.get(number, "items/changes", params={"since": 1, "kind": "removed"}).json()["items"]
    assert (removed["path"], removed["label_before"], removed["label"]) == ("dog/twin.png", "dog", None)
    (added,) = me.get(1, "items/changes", params={"since": number, "kind": "added"}).json()["items"]
    assert added["path"] == "dog/twin.png"


def test_what_has_no_items_says_so(me: Collector) -> None:
    number = me.ready(me.push({"notes.txt": b"words"}))
    refused = me.get(number, "items").json()
    assert (refused["code"], "import a zip" in refused["remedy"]) == ("items_missing", True)
    assert me.get(9, "items").json()["code"] == "snapshot_missing"


def test_nobody_else_sees_a_private_datasets_items(me: Collector, site: Server) -> None:
    _, _, token = site.account()
    with site.client(token) as stranger, site.client("") as nobody:
        for what in ("items", "items/summary", "items/sheet", "items/0/content", "items/0/thumbnail"):
            for client in (stranger, nobody):
                assert client.get(f"{me.path}/versions/1/{what}").json()["code"] == "repository_missing"


def test_an_index_that_somebody_pushed_is_a_file_like_any_other(me: Collector, tmp_path: Path) -> None:
    """The server parses none but its own, and knowing a pack's digest gives nothing."""
    thief = collector(me.server, tmp_path)
    number = thief.ready(thief.push({"index.parquet": me.get(1, "files/index.parquet").content}))
    for what in ("items", "items/sheet", "items/0/content", "items/0/thumbnail"):
        assert thief.get(number, what).json()["code"] == "items_missing"


def row_of(me: Collector, path: str) -> int:
    (item,) = me.get(1, "items", params={"text": path}).json()["items"]
    return int(item["row"])
