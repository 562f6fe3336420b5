"""After an image was erased and garbage collected, no file of the server holds its bytes or a picture of it."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.kit.db import Database
from modelyard.rooms.content import tasks
from modelyard.rooms.content.ports import ContentOptions
from modelyard.rooms.content.uploads import UploadTools
from rooms.datasets.shelf import Collector, collector
from rooms.packs.images import begin, digits, zipped
from support import databases, server
from support.server import Server
from support.waiting import until


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "own"
    folder.mkdir()
    running = server.start(folder, databases.create("sqlite", folder))
    yield running
    server.stop(running)


def holding(folder: Path, trace: bytes) -> list[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path.relative_to(folder).as_posix() for path in found if trace in path.read_bytes())


def collect_later(own: Server) -> None:
    """Garbage collection when uploads and grace periods are over; the server has stopped."""
    database, blobs = Database(own.database_url), LocalBlobStore(own.folder / "d/blobs")
    for days in (3, 6):
        late = datetime.now(UTC) + timedelta(days=days)
        tasks.sweep_uploads(UploadTools(database, blobs, ContentOptions(), lambda now=late: now))
        tasks.collect_garbage(database, blobs, grace=timedelta(hours=24), clock=lambda now=late: now)
    database.close()


def look_at_all(me: Collector, number: int, row: int) -> list[bytes]:
    """Whatever the viewer shows of a version; returns the pictures."""
    assert me.get(number, "items", params={"text": "0"}).is_success
    assert me.get(number, "items/summary").is_success
    pictures = [me.get(number, "items/sheet", params={"side": 96}), me.get(number, f"items/{row}/thumbnail")]
    assert all(picture.is_success for picture in pictures), [picture.text for picture in pictures]
    return [picture.content for picture in pictures]


def test_nothing_of_an_erased_image_is_left(own: Server, tmp_path: Path) -> None:
    me, data = collector(own, tmp_path), own.folder / "d"
    files = sorted(digits(40).items())
    me.ready(begin(me, ("a.zip", zipped(dict(files[:30])))))
    me.ready(begin(me, ("b.zip", zipped(dict(files[30:]))), append=True))
    _, victim = files[3]
    digest = hashlib.sha256(victim).hexdigest()
    pictures = [*look_at_all(me, 1, 3), *look_at_all(me, 2, 3)]
    assert me.get(2, "items/changes", params={"since": 1, "kind": "added"}).is_success
    assert any(path.startswith("blobs/") for path in holding(data, victim))
    assert any(path.startswith("cache/results/") for path in holding(data, digest.encode()))

    assert me.http.post(f"{me.path}/item-erasures", json={"digests": [f"sha256:{digest}"]}).status_code == 202
    until(
        lambda: not [path for path in holding(data / "cache", digest.encode()) if "results" in path],
        seconds=60,
        what="the caches to let go",
    )
    assert me.get(2, "items").json()["total"] == 39
    sheet = me.get(2, "items/sheet", params={"side": 96})
    assert sheet.content not in pictures

    server.stop(own)
    collect_later(own)
    for trace in (victim, *pictures):
        assert holding(data, trace) == []
    assert [path for path in holding(data, digest.encode()) if path.startswith(("blobs/", "cache/", "scratch/"))] == []
