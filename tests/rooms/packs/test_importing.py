"""Archives of images become ready versions: packs as they came, an index of every image, doors to read them."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from rooms.datasets.shelf import Collector, collector
from rooms.packs.images import begin, digits, zipped
from support.server import Server


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Collector:
    return collector(site, tmp_path)


def rows(me: Collector, number: int) -> list[dict[str, Any]]:
    data = me.get(number, "files/index.parquet").content
    (me.folder / "index.parquet").write_bytes(data)
    return pq.read_table(me.folder / "index.parquet").to_pylist()


def test_a_zip_of_class_folders_becomes_packs_and_an_index(me: Collector) -> None:
    files = digits()
    archive = zipped({f"digits/{path}": data for path, data in files.items()})
    version = me.finish(begin(me, ("digits.zip", archive), split=[0.8, 0.1, 0.1]))
    assert version["state"] == "ready", version["reason"]
    assert (version["packed"]["items"], version["packed"]["classes"], version["packed"]["errors"]) == (60, 10, 0)
    assert [s["name"] for s in version["stages"]] == ["check", "index", "publish"]
    digest = hashlib.sha256(archive).hexdigest()
    pack = me.get(version["number"], f"files/packs/{digest[:16]}.zip")
    assert pack.content == archive
    found = rows(me, version["number"])
    assert [row["path"] for row in found] == sorted(f"digits/{path}" for path in files)
    for row in found:
        data = files[str(row["path"]).removeprefix("digits/")]
        assert row["label"] == str(row["path"]).split("/")[1]
        assert row["pack"] == f"sha256:{digest}"
        assert archive[row["offset"] : row["offset"] + row["length"]] == data
        assert row["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert (row["width"], row["height"], row["mode"], row["error"]) == (8, 8, "L", None)
        assert row["split"] in ("train", "validation", "test")
