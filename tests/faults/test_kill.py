"""`kill -9` at random moments while people push, upload, deploy and predict: nothing acknowledged is missing then,
nothing is orphaned, and boxes that ran answer as soon as the server is back."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from faults import adder, remains
from faults.driver import Driver, Witness, output_of, repr_digest
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.kit.db import Database
from modelyard.rooms.content import tasks as content
from modelyard_client import Client
from support import databases, dockerd, processes, server, session
from support.server import Server
from support.waiting import until

KILLS, KILLS_OF_SOAK = 2, 50
BUILD_S = 180


@dataclass
class Site:
    """A server that is to be killed, the person who works on it, and the boxes that ran when it was."""

    running: Server
    owner: str
    token: str
    witness: Witness

    @property
    def data(self) -> Path:
        return Path(self.running.environment["MODELYARD_DATA_DIR"])

    def get(self, path: str) -> Any:
        with self.running.client(self.token) as client:
            return client.get(f"/api/v1{path}").raise_for_status().json()

    def boxes(self) -> dict[str, tuple[str, int]]:
        """Replicas that are ready: id → (repository, version)."""
        found = {}
        for name in list(self.witness.deployed):  # the driver may be adding to it
            for replica in self.get(f"/repos/{self.owner}/{name}/deployment")["running"]:
                if replica["state"] == "ready":
                    found[replica["id"]] = (name, replica["version"])
        return found


@pytest.fixture(params=databases.KINDS)
def site_to_kill(request: pytest.FixtureRequest) -> Iterator[Site]:
    yield from _site(request.param)


def _site(kind: str, **settings: str) -> Iterator[Site]:
    folder = session.new_folder("k")
    running = server.start(folder, databases.create(kind, folder), **settings)
    owner, _, token = running.account()
    witness = Witness()
    with Client(running.url, token=token) as client:
        adder.push(client, f"{owner}/first", right=7)
        assert adder.follow(client, f"{owner}/first", 1)["state"] == "ready"
        client.deploy(f"{owner}/first", version=1)
        assert client.predict(f"{owner}/first", {"left": 1}).output == 8
    witness.repositories.add("first")
    witness.versions["first", 1] = 7
    witness.deployed["first"] = witness.deploying["first"] = 1
    yield Site(running, owner, token, witness)
    processes.stop_recorded(folder)
    remains.end_boxes(folder / "d")


@pytest.mark.soak
def test_nothing_acknowledged_is_lost(site_to_kill: Site, soak: bool) -> None:
    _kill_again_and_again(site_to_kill, KILLS_OF_SOAK if soak else KILLS)


@pytest.mark.soak
def test_the_same_with_docker(soak: bool) -> None:
    if not soak:
        return  # the engine's own suite kills servers in small
    for site in _site("sqlite", engine="docker", docker_url=dockerd.url()):
        _kill_again_and_again(site, 5)


def _kill_again_and_again(site: Site, times: int) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # shown when the test fails
    moments = random.Random(seed)
    for round_ in range(times):
        driver = Driver(site.running, site.owner, site.token, site.witness, seed=moments.randrange(2**32))
        driver.start()
        _pass_time(moments.uniform(0.5, 6))
        boxes = site.boxes()
        _kill(site.running.pid)
        driver.stop()
        if moments.random() < 0.5:  # once more, while it starts
            record = server.launch_again(site.running)
            _pass_time(moments.uniform(0.1, 6))
            _kill(record.pid)
        site.running = server.restart(site.running)
        _check_boxes(site, boxes)
        _check_acknowledged(site)
        _check_order(site)
        assert not site.witness.wrong, f"round {round_}: {site.witness.wrong}"
    assert site.witness.predictions > 0
    assert len(site.witness.versions) > 1
    print(f"{times} kills; acknowledged: {_counts(site.witness)}")


def _pass_time(seconds: float) -> None:
    """The kill comes at a random moment, so here time itself is the condition."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end, seconds=seconds + 5)


def _kill(pid: int) -> None:
    record = processes.note(pid)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not record.alive(), what="the end of the server")


def _check_boxes(site: Site, before: dict[str, tuple[str, int]]) -> None:
    """The boxes that ran are the ones that answer now, at once."""
    for replica, (name, number) in before.items():
        path = f"/serve/{site.owner}/{name}@v{number}/model/predict"
        with site.running.client(site.token) as client:
            answer = client.post(path, json={"left": 1})
        assert answer.status_code == 200, answer.text
        assert output_of(answer) == 1 + site.witness.versions[name, number]
        assert site.boxes().get(replica) == (name, number), "it was started anew"


