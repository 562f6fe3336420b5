"""Datasets over HTTP: pushed as files or zip, listed, downloaded with ranges, deleted."""

import base64
import hashlib
import io
import os
import secrets
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rooms.datasets.shelf import Collector, collector, zipped
from support.server import Server

README = (
    b"---\ntitle: Iris\ndescription: Flowers.\ntags: [botany]\nlicense: CC0-1.0\n---\n# Iris\n\nMeasured by Anderson.\n"
)
LARGE = os.urandom(3 * 1024**2)
FILES = {"README.md": README, "train/iris.csv": b"a,b\n1,2\n", "images/large.png": LARGE, "empty.txt": b""}


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Collector:
    return collector(site, tmp_path)


def paths(me: Collector, number: int, **params: object) -> list[str]:
    return [f["path"] for f in me.get(number, "files", params=params).json()["items"]]


def test_files_become_a_version_with_a_card(me: Collector) -> None:
    number = me.ready(me.push(FILES, message="first"))
    version = me.http.get(f"{me.path}/versions/{number}").json()
    total = sum(map(len, FILES.values()))
    assert version["contents"] == {"files": 4, "size": total}
    assert [s["name"] for s in version["stages"]] == ["import", "publish"]
    assert {s["state"] for s in version["stages"]} == {"complete"}
    shown = me.http.get(me.path).json()
    assert (shown["title"], shown["tags"], shown["data_types"]) == ("Iris", ["botany"], ["image", "table", "text"])
    assert sorted(paths(me, number)) == sorted(FILES)
    assert paths(me, number, q="IRIS") == ["train/iris.csv"]
    assert paths(me, number, prefix="images/") == ["images/large.png"]
    found = me.http.get("/api/v1/search", params={"q": "anderson", "kind": "dataset", "owner": me.username}).json()
    assert [r["name"] for r in found["items"]] == [me.name]


def test_a_zip_becomes_one_too_without_its_only_folder(me: Collector) -> None:
    number = me.ready(
        me.push_zip(zipped({f"iris/{path}": data for path, data in FILES.items()} | {"iris/.DS_Store": b"x"}))
    )
    assert sorted(paths(me, number)) == sorted(FILES)


def test_files_page_by_page(me: Collector) -> None:
    number = me.ready(me.push({f"f{i}.txt": b"%d" % i for i in range(5)}))
    seen, cursor = [], None
    while True:
        page = me.get(number, "files", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [f["path"] for f in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"f{i}.txt" for i in range(5)]


def test_a_push_may_go_over_what_is_there(me: Collector) -> None:
    me.ready(me.push(FILES))
    second = me.ready(
        me.push({"train/iris.csv": b"new", "more/x.bin": LARGE[:2_000_000]}, keep=True, remove=["empty.txt"])
    )
    assert sorted(paths(me, second)) == ["README.md", "images/large.png", "more/x.bin", "train/iris.csv"]
    assert me.get(second, "files/train/iris.csv").content == b"new"
    assert me.get(second, "files/images/large.png").content == LARGE
    assert me.get(1, "files/train/iris.csv").content == FILES["train/iris.csv"]
    third = me.ready(me.push({"only.txt": b"x"}))
    assert paths(me, third) == ["only.txt"]
    fourth = me.ready(me.push_zip(zipped({"a/b.txt": b"1", "c.txt": b"2"}), keep=True))
    assert sorted(paths(me, fourth)) == ["a/b.txt", "c.txt", "only.txt"]


def test_pushes_at_the_same_time_go_over_each_other_and_lose_nothing(me: Collector) -> None:
    me.ready(me.push({"first.txt": b"0"}))
    bodies = [{"files": [{"path": f"f{i}.txt", "upload": me.upload(b"%d" % i)}], "keep": True} for i in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda body: me.http.post(f"{me.path}/versions", json=body), bodies))
    for answer in answers:
        me.ready(answer)
    last = me.ready(me.push({"last.txt": b"9"}, keep=True))
    assert sorted(paths(me, last)) == ["f0.txt", "f1.txt", "f2.txt", "f3.txt", "first.txt", "last.txt"]


