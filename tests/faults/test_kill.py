"""`kill -9` at random moments while people push, upload, deploy and predict: nothing acknowledged is missing then,
nothing is orphaned, and boxes that ran answer as soon as the server is back."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from faults import adder, remains
from faults.driver import Driver, Witness, output_of, repr_digest
from faults.engines import DockerHolds, EngineHolds, LocalHolds
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.kit.db import Database
from modelyard.rooms.content import tasks as content
from modelyard_client import Client
from support import databases, dockerd, processes, server, session
from support.server import Server
from support.waiting import until

KILLS, KILLS_OF_SOAK = 2, 50
BUILD_S = 180
RECENT = timedelta(days=1)

pytestmark = [pytest.mark.soak, pytest.mark.timeout(0)]  # every wait in here has a deadline of its own


@dataclass
class Site:
    """A server that is to be killed, the person who works on it, and the boxes that ran when it was."""

    running: Server
    owner: str
    token: str
    witness: Witness
    engine: EngineHolds
    boxes_before: dict[str, tuple[str, int]] = field(default_factory=dict)

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


@pytest.fixture(params=[*databases.KINDS, "docker"])
def site_to_kill(request: pytest.FixtureRequest) -> Iterator[Site]:
    """On both databases with the engine ``local``; ``docker``: that engine, on SQLite."""
    if request.param == "docker":
        yield from _site("sqlite", engine="docker", docker_url=dockerd.url())
    else:
        yield from _site(request.param)


def _site(kind: str, **settings: str) -> Iterator[Site]:
    folder = session.new_folder("k")
    running = server.start(folder, databases.create(kind, folder), **settings)
    owner, _, token = running.account()
    engine = _engine(folder / "d", owner, settings.get("docker_url"))
    witness = Witness()
    with Client(running.url, token=token) as client:
        adder.push(client, f"{owner}/first", right=7)
        assert adder.follow(client, f"{owner}/first", 1)["state"] == "ready"
        client.deploy(f"{owner}/first", version=1)
        assert client.predict(f"{owner}/first", {"left": 1}).output == 8
    witness.repositories.add("first")
    witness.versions["first", 1] = 7
    witness.deployed["first"] = witness.deploying["first"] = 1
    yield Site(running, owner, token, witness, engine)
    processes.stop_recorded(folder)
    engine.end()


def _engine(data: Path, owner: str, docker_url: str | None) -> EngineHolds:
    return DockerHolds(data, owner, docker_url) if docker_url else LocalHolds(data, owner)


def test_nothing_acknowledged_is_lost_and_nothing_is_left_behind(site_to_kill: Site, soak: bool) -> None:
    _kill_again_and_again(site_to_kill, KILLS_OF_SOAK if soak else KILLS)


def _kill_again_and_again(site: Site, times: int) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # shown when the test fails
    moments = random.Random(seed)
    began = time.monotonic()
    for round_ in range(1, times + 1):
        _kill_at_work(site, moments, last=round_ == times)
        site.running = server.restart(site.running)
        _check_boxes(site, site.boxes_before)
        _check_all(site, last=round_ == times)
        assert not site.witness.wrong, f"round {round_}: {site.witness.wrong}"
        print(f"{round_} of {times} kills, {time.monotonic() - began:.0f} s: {_counts(site.witness)}", flush=True)


def _kill_at_work(site: Site, moments: random.Random, *, last: bool) -> None:
    """Kills the server while somebody works with it, and half of the time once more while it starts.

    Before the ``last`` kill something of each kind was acknowledged, however slow the machine.
    """
    driver = Driver(site.running, site.owner, site.token, site.witness, seed=moments.randrange(2**32))
    driver.start()
    _pass_time(moments.uniform(0.5, 6))
    if last:
        until(lambda: site.witness.predictions and len(site.witness.versions) > 1, seconds=120, what="some work")
    site.boxes_before = site.boxes()
    _kill(site.running.pid)
    driver.stop()
    if moments.random() < 0.5:
        record = server.launch_again(site.running)
        _pass_time(moments.uniform(0.1, 6))
        _kill(record.pid)


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


def _check_all(site: Site, *, last: bool) -> None:
    """What was found settled before is looked at again only after the ``last`` kill: else rounds grow without end."""
    if last:
        site.witness.settled.clear()
    _check_rows(site)
    _check_uploads(site)
    for name in site.witness.repositories:
        _check_versions(site, name)
    _check_stores(site, unread_for=timedelta(0) if last else RECENT)
    until(lambda: not _disorder(site), seconds=30, what=f"order, but there is {_disorder(site)}")


def _check_rows(site: Site) -> None:
    witness = site.witness
    with site.running.client() as administrator:
        known = {account["username"] for account in _all_items(administrator, "/api/v1/accounts")}
        assert witness.accounts <= known, witness.accounts - known
    known = _repositories(site).keys()
    assert witness.repositories <= known, witness.repositories - known
    for name, number in witness.deployed.items():
        deployment = site.get(f"/repos/{site.owner}/{name}/deployment")
        assert [alias["version"] for alias in deployment["aliases"]] == [number]
        assert deployment["wanted"] == "serving"


def _repositories(site: Site) -> dict[str, str]:
    """Name → id in the form that folders have."""
    with site.running.client(site.token) as client:
        found = _all_items(client, f"/api/v1/repos?owner={site.owner}")
    return {repository["name"]: repository["id"].replace("-", "") for repository in found}


def _check_uploads(site: Site) -> None:
    """Every upload stands at least where it was acknowledged to, and can be finished to what was sent."""
    witness, finished = site.witness, 0
    back = Driver(site.running, site.owner, site.token, witness, seed=0)
    for upload_id in witness.uploads.keys() - witness.settled:
        sent = witness.uploads[upload_id]
        stands = back.standing(upload_id)
        assert stands is not None, f"upload {upload_id} is gone"
        assert stands >= sent.acknowledged, f"upload {upload_id} lost bytes"
        finished += stands < len(sent.data)
        if stands == len(sent.data) or finished <= 2:
            assert back.finish_upload(upload_id) == repr_digest(sent.data)
            witness.settled.add(upload_id)


def _check_versions(site: Site, name: str) -> None:
    """Each build comes to an end; one that failed can be repeated and is ready then."""
    at = f"/repos/{site.owner}/{name}/versions"
    with site.running.client(site.token) as client:
        known = {version["number"]: version for version in _all_items(client, f"/api/v1{at}")}
    for number in (number for repository, number in site.witness.versions if repository == name):
        assert number in known, f"v{number} of {name} is gone"
        settled = f"{name} v{number}"
        version = known[number] if settled in site.witness.settled else _brought_to_end(site, f"{at}/{number}")
        assert version["state"] == "ready", version
        assert version["image"]["digest"].startswith("sha256:")
        site.witness.settled.add(settled)


def _brought_to_end(site: Site, at: str) -> Any:
    version = _ended(site, at)
    if version["state"] == "failed":
        with site.running.client(site.token) as client:
            client.post(f"/api/v1{at}/retry").raise_for_status()
        version = _ended(site, at)
    return version


def _ended(site: Site, at: str) -> Any:
    def ended() -> Any:
        version = site.get(at)
        return version if version["state"] in ("ready", "failed") else None

    return until(ended, seconds=BUILD_S, what=f"the end of the build of {at}")


def _check_stores(site: Site, *, unread_for: timedelta) -> None:
    """Databases and blobs are whole; of blobs those are read that were not for so long."""
    database = Database(site.running.database_url)
    try:
        assert database.check_integrity() == []
        report = content.scrub(database, LocalBlobStore(site.data / "blobs"), stale_after=unread_for)
        assert report.damaged == ()
    finally:
        database.close()
    if unread_for == timedelta(0):
        assert report.checked > len(site.witness.versions)
    if site.running.database_url.startswith("sqlite"):
        with sqlite3.connect(site.data / "workflows.sqlite") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _disorder(site: Site) -> list[str]:
    """What runs or lies about and belongs to nothing."""
    boxes = {f"box-{replica.replace('-', '')}" for replica in _alive(site)}
    strays = [f"container {name}" for name in site.engine.containers() - boxes]
    strays += [f"process {pid}" for pid in _stray_processes(site)]
    strays += site.engine.strays(boxes)
    unfinished = {id for id, sent in site.witness.uploads.items() if sent.acknowledged < len(sent.data)}
    sockets = {box[-12:] for box in boxes}
    repositories = set(_repositories(site).values())
    return strays + remains.leftovers(site.data, boxes=sockets, uploads=unfinished, repositories=repositories)


def _stray_processes(site: Site) -> set[int]:
    """What the servers before this one have started and what no longer belongs to a container that is there."""
    found = site.engine.processes() | remains.processes_of(site.data)
    found -= site.engine.belonging()
    return {pid for pid in found if site.running.pid not in remains.ancestors(pid)}


def _alive(site: Site) -> list[str]:
    """Replicas that are starting, ready or stopping."""
    found = []
    for name in site.witness.deploying:
        with site.running.client(site.token) as client:
            answer = client.get(f"/api/v1/repos/{site.owner}/{name}/deployment")
        if answer.status_code == httpx.codes.OK:
            found += [r["id"] for r in answer.json()["running"] if r["state"] in ("starting", "ready", "stopping")]
    return found


def _all_items(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=httpx.URL(path).params.merge(query)).raise_for_status().json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def _counts(witness: Witness) -> str:
    return (
        f"{len(witness.accounts)} accounts, {len(witness.repositories)} repositories, {len(witness.uploads)} uploads, "
        f"{len(witness.versions)} versions, {witness.predictions} predictions"
    )
