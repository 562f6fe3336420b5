"""A data folder on a disk that fills up: what needs room is refused as such, and goes on once there is some."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from faults import adder, remains
from modelyard.kit.db import Database
from modelyard_client import Client
from support import databases, processes, server, session
from support.server import Server
from support.waiting import until

DISK = "400m"
FULL = re.compile("disk is full|no room left")
UPLOAD = 8 * 1024**2
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def small_disk_server() -> Iterator[Server]:
    """A server whose data folder, its database included, is a small file system of its own (needs root, for mount)."""
    folder = session.new_folder("d")
    data = folder / "d"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", data], check=True)
    _copy_base(server.warm_stores(), data)
    yield server.start(folder, databases.create("sqlite", data))
    processes.stop_recorded(folder)
    remains.end_boxes(data)
    subprocess.run(["umount", "-l", data], check=True)


def test_full_disk_is_told_and_nothing_is_lost(small_disk_server: Server) -> None:
    owner, _, token = small_disk_server.account()
    data = Path(small_disk_server.environment["MODELYARD_DATA_DIR"])
    content = os.urandom(UPLOAD)
    with small_disk_server.client(token) as client, Client(small_disk_server.url, token=token) as sdk:
        sdk.create_repository(f"{owner}/adder")
        archive = _finished_upload(client, adder.archive())
        upload = _begin_upload(client, UPLOAD)

        with _filled(data, leaving=UPLOAD // 2):
            _upload_beyond_is_refused(client, small_disk_server)
            stands = _send_until_refused(client, upload, content)
            _changes_are_refused_or_done(client)
            pushed = client.post(f"/api/v1/repos/{owner}/adder/versions", json={"archive": archive})
            if pushed.status_code != 202:
                _is_full(pushed)

        _resume(client, upload, content, stands)
        if pushed.status_code != 202:
            client.post(f"/api/v1/repos/{owner}/adder/versions", json={"archive": archive}).raise_for_status()
        version = _until_ended(sdk, f"{owner}/adder")
        if version["state"] == "failed":
            assert FULL.search(version["reason"]), version
            client.post(f"/api/v1/repos/{owner}/adder/versions/1/retry").raise_for_status()
            version = adder.follow(sdk, f"{owner}/adder", 1)
        assert version["state"] == "ready", version
        assert [v["number"] for v in sdk.list_versions(f"{owner}/adder")] == [1]
    database = Database(small_disk_server.database_url)
    assert database.check_integrity() == []
    database.close()


def test_build_on_a_full_disk_fails_with_that_reason(small_disk_server: Server) -> None:
    """There is room for everything but the image: its layers are unpacked to be run."""
    owner, _, token = small_disk_server.account()
    data = Path(small_disk_server.environment["MODELYARD_DATA_DIR"])
    with small_disk_server.client(token) as client, Client(small_disk_server.url, token=token) as sdk:
        with _filled(data, leaving=10 * 1024**2):
            version = adder.push(sdk, f"{owner}/adder")
            version = adder.follow(sdk, f"{owner}/adder", version["number"])
            assert version["state"] == "failed", version
            assert FULL.search(version["reason"]), version
        client.post(f"/api/v1/repos/{owner}/adder/versions/1/retry").raise_for_status()
        assert adder.follow(sdk, f"{owner}/adder", 1)["state"] == "ready"


def _copy_base(warm: Path, data: Path) -> None:
    """Just the base image and what is known about it, so that it fits."""
    shutil.copytree(warm / "cache/layers", data / "cache/layers", symlinks=True)
    for text in (data / "cache/layers/bases").glob("*.json"):
        for digest in set(re.findall(r"sha256:([0-9a-f]{64})", text.read_text())):
            source = warm / "blobs/sha256" / digest[:2] / digest[2:4] / digest
            if source.is_file():
                target = data / source.relative_to(warm)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)


@contextmanager
def _filled(data: Path, *, leaving: int) -> Iterator[None]:
    filler = data / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(data).free - leaving)
    try:
        yield
    finally:
        filler.unlink()


def _begin_upload(client: httpx.Client, length: int) -> str:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length)}
    return str(client.post("/api/v1/uploads", headers=headers).raise_for_status().headers["Location"])


def _finished_upload(client: httpx.Client, content: bytes) -> str:
    location = _begin_upload(client, len(content))
    client.patch(location, headers=TUS | {"Upload-Offset": "0"}, content=content).raise_for_status()
    return location.rpartition("/")[2]


def _upload_beyond_is_refused(client: httpx.Client, running: Server) -> None:
    before = _upload_rows(running)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(UPLOAD)}
    _is_full(client.post("/api/v1/uploads", headers=headers))
    _is_full(client.post("/api/v1/uploads", headers=TUS | headers, content=b"x" * 1000))
    assert _upload_rows(running) == before


def _send_until_refused(client: httpx.Client, upload: str, content: bytes) -> int:
    """Returns where the upload stands after the disk was full."""
    _is_full(client.patch(upload, headers=TUS | {"Upload-Offset": "0"}, content=content))
    stands = _standing(client, upload)
    assert 0 <= stands < len(content)
    return stands


def _changes_are_refused_or_done(client: httpx.Client) -> None:
    """A change is made or it is not, and the answer says which."""
    statuses = set()
    for number in range(60):
        name = f"made-{number}"
        wanted = {"name": name, "kind": "model", "description": "x" * 900}
        answer = client.post("/api/v1/repos", json=wanted)
        statuses.add(answer.status_code)
        if answer.status_code != 201:
            _is_full(answer)
    assert 507 in statuses, "the disk is not full"


def _resume(client: httpx.Client, upload: str, content: bytes, stood: int) -> None:
    stands = _standing(client, upload)
    assert stands >= stood
    headers = TUS | {"Upload-Offset": str(stands)}
    client.patch(upload, headers=headers, content=content[stands:]).raise_for_status()
    assert _standing(client, upload) == len(content)


def _standing(client: httpx.Client, upload: str) -> int:
    return int(client.head(upload, headers={"Tus-Resumable": "1.0.0"}).raise_for_status().headers["Upload-Offset"])


def _is_full(answer: httpx.Response) -> None:
    assert answer.status_code == 507, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "storage_full"
    assert answer.json()["remedy"]


def _upload_rows(running: Server) -> int:
    database = Database(running.database_url)
    try:
        with database.read() as opened:
            return int(opened.scalar(sa.text("SELECT count(*) FROM uploads")) or 0)
    finally:
        database.close()


def _until_ended(sdk: Client, address: str) -> Any:
    def ended() -> Any:
        version = sdk.get_version(address, 1)
        return version if version["state"] in ("ready", "failed") else None

    return until(ended, seconds=180, what="the end of the build")