def test_one_file_whole_and_in_ranges(me: Collector) -> None:
    number = me.ready(me.push(FILES))
    path = "files/images/large.png"
    got = me.get(number, path)
    digest = hashlib.sha256(LARGE).digest()
    assert (got.status_code, got.content) == (200, LARGE)
    assert got.headers["content-type"] == "image/png"
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "sandbox"
    assert got.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    etag = got.headers["etag"]
    part = me.get(number, path, headers={"Range": "bytes=1000-1999", "If-Range": etag})
    assert (part.status_code, part.content) == (206, LARGE[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(LARGE)}"
    assert me.get(number, path, headers={"Range": "bytes=-5"}).content == LARGE[-5:]
    assert me.get(number, path, headers={"Range": "bytes=5-", "If-Range": '"other"'}).status_code == 200
    assert me.get(number, path, headers={"Range": f"bytes={len(LARGE)}-"}).status_code == 416
    assert me.get(number, path, headers={"If-None-Match": etag}).status_code == 304
    head = me.http.head(f"{me.path}/versions/{number}/{path}")
    assert (head.headers["content-length"], head.content) == (str(len(LARGE)), b"")
    assert me.get(number, "files/empty.txt").content == b""
    small = me.get(number, "files/train/iris.csv", headers={"Range": "bytes=2-4"})
    assert (small.status_code, small.content) == (206, FILES["train/iris.csv"][2:5])


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_an_archive_is_the_same_every_time_and_resumes(me: Collector, form: str) -> None:
    number = me.ready(me.push(FILES))
    contents = me.get(number, "contents").json()
    info = next(a for a in contents["archives"] if a["format"] == form)
    whole = me.get(number, "archive", params={"format": form})
    assert (whole.status_code, len(whole.content)) == (200, info["size"])
    assert whole.headers["etag"] == f'"{info["etag"]}"'
    assert f"{me.name}-v{number}.{form}" in whole.headers["content-disposition"]
    opened = _zip(whole.content) if form == "zip" else _tar(whole.content)
    assert opened == FILES
    for cut in (1, len(whole.content) // 2, len(whole.content) - 1):
        headers = {"Range": f"bytes={cut}-", "If-Range": whole.headers["etag"]}
        rest = me.get(number, "archive", params={"format": form}, headers=headers)
        assert (rest.status_code, rest.content) == (206, whole.content[cut:])
    again = me.ready(me.push(FILES))
    assert me.get(again, "archive", params={"format": form}).content == whole.content
    assert me.http.get(info["url"]).content == whole.content


def _zip(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _tar(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive.getmembers()}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("files", "body", "code"),
    [
        ({"../x": b"1"}, {}, "path_unsafe"),
        ({"/etc/x": b"1"}, {}, "path_unsafe"),
        ({"a": b"1", "A": b"2"}, {}, "path_collision"),
        ({"a": b"1", "a/b": b"2"}, {}, "path_collision"),
        ({".git/config": b"1"}, {}, "dataset_file_refused"),
        ({"a": b"1"}, {"keep": True, "remove": ["nowhere"]}, "dataset_file_refused"),
        ({"a": b"1"}, {"remove": ["a"]}, "invalid"),
        ({}, {}, "invalid"),
    ],
)
def test_what_cannot_be_a_dataset_is_refused(
    me: Collector, files: dict[str, bytes], body: dict[str, object], code: str
) -> None:
    answer = me.push(files, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["remedy"]
    assert me.http.get(f"{me.path}/versions").json()["items"] == []


@pytest.mark.parametrize(
    ("archive", "code"),
    [
        (b"no zip", "archive_unreadable"),
        (zipped({"../x": b""}), "path_unsafe"),
        (zipped({"a": b"1"}) + zipped({"b": b"2"}), "archive_ambiguous"),
    ],
)
def test_zips_pass_the_checks_of_source_code(me: Collector, archive: bytes, code: str) -> None:
    assert me.push_zip(archive).json()["code"] == code


def test_uploads_of_others_and_unknown_files(me: Collector, site: Server, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = collector(site, tmp_path / "other")
    stolen = other.upload(b"secret" * 300_000)
    answer = me.http.post(f"{me.path}/versions", json={"files": [{"path": "x", "upload": stolen}]})
    assert answer.json()["code"] == "upload_missing"
    number = me.ready(me.push({"a.txt": b"1"}))
    assert me.get(number, "files/nowhere").json()["code"] == "dataset_file_missing"
    assert me.get(99, "archive").json()["code"] == "snapshot_missing"
    assert other.http.get(f"{me.path}/versions/{number}/archive").json()["code"] == "repository_missing"


def test_models_and_datasets_are_not_confused(me: Collector) -> None:
    parts = {"source": me.upload(b"x"), "config": me.upload(b"{}")}
    assert me.http.post(f"{me.path}/versions", json={"parts": parts}).json()["code"] == "parts_invalid"
    model = f"m-{secrets.token_hex(3)}"
    me.http.post("/api/v1/repos", json={"name": model})
    files = [{"path": "a", "upload": me.upload(b"1")}]
    answer = me.http.post(f"/api/v1/repos/{me.username}/{model}/versions", json={"files": files})
    assert answer.json()["code"] == "parts_invalid"


def test_deleting_a_version_leaves_those_of_the_same_commit(me: Collector) -> None:
    first, second = me.ready(me.push(FILES)), me.ready(me.push(FILES))
    assert me.http.delete(f"{me.path}/versions/{first}").status_code == 204
    assert me.get(first, "archive").status_code == 404
    assert me.get(second, "files/train/iris.csv").status_code == 200
    assert me.http.delete(f"{me.path}/versions/{second}").status_code == 204
    assert me.get(second, "files/train/iris.csv").status_code == 404
    assert me.http.delete(me.path).status_code == 202
    assert me.http.get("/api/v1/search", params={"owner": me.username}).json()["items"] == []


def test_downloads_are_counted_once_for_each_account_and_version(site: Server, tmp_path: Path) -> None:
    me = collector(site, tmp_path, visibility="public")
    number = me.ready(me.push({"a.txt": b"1", "b.txt": b"2"}))
    with site.client(site.account()[2]) as friend, site.client("") as nobody:
        address = f"{me.path}/versions/{number}"
        for client in (friend, friend, nobody):
            assert client.get(f"{address}/files/a.txt").status_code == 200
            assert client.get(f"{address}/archive").status_code == 200
        assert me.http.get(me.path).json()["downloads"] == 1
        wanted = friend.get("/api/v1/feedback/wanted").json()["items"]
        assert [(w["repository"]["name"], w["version"], w["how"]) for w in wanted] == [(me.name, number, "download")]
