"""A dataset's card with its completeness and safe HTML, and the picture of a repository, over HTTP."""

import io
from pathlib import Path

import pytest
from PIL import Image

from rooms.datasets.shelf import Collector, collector
from support.server import Server

README = b"""---
title: Sea
description: Temperatures.
license: CC0-1.0
tags: [water]
---
# Sea

![plot](img/plot.png) <script>alert(1)</script> [out](../../../../etc/passwd)
"""


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Collector:
    return collector(site, tmp_path)


def picture(form: str = "PNG", size: tuple[int, int] = (40, 20)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, (0, 90, 180)).save(target, form)
    return target.getvalue()


def test_a_card_says_how_complete_it_is_and_is_safe_to_show(me: Collector) -> None:
    number = me.ready(me.push({"README.md": README, "img/plot.png": picture(), "a.csv": b"1"}))
    card = me.get(number, "card").json()
    assert (card["filled"], card["total"], card["share"], card["next"]) == (4, 10, 0.4, "purpose")
    assert [f["name"] for f in card["fields"] if f["is_filled"]] == ["title", "description", "license", "text"]
    assert all(field["about"] and field["label"] for field in card["fields"])
    assert card["tags"] == ["water"]
    assert "<h1>Sea</h1>" in card["html"]
    assert "<script" not in card["html"]
    source = card["html"].partition('src="')[2].partition('"')[0].replace("&amp;", "&")
    assert me.http.get(source).headers["content-type"] == "image/png"
    out = card["html"].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert me.http.get(out).json()["code"] == "file_missing"


def test_a_picture_is_set_shown_replaced_and_removed(me: Collector) -> None:
    address = f"{me.path}/picture"
    assert me.http.get(address).json()["code"] == "picture_missing"
    first = me.http.put(address, json={"upload": me.upload(picture())}).json()["picture"]
    got = me.http.get(first)
    assert (got.status_code, got.headers["content-type"]) == (200, "image/webp")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    assert "immutable" in got.headers["cache-control"]
    assert "no-cache" in me.http.get(address).headers["cache-control"]
    assert me.http.get(first, headers={"If-None-Match": got.headers["etag"]}).status_code == 304
    assert Image.open(io.BytesIO(got.content)).size == (40, 20)
    second = me.http.put(address, json={"upload": me.upload(picture("JPEG", (20, 20)))}).json()["picture"]
    assert second != first
    assert me.http.get(me.path).json()["picture"] == second
    assert me.http.delete(address).json()["picture"] is None
    assert me.http.get(address).status_code == 404


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"GIF89a", picture()[:50]])
def test_what_is_no_picture_is_refused(me: Collector, content: bytes) -> None:
    answer = me.http.put(f"{me.path}/picture", json={"upload": me.upload(content)})
    assert (answer.status_code, answer.json()["code"]) == (422, "picture_invalid")
    assert me.http.get(me.path).json()["picture"] is None


def test_only_the_owner_sets_it_and_readers_see_it(me: Collector, site: Server) -> None:
    me.http.put(f"{me.path}/picture", json={"upload": me.upload(picture())})
    with site.client(site.account()[2]) as stranger:
        assert stranger.get(f"{me.path}/picture").json()["code"] == "repository_missing"
        me.http.patch(me.path, json={"visibility": "internal"})
        assert stranger.get(f"{me.path}/picture").status_code == 200
        assert stranger.delete(f"{me.path}/picture").json()["code"] == "not_owner"
