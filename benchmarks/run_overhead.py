"""What a run costs over bare ``docker run`` of the same image, on engines `local` and `docker`; how busy a full queue
keeps the engine.

The job is empty: the image's Python starts and ends. A run counts from its place in the queue to its result, as the
platform notes both; what its client sees, which asks again and again, is told beside it.
With many queued, jobs sleep, and the platform is measured against its own engine doing nothing else: the same jobs, as
many at a time, without a queue, a database, or anything kept.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from measure import Bar, in_turn, private_services, report
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.kit.clock import system_clock
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.images import service as images
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.ports import ContainerSpec, Image
from modelyard.rooms.runs.rules import ENDED
from modelyard.rooms.runs.schemas import Purpose, QueuedRun, Resources
from modelyard.rooms.runs.tables import RunRow
from support import databases, dockerd, operations, server
from support.server import Server
from support.waiting import until

QUEUED = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
ROUNDS, PLACES, SLEEP_S, BARE = 15, 4, 0.5, 40
EMPTY = "pass"
SLEEPING = f"import time; time.sleep({SLEEP_S})"


def main() -> None:
    with private_services() as scratch:  # it must be there before the others are asked for
        figures, ratios = _one_at_a_time(scratch)
        with _site(scratch, "q", runner_cpus=str(PLACES), runs_per_account=str(PLACES)) as site:
            busy = _many(site, scratch)
    bars = [
        Bar("local / docker run", ratios["local"], 0.5, at_most=True),
        Bar("docker / docker run", ratios["docker"], 1.5, at_most=True),
        Bar(f"engine kept busy, {QUEUED} queued", busy["share of what the engine does alone"], 0.9),
    ]
    report("run_overhead", figures | busy, bars)


def _one_at_a_time(scratch: Path) -> tuple[dict[str, float], dict[str, float]]:
    docker_engine = {"engine": "docker", "docker_url": dockerd.url()}
    with _site(scratch, "l") as local, _site(scratch, "d", **docker_engine) as docker:
        jobs = {"local": _Job(local), "docker": _Job(docker)}
        argv = ["docker", "--host", dockerd.url(), "run", "--rm", "--network", "none", _tag(jobs["docker"].image)]
        seconds = in_turn(
            {"docker run": lambda: _quietly(argv), **{name: job.run for name, job in jobs.items()}}, rounds=ROUNDS
        )
    bare = seconds["docker run"]
    figures = {"docker run, s": bare} | {f"{name}, as its client sees it, s": seconds[name] for name in jobs}
    stages = {name: job.stages() for name, job in jobs.items()}
    figures |= {f"{name}, {what}, s": value for name, taken in stages.items() for what, value in taken.items()}
    return figures, {name: taken["queued to ended"] / bare for name, taken in stages.items()}


class _Job:
    """The empty job as a person runs it, with what the platform noted of each time."""

    def __init__(self, site: Server) -> None:
        self._client = site.client()
        self._path = f"/api/v1/repos/{operations.add_operation(site, site.token, **_plain(EMPTY))}/runs"
        self._runs: list[dict[str, Any]] = []
        self.run()
        self._runs.clear()
        self.image = _image(site, self._client.get("/api/v1/runs").json()["items"][0]["id"], self._client)

    def run(self) -> None:
        id = self._client.post(self._path, json={}).raise_for_status().json()["id"]
        run: dict[str, Any] = until(lambda: self._ended(id), what="the run")
        assert run["state"] == "succeeded", run
        self._runs.append(run)

    def stages(self) -> dict[str, float]:
        """Median seconds between what is noted of a run."""
        names = ("created_at", "started_at", "ended_at")
        taken = [[datetime.fromisoformat(run[name]).timestamp() for name in names] for run in self._runs]
        return {
            "queued to ended": statistics.median(ended - created for created, _, ended in taken),
            "queued to started": statistics.median(started - created for created, started, _ in taken),
            "started to ended": statistics.median(ended - started for _, started, ended in taken),
        }

    def _ended(self, id: str) -> dict[str, Any] | None:
        run: dict[str, Any] = self._client.get(f"/api/v1/runs/{id}").json()
        return run if run["state"] in ENDED else None


def _many(site: Server, scratch: Path) -> dict[str, float]:
    job = _Job(site)
    alone = _alone(site, scratch, job.image)
    database = Database(site.database_url)
    try:
        ids = _queue(database, operations.add_operation(site, site.token, **_plain(SLEEPING)))
        start = time.perf_counter()
        until(lambda: _left(database) == 0, seconds=3600, what="the queue")
        taken = time.perf_counter() - start
        with database.read() as session:
            states = session.scalars(sa.select(RunRow.state).where(RunRow.id.in_(ids))).all()
    finally:
        database.close()
    assert set(states) == {"succeeded"}, set(states)
    return {
        "runs a second": QUEUED / taken,
        "runs a second, the engine alone": 1 / alone,
        "share of places where a job's own process is": QUEUED * SLEEP_S / PLACES / taken,
        "share of what the engine does alone": QUEUED * alone / taken,
    }


def _alone(site: Server, scratch: Path, image: Image) -> float:
    """Seconds that the engine takes for a job, with as many at a time as the runner has places."""
    engine = LocalEngine(scratch / "e", LocalBlobStore(site.folder / "d" / "blobs"))
    python = image.config["config"]["Entrypoint"][0]

    def once(_number: int) -> None:
        name = f"bare-{uuid4().hex[:8]}"
        engine.create(ContainerSpec(name=name, image=image, command=(python, "-c", SLEEPING)))
        assert engine.wait(name, timeout=60).exit_code == 0
        engine.remove(name)

    with ThreadPoolExecutor(PLACES) as pool:
        list(pool.map(once, range(PLACES)))
        start = time.perf_counter()
        list(pool.map(once, range(BARE)))
        return (time.perf_counter() - start) / BARE


def _queue(database: Database, address: str) -> list[Any]:
    """Queues all at once, as the service does."""
    with database.write() as session:
        known = session.scalars(sa.select(RunRow).limit(1)).one()
        template = {name: getattr(known, name) for name in ("account_id", "repository_id", "version")}
        command = ["/usr/bin/python3.11", "-c", SLEEPING]
        orders = [
            QueuedRun(
                id=new_id(),
                address=address,
                purpose=Purpose.OPERATION,
                image_digest=known.image_digest,
                parameters={},
                inputs=(),
                resources=Resources(memory_bytes=64 * 1024**2),
                command=command,
                **template,
            )
            for _ in range(QUEUED)
        ]
        for order in orders:
            runs.queue_run(session, order, clock=system_clock, wake=lambda: None)
    return [order.id for order in orders]


def _left(database: Database) -> int:
    with database.read() as session:
        query = sa.select(sa.func.count()).select_from(RunRow).where(RunRow.state.not_in(sorted(ENDED)))
        return session.scalar(query) or 0


def _image(site: Server, run_id: str, client: Any) -> Image:
    digest = client.get(f"/api/v1/runs/{run_id}").json()["image_digest"]
    found = images.find_image(LocalBlobStore(site.folder / "d" / "blobs"), digest)
    return Image(digest=found.digest, config=found.config, layers=found.layers)


def _tag(image: Image) -> str:
    """How the Docker engine knows the image that was loaded: by its only image with just these layers."""
    argv = ["docker", "--host", dockerd.url(), "images", "--quiet", "--no-trunc"]
    for id in subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split():
        inspected = ["docker", "--host", dockerd.url(), "inspect", "--format", "{{json .RootFS.Layers}}", id]
        layers = subprocess.run(inspected, check=True, capture_output=True, text=True).stdout
        if all(layer in layers for layer in image.layers):
            return id
    raise AssertionError("the image was not loaded")


def _plain(program: str) -> dict[str, Any]:
    return {"name": f"job-{uuid4().hex[:6]}", "program": program, "schema": operations.NO_INPUTS}


def _quietly(argv: list[str]) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def _site(scratch: Path, name: str, **settings: str) -> Iterator[Server]:
    folder = scratch / name
    folder.mkdir(mode=0o755)
    site = server.start(folder, databases.create("sqlite", folder), **settings)
    try:
        yield site
    finally:
        server.stop(site)


if __name__ == "__main__":
    main()
