"""Imports by address, where the server may call this machine; and a server that is killed amid an import."""

import http.server
import os
import signal
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rooms.datasets.shelf import Collector, collector
from rooms.packs.images import begin, digits, zipped
from support import databases, server
from support.server import Server
from support.waiting import until

COPIES = 60


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "own"
    folder.mkdir()
    running = server.start(folder, databases.create("sqlite", folder), import_hosts='["127.0.0.1"]')
    yield running
    server.stop(running)


@pytest.fixture
def site_of_files(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "www"
    folder.mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


def test_images_and_archives_by_address(own: Server, tmp_path: Path, site_of_files: tuple[Path, str]) -> None:
    folder, url = site_of_files
    files = list(digits().items())
    (folder / "one.png").write_bytes(files[0][1])
    (folder / "more.zip").write_bytes(zipped(dict(files[1:20])))
    me = collector(own, tmp_path)
    wanted: dict[str, Any] = {"urls": [f"{url}/one.png", f"{url}/more.zip"]}
    version = me.finish(me.http.post(f"{me.path}/imports", json=wanted))
    assert version["state"] == "ready", version["reason"]
    assert version["packed"]["items"] == 20
    assert version["stages"][0]["name"] == "fetch"
    missing = me.finish(me.http.post(f"{me.path}/imports", json={"urls": [f"{url}/absent.zip"]}))
    assert "404" in missing["reason"]


def test_tables_by_address(own: Server, tmp_path: Path, site_of_files: tuple[Path, str]) -> None:
    folder, url = site_of_files
    (folder / "sea.csv").write_bytes(b"depth\n1\n2\n")
    me = collector(own, tmp_path)
    number = me.ready(me.http.post(f"{me.path}/imports", json={"urls": [f"{url}/sea.csv"]}))
    assert me.get(number, "files/sea.csv").content == b"depth\n1\n2\n"


def test_private_addresses_are_not_called(site: Server, tmp_path: Path, site_of_files: tuple[Path, str]) -> None:
    me = collector(site, tmp_path)
    version = me.finish(me.http.post(f"{me.path}/imports", json={"urls": [f"{site_of_files[1]}/one.png"]}))
    assert version["state"] == "failed"
    assert "not a public address" in version["reason"]
    assert me.http.post(f"{me.path}/imports", json={"urls": ["file:///etc/passwd"]}).status_code == 422


def test_a_killed_import_goes_on_and_shows_nothing_half(own: Server, tmp_path: Path) -> None:
    me = collector(own, tmp_path)
    archive = zipped({f"{copy}/{path}": data for copy in range(COPIES) for path, data in digits().items()})
    number = begin(me, ("many.zip", archive)).json()["number"]
    until(lambda: state(me, number) == "building", what="the import to begin")
    os.kill(own.pid, signal.SIGKILL)
    server.restart(own)
    seen = set()

    def ended() -> bool:
        seen.add(state(me, number))
        if "ready" not in seen:
            assert me.get(number, "files").status_code == 404
        return bool(seen & {"ready", "failed"})

    until(ended, seconds=120, what="the import")
    version = me.http.get(f"{me.path}/versions/{number}").json()
    assert (version["state"], version["packed"]["items"]) == ("ready", COPIES * len(digits())), version["reason"]
    assert me.get(number, "files/index.parquet").status_code == 200


def main_on_disk(own: Server) -> str:
    """Where ``main`` is, also while the server does not answer."""
    (repository,) = own.folder.glob("d/git/*/*.git")
    return (repository / "refs/heads/main").read_text().strip()


@pytest.mark.parametrize("when", ["building", "committed"])
def test_a_killed_edit_goes_on_and_shows_nothing_half(own: Server, tmp_path: Path, when: str) -> None:
    """Killed when its build has begun, and when its commit is there but not its version."""
    me = collector(own, tmp_path)
    many = {f"{copy}/{path}": data for copy in range(COPIES) for path, data in digits().items()}
    assert me.ready(begin(me, ("many.zip", zipped(many)))) == 1
    before = main_on_disk(own)
    edit = {"relabel": [{"row": row, "label": "other"} for row in range(7)], "delete": [7, 8]}
    assert me.http.post(f"{me.path}/versions/1/edits", json=edit).status_code == 202
    if when == "building":
        until(lambda: state(me, 2) != "queued", what="the edit to begin")
    else:
        until(lambda: any(main_on_disk(own) != before for _ in range(5000)), seconds=60, what="the commit")
    os.kill(own.pid, signal.SIGKILL)
    server.restart(own)
    seen = set()

    def ended() -> bool:
        shown, former = me.get(2, "items"), me.get(1, "items")
        assert shown.status_code == 404 or shown.json()["total"] == len(many) - 2
        assert former.json()["total"] == len(many)
        seen.add(state(me, 2))
        return bool(seen & {"ready", "failed"})

    until(ended, seconds=120, what="the edit")
    version = me.http.get(f"{me.path}/versions/2").json()
    assert (version["state"], version["packed"]["items"]) == ("ready", len(many) - 2), version["reason"]
    assert me.get(2, "items", params={"label": "other"}).json()["total"] == 7
    assert me.get(1, "items", params={"label": "other"}).json()["total"] == 0
    commits = me.http.get(f"{me.path}/commits", params={"limit": 5}).json()
    assert [commit["id"] for commit in commits] == [version["commit_id"], before], "the edit made one commit"
    again = me.finish(me.http.post(f"{me.path}/versions/2/edits", json={"delete": [0]}))
    assert (again["state"], again["packed"]["items"]) == ("ready", len(many) - 3), again["reason"]


def state(me: Collector, number: int) -> str:
    return str(me.http.get(f"{me.path}/versions/{number}").json()["state"])