def _check_acknowledged(site: Site) -> None:
    witness = site.witness
    with site.running.client() as administrator:
        known = _all_items(administrator, "/api/v1/accounts", "username")
        assert witness.accounts <= known, witness.accounts - known
    with site.running.client(site.token) as client:
        known = _all_items(client, f"/api/v1/repos?owner={site.owner}", "name")
        assert witness.repositories <= known, witness.repositories - known
    for name, number in witness.deployed.items():
        deployment = site.get(f"/repos/{site.owner}/{name}/deployment")
        assert [alias["version"] for alias in deployment["aliases"]] == [number]
        assert deployment["wanted"] == "serving"
    _check_uploads(site)
    for name, number in witness.versions:
        _check_version(site, name, number)


def _check_uploads(site: Site) -> None:
    """Every upload stands at least where it was acknowledged to, and can be finished to what was sent."""
    back = Driver(site.running, site.owner, site.token, site.witness, seed=0)
    for upload_id, sent in site.witness.uploads.items():
        stands = back.standing(upload_id)
        assert stands is not None, f"upload {upload_id} is gone"
        assert stands >= sent.acknowledged, f"upload {upload_id} lost bytes"
    finished = [id for id, sent in site.witness.uploads.items() if sent.acknowledged < len(sent.data)][:2]
    for upload_id in finished:
        assert back.finish_upload(upload_id) == repr_digest(site.witness.uploads[upload_id].data)


def _check_version(site: Site, name: str, number: int) -> None:
    """Its build comes to an end; one that failed can be repeated and is ready then."""
    at = f"/repos/{site.owner}/{name}/versions/{number}"
    version = _ended(site, at)
    if version["state"] == "failed":
        with site.running.client(site.token) as client:
            client.post(f"/api/v1{at}/retry").raise_for_status()
        version = _ended(site, at)
    assert version["state"] == "ready", version
    assert version["image"]["digest"].startswith("sha256:")


def _ended(site: Site, at: str) -> Any:
    def ended() -> Any:
        version = site.get(at)
        return version if version["state"] in ("ready", "failed") else None

    return until(ended, seconds=BUILD_S, what=f"the end of the build of {at}")


def _check_order(site: Site) -> None:
    """Databases and blobs are whole; nothing runs and nothing lies about that belongs to nothing."""
    database = Database(site.running.database_url)
    try:
        assert database.check_integrity() == []
        report = content.scrub(database, LocalBlobStore(site.data / "blobs"))
        assert report.damaged == ()
        assert report.checked > 0
    finally:
        database.close()
    if site.running.database_url.startswith("sqlite"):
        with sqlite3.connect(site.data / "workflows.sqlite") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    until(lambda: not _disorder(site), seconds=30, what=f"order, but there is {_disorder(site)}")


def _disorder(site: Site) -> list[str]:
    running = {replica.replace("-", "") for replica in _alive(site)}
    supervisors = remains.supervised(site.data)
    strays = [f"container {name}" for name in supervisors.values() if name.removeprefix("box-") not in running]
    strays += [
        f"folder of a container {folder.name}"
        for folder in (site.data / "engine/c").glob("*")
        if folder.name.removeprefix("box-") not in running
    ]
    strays += [f"process {pid}" for pid in remains.unsupervised_boxes(site.owner, set(supervisors))]
    unfinished = {id for id, sent in site.witness.uploads.items() if sent.acknowledged < len(sent.data)}
    sockets = {replica[-12:] for replica in running}
    return strays + remains.leftovers(site.data, boxes=sockets, uploads=unfinished)


def _alive(site: Site) -> list[str]:
    """Replicas that are starting or ready."""
    found = []
    for name in site.witness.deploying:
        with site.running.client(site.token) as client:
            answer = client.get(f"/api/v1/repos/{site.owner}/{name}/deployment")
        if answer.status_code == httpx.codes.OK:
            found += [r["id"] for r in answer.json()["running"] if r["state"] in ("starting", "ready", "stopping")]
    return found


def _all_items(client: httpx.Client, path: str, key: str) -> set[str]:
    found: set[str] = set()
    cursor = None
    while True:
        query = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=httpx.URL(path).params.merge(query)).raise_for_status().json()
        found |= {item[key] for item in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def _counts(witness: Witness) -> str:
    return (
        f"{len(witness.accounts)} accounts, {len(witness.repositories)} repositories, {len(witness.uploads)} uploads, "
        f"{len(witness.versions)} versions, {witness.predictions} predictions"
    )
