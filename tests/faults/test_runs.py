"""Many short runs while the server is killed, the engine ended and the database restarted: none is lost, none has two
results, none is stuck, and the ledger has the sum of all attempts."""

import hashlib
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support import databases, dockerd, operations, postgres, processes, server, session
from support.server import Server
from support.waiting import until

PROGRAM = "open('/out/n', 'w').write(open('/in/params.json').read())"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
ENDED = ("succeeded", "failed", "cancelled")

pytestmark = [pytest.mark.soak, pytest.mark.timeout(0)]  # every wait in here has a deadline of its own


@dataclass(frozen=True)
class Plan:
    """How many runs, and how often which part is ended meanwhile."""

    runs: int
    server_kills: int
    database_restarts: int = 0
    engine_restarts: int = 0


PLANS = {
    "sqlite": (Plan(60, 2), Plan(2000, 20)),
    "postgresql": (Plan(100, 2, database_restarts=1), Plan(2000, 20, database_restarts=10)),
    "docker": (Plan(40, 1, engine_restarts=1), Plan(1000, 10, engine_restarts=5)),
}
"""In every test run, and in a soak."""


@dataclass
class Site:
    running: Server
    token: str
    address: str
    database: Path | None
    engine: Path | None

    def call(self, method: str, path: str, **options: Any) -> Any:
        """A request that is made again until it is answered."""

        def answer() -> httpx.Response | None:
            try:
                with self.running.client(self.token) as client:
                    response = client.request(method, f"/api/v1{path}", **options)
            except httpx.TransportError:
                return None
            return None if response.status_code in (500, 503) else response

        return until(answer, seconds=180, what=path).raise_for_status().json()

    def submit(self, number: int) -> str:
        body = {"parameters": {"n": number}}
        headers = {"Idempotency-Key": f"run-{number}"}  # asked again after a kill, it is the same run
        return str(self.call("POST", f"/repos/{self.address}/runs", json=body, headers=headers)["id"])

    def all_runs(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        cursor = ""
        while True:
            page = self.call("GET", f"/runs?limit=200{cursor}")
            found |= {run["id"]: run for run in page["items"]}
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"


@pytest.fixture(params=list(PLANS))
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    folder = session.new_folder("r")
    database, engine, settings = None, None, {}
    if request.param == "docker":
        engine = session.new_folder("e")
        settings = {"engine": "docker", "docker_url": dockerd.start_own(engine)}
    if request.param == "postgresql":
        database = session.new_folder("p")
        url = postgres.start_own(database)
    else:
        url = databases.create("sqlite", folder)
    running = server.start(folder, url, **settings)
    _, _, token = running.account()
    address = operations.add_operation(running, token, name="short", program=PROGRAM, schema=SCHEMA)
    yield Site(running, token, address, database, engine)
    for one in (folder, database, engine):
        if one is not None:
            processes.stop_recorded(one, below=False)


def test_none_is_lost_none_has_two_results_and_none_is_stuck(
    site: Site, soak: bool, request: pytest.FixtureRequest
) -> None:
    plan = PLANS[request.node.callspec.params["site"]][soak]
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # shown when the test fails
    moments = random.Random(seed)
    faults = _faults(site, plan, moments)
    submitted: dict[str, int] = {}
    for number in range(plan.runs):
        submitted[site.submit(number)] = number
        if number in faults:
            faults[number]()
    runs = _all_ended(site, submitted, seconds=60 + plan.runs)
    assert set(runs) == set(submitted)
    assert [run["reason"] for run in runs.values() if run["state"] != "succeeded"] == []
    _check_results(site, submitted)
    _check_ledger(site, list(submitted))


def _faults(site: Site, plan: Plan, moments: random.Random) -> dict[int, Callable[[], None]]:
    """After which submitted run what is ended."""
    wanted: list[Callable[[], None]] = [
        *[lambda: _kill_server(site, moments)] * plan.server_kills,
        *[lambda: _restart_database(site)] * plan.database_restarts,
        *[lambda: _restart_engine(site)] * plan.engine_restarts,
    ]
    moments.shuffle(wanted)
    places = sorted(moments.sample(range(plan.runs // 10, plan.runs), len(wanted)))
    return dict(zip(places, wanted, strict=True))


def _kill_server(site: Site, moments: random.Random) -> None:
    time.sleep(moments.uniform(0, 0.5))  # not to wait for anything: some moment or other
    os.kill(site.running.pid, signal.SIGKILL)
    site.running = server.restart(site.running)


def _restart_database(site: Site) -> None:
    assert site.database is not None
    processes.stop_recorded(site.database)
    postgres.start_own(site.database)


def _restart_engine(site: Site) -> None:
    assert site.engine is not None
    processes.stop_recorded(site.engine, below=False)  # what lies there is its containers'
    dockerd.start_own(site.engine)


def _all_ended(site: Site, submitted: dict[str, int], *, seconds: float) -> dict[str, dict[str, Any]]:
    def ended() -> dict[str, dict[str, Any]] | None:
        runs = site.all_runs()
        waiting = [run for run in runs.values() if run["state"] not in ENDED]
        return None if waiting else runs

    return until(ended, seconds=seconds, what=f"the end of {len(submitted)} runs")


def _check_results(site: Site, submitted: dict[str, int]) -> None:
    for id, number in submitted.items():
        (output,) = site.call("GET", f"/runs/{id}/outputs")["items"]
        written = json.dumps({"n": number}).encode()
        assert output["digest"] == f"sha256:{hashlib.sha256(written).hexdigest()}"
        outcomes = [one["outcome"] for one in site.call("GET", f"/runs/{id}")["attempts"]]
        assert outcomes == ["lost"] * (len(outcomes) - 1) + ["succeeded"]


def _check_ledger(site: Site, ids: list[str]) -> None:
    """For each run once "run", and the seconds of its attempts."""
    records: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = site.call("GET", f"/usage/records?limit=200{cursor}")
        records += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    counted = Counter(record["run"] for record in records if record["kind"] == "runs")
    assert counted == dict.fromkeys(ids, 1)
    told = dict.fromkeys(ids, 0.0)
    for record in records:
        if record["kind"] == "cpu_seconds":
            told[record["run"]] += record["quantity"]
    for id in ids:
        attempts = site.call("GET", f"/runs/{id}")["attempts"]
        assert told[id] == pytest.approx(sum(one["cpu_seconds"] or 0.0 for one in attempts))
