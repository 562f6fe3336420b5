"""Predictions through the gateway, against the same box called directly, with `wrk` at 1, 16 and 64 connections.

Both boxes run the digits model in a sandbox of engine `local`; the one that is called directly listens on a port.
"""

import json
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from measure import Bar, private_services, report
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.rooms.images import service as images
from modelyard.rooms.runs.ports import ContainerSpec, Image
from support import databases, digits, ports, server
from support.waiting import until

CONNECTIONS = (1, 16, 64)
ROUNDS = 3
SECONDS = 4
ADDED_MS, SHARE = 0.6, 0.4


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk saw; times in milliseconds."""

    median: float
    p99: float
    rate: float
    errors: int


def main() -> None:
    if not shutil.which("wrk"):
        sys.exit("There is no wrk: apt-get install wrk")
    with private_services() as scratch:
        site = server.start(scratch / "site", databases.create("sqlite", scratch))
        with site.client() as client:
            version = digits.push(site, site.token)
            address = version["address"]
            client.put(f"/api/v1/repos/{address}/deployment", json={"keep_warm": True}).raise_for_status()
            until(lambda: client.get(f"/serve/{address}/health").status_code == 200, seconds=60)
        script = _script(scratch, site.token)
        through = f"{site.url}/serve/{address}/model/predict"
        with _direct_box(scratch, site.folder / "d" / "blobs", version["image"]["digest"]) as direct:
            found = _measure({"direct": direct, "gateway": through}, script)
        server.stop(site)
    figures = {
        f"{way} {count}: {name}": getattr(load, field)
        for (way, count), load in found.items()
        for name, field in (("median ms", "median"), ("p99 ms", "p99"), ("requests/s", "rate"))
    }
    report("gateway", figures, _bars(found))


def _bars(found: dict[tuple[str, int], Load]) -> list[Bar]:
    added = found["gateway", 1].median - found["direct", 1].median
    share = found["gateway", 16].rate / found["direct", 16].rate
    return [
        Bar("1 connection: ms added at the median", added, ADDED_MS, at_most=True),
        Bar("16 connections: share of the box's own throughput", share, SHARE),
        Bar("64 connections: errors", found["gateway", 64].errors, 0, at_most=True),
    ]


def _measure(ways: dict[str, str], script: Path) -> dict[tuple[str, int], Load]:
    """Medians over rounds in which each way has its turn."""
    for url in ways.values():
        _run_wrk(url, 4, script, seconds=2)  # warm
    found: dict[tuple[str, int], list[Load]] = {}
    for _ in range(ROUNDS):
        for count in CONNECTIONS:
            for way, url in ways.items():
                found.setdefault((way, count), []).append(_run_wrk(url, count, script, seconds=SECONDS))
    return {key: _median(loads) for key, loads in found.items()}


def _median(loads: list[Load]) -> Load:
    return Load(
        median=statistics.median(load.median for load in loads),
        p99=statistics.median(load.p99 for load in loads),
        rate=statistics.median(load.rate for load in loads),
        errors=sum(load.errors for load in loads),
    )


def _run_wrk(url: str, connections: int, script: Path, *, seconds: int) -> Load:
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", script, url]
    output = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    found = re.search(r"^FIGURES (.*)$", output, re.MULTILINE)
    assert found, output
    median, p99, rate, errors = json.loads(found[1])
    return Load(median, p99, rate, errors)


def _script(scratch: Path, token: str) -> Path:
    """wrk's own figures are rounded for reading; its script prints them exactly."""
    body = json.dumps({"image": digits.held_out()[0][0]})
    script = scratch / "predict.lua"
    script.write_text(
        f"""wrk.method = "POST"
wrk.body = '{body}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {token}"
done = function(summary, latency, requests)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("FIGURES [%f, %f, %f, %d]\\n", latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, summary.requests / (summary.duration / 1e6), errors))
end
"""
    )
    return script


@contextmanager
def _direct_box(scratch: Path, blobs: Path, digest: str) -> Iterator[str]:
    """The same image in a second sandbox that shares the host's network."""
    store = LocalBlobStore(blobs)
    found = images.find_image(store, digest)
    engine = LocalEngine(scratch / "e", store)
    port = ports.free_port()
    engine.create(
        ContainerSpec(
            name="box-direct",
            image=Image(digest=found.digest, config=found.config, layers=found.layers),
            env={"MODELYARD_PORT": str(port)},
            network=True,
        )
    )
    try:
        base = f"http://127.0.0.1:{port}"
        until(lambda: _healthy(base), seconds=60, what="the box that is called directly")
        yield f"{base}/model/predict"
    finally:
        engine.remove("box-direct")


def _healthy(base: str) -> bool:
    try:
        return httpx.get(f"{base}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
