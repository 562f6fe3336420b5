"""Archives of images become ready versions: packs as they came, an index of every image, doors to read them."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from rooms.datasets.shelf import Collector, collector
from rooms.packs.images import begin, digits, zipped
from support.server import Server
from support.waiting import until


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


def test_versions_share_packs_and_splits_stay(me: Collector) -> None:
    files = list(digits().items())
    first = me.ready(begin(me, ("a.zip", zipped(dict(files[:30]))), split=[0.6, 0.2, 0.2]))
    second = me.ready(begin(me, ("b.zip", zipped(dict(files[30:]))), split=[0.6, 0.2, 0.2], append=True))
    before, after = rows(me, first), rows(me, second)
    assert len(before) == 30
    assert len(after) == 60
    assert {row["pack"] for row in before} < {row["pack"] for row in after}
    splits = {row["path"]: row["split"] for row in after}
    assert {row["path"]: row["split"] for row in before}.items() <= splits.items()


def test_there_is_nothing_to_add_to_in_an_empty_dataset(me: Collector) -> None:
    version = me.finish(begin(me, ("a.zip", zipped(digits())), append=True))
    assert version["state"] == "failed"
    assert version["remedy"] == "Import without append."


def test_bad_files_fail_the_import_if_asked_to(me: Collector) -> None:
    archive = zipped(digits() | {"0/broken.png": b"\x89PNG\r\n\x1a\nno"})
    failed = me.finish(begin(me, ("a.zip", archive), on_bad="fail"))
    assert failed["state"] == "failed"
    assert "0/broken.png" in failed["reason"]
    number = me.ready(begin(me, ("a.zip", archive)))
    assert [row["path"] for row in rows(me, number) if row["error"]] == ["0/broken.png"]


def test_an_erased_image_is_gone_from_every_version(me: Collector) -> None:
    files = list(digits().items())
    me.ready(begin(me, ("a.zip", zipped(dict(files[:30])))))
    me.ready(begin(me, ("b.zip", zipped(dict(files[30:]))), append=True))
    victim, data = files[3]
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    old_pack = next(row["pack"] for row in rows(me, 2) if row["digest"] == digest)
    assert me.http.post(f"{me.path}/item-erasures", json={"digests": [digest]}).status_code == 202
    until(lambda: any("erased" in note for note in version(me, 1)["notes"]), seconds=30, what="the erasure")
    until(lambda: victim not in paths(me, 2), seconds=30, what="the tag to move")
    assert (version(me, 1)["packed"]["items"], version(me, 2)["packed"]["items"]) == (29, 59)
    for number, count in ((1, 29), (2, 59)):
        found = rows(me, number)
        assert len(found) == count
        assert old_pack not in {row["pack"] for row in found}
        packs = {f"sha256:{hashlib.sha256(content).hexdigest()}": content for content in pack_files(me, number)}
        for row in found:
            stored = packs[row["pack"]][row["offset"] : row["offset"] + row["length"]]
            assert f"sha256:{hashlib.sha256(stored).hexdigest()}" == row["digest"]
        assert data not in b"".join(packs.values())
        until(lambda n=number: has_dvc(me, n), seconds=30, what="the commit for DVC")
    assert me.ready(begin(me, ("c.zip", zipped({"5/new.png": digits(61)["3/0060.png"]})), append=True)) == 3


def has_dvc(me: Collector, number: int) -> bool:
    """Whether the commit for DVC lies upon the version's."""
    commits = me.http.get(f"{me.path}/commits", params={"revision": f"dvc/v{number}", "limit": 2})
    return commits.is_success and commits.json()[1]["id"] == version(me, number)["commit_id"]


def version(me: Collector, number: int) -> Any:
    return me.http.get(f"{me.path}/versions/{number}").json()


def paths(me: Collector, number: int) -> list[str]:
    return [row["path"] for row in rows(me, number)]


def pack_files(me: Collector, number: int) -> list[bytes]:
    listed = me.get(number, "files", params={"prefix": "packs/"}).json()["items"]
    return [me.get(number, f"files/{file['path']}").content for file in listed]
