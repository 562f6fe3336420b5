"""Tables and pictures among the files of a dataset, looked into: small ones in Git, large ones in the content store."""

import io
from pathlib import Path

import pytest
from PIL import Image

from rooms.datasets.shelf import Collector, collector
from support import packs
from support.server import Server

CSV = b"city,age,born\nRome,3,2020-01-01\nOslo,,2021-05-05\nRome,7,2022-02-02\n"


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Collector:
    return collector(site, tmp_path)


@pytest.mark.parametrize("times", [1, 40_000], ids=["in Git", "a blob"])
def test_a_table_is_read_and_described(me: Collector, times: int) -> None:
    head, rows = CSV.split(b"\n", 1)
    number = me.ready(me.push({"a/people.csv": head + b"\n" + rows * times}))
    query = {"sort": "age", "desc": True, "limit": 1, "filter": '[{"column": "city", "op": "eq", "value": "Rome"}]'}
    page = me.get(number, "tables/a/people.csv", params=query).json()
    assert (page["rows"], page["total"]) == ([["Rome", 7, "2022-02-02"]], 2 * times)
    city, age, born = me.get(number, "statistics/a/people.csv").json()["columns"]
    assert (city["type"], city["distinct"], city["top"][0]) == ("text", 2, {"value": "Rome", "count": 2 * times})
    assert (age["type"], age["missing"], age["min"], age["max"]) == ("integer", times, 3, 7)
    assert sum(each["count"] for each in age["bins"]) == 2 * times
    assert born["type"] == "date"


def test_a_picture_is_drawn_anew(me: Collector) -> None:
    number = me.ready(me.push({"a.png": packs.picture(9, 600)}))
    shown = me.get(number, "previews/a.png")
    assert Image.open(io.BytesIO(shown.content)).size == (256, 256)
    again = me.get(number, "previews/a.png", headers={"If-None-Match": shown.headers["etag"]})
    assert again.status_code == 304


def test_what_is_no_table_says_so(me: Collector, site: Server) -> None:
    number = me.ready(me.push({"a.txt": b"words"}))
    assert me.get(number, "tables/a.txt").json()["code"] == "table_unreadable"
    assert me.get(number, "tables/b.csv").json()["code"] == "dataset_file_missing"
    assert me.get(number, "previews/a.txt").json()["code"] == "preview_impossible"
    with site.client("") as nobody:
        for what in ("tables", "statistics", "previews"):
            assert nobody.get(f"{me.path}/versions/{number}/{what}/a.txt").json()["code"] == "repository_missing"
