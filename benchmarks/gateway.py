"""Predictions through the gateway, against the same box called directly, with `wrk` at 1, 16 and 64 connections.

Both boxes run in a sandbox of engine `local`; the one that is called directly listens on a port. The digits model takes
its time; of the logistic regression the box runs many calls as one, so that the gateway itself is what costs.
"""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

import contenders
from measure import Bar, private_services, report
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.rooms.images import service as images
from modelyard.rooms.runs.ports import ContainerSpec, Image
from modelyard_client import Client
from support import databases, digits, ports, server
from support.server import Server
from support.waiting import until
from wrk import Load, median_load, require_wrk, run_wrk, write_script

CONNECTIONS = (1, 16, 64)
ROUNDS = 3
SECONDS = 4
ADDED_MS, SHARE = 0.6, 0.4
Found = dict[tuple[str, int], Load]


def main() -> None:
    require_wrk()
    figures, bars = {}, []
    with private_services() as scratch:
        logistic = contenders.train(scratch / "models")["logistic"]
        site = server.start(scratch / "site", databases.create("sqlite", scratch))
        for name, version, inputs in (
            ("digits", digits.push(site, site.token), {"image": digits.held_out()[0][0]}),
            ("logistic", _push_batching(site, logistic, scratch / "logistic.zip"), contenders.ROWS),
        ):
            found = _measure_model(site, version, inputs, scratch / name)
            figures |= {
                f"{name}, {way} {count}: {unit}": getattr(load, field)
                for (way, count), load in found.items()
                for unit, field in (("median ms", "median"), ("p99 ms", "p99"), ("requests/s", "rate"))
            }
            bars += _bars(name, found)
        server.stop(site)
    report("gateway", figures, bars)


def _bars(name: str, found: Found) -> list[Bar]:
    added = found["gateway", 1].median - found["direct", 1].median
    share = found["gateway", 16].rate / found["direct", 16].rate
    return [
        Bar(f"{name}, 1 connection: ms added at the median", added, ADDED_MS, at_most=True),
        Bar(f"{name}, 16 connections: share of the box's own throughput", share, SHARE),
        Bar(f"{name}, 64 connections: errors", found["gateway", 64].errors, 0, at_most=True),
    ]


def _push_batching(site: Server, model: Path, archive: Path) -> dict[str, Any]:
    """A model of which the box runs many calls as one: where the gateway itself is what costs."""
    with zipfile.ZipFile(archive, "w") as file:
        file.write(model, "model.joblib")
        file.writestr("model.py", contenders.BY_SKLEARN)
        file.writestr("requirements.txt", "\n".join(contenders.SKLEARN))
        file.writestr("modelyard.yaml", "predict: model:predict\nartifact: model.joblib\nbatch: true\n")
    with Client(site.url, token=site.token) as client:
        address = f"{client.get_session()['account']['username']}/logistic"
        client.create_repository(address, visibility="private")
        number = client.push_archive(address, archive)["number"]
        version = next(event.data for event in client.follow_build(address, number) if event.name == "end")
    assert version["state"] == "ready", version
    return version | {"address": address}


def _measure_model(site: Server, version: dict[str, Any], inputs: Any, scratch: Path) -> Found:
    scratch.mkdir()
    address = version["address"]
    with site.client() as client:
        client.put(f"/api/v1/repos/{address}/deployment", json={"keep_warm": True}).raise_for_status()
        until(lambda: client.get(f"/serve/{address}/health").status_code == 200, seconds=60)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {site.token}"}
    script = write_script(scratch / "predict.lua", json.dumps(inputs), headers)
    through = f"{site.url}/serve/{address}/model/predict"
    with _direct_box(scratch, site.folder / "d" / "blobs", version["image"]["digest"]) as direct:
        found = _measure({"direct": direct, "gateway": through}, script)
    with site.client() as client:
        client.post(f"/api/v1/repos/{address}/deployment/stop").raise_for_status()
    return found


def _measure(ways: dict[str, str], script: Path) -> Found:
    """Medians over rounds in which each way has its turn."""
    for url in ways.values():
        run_wrk(url, 4, script, seconds=2)  # warm
    found: dict[tuple[str, int], list[Load]] = {}
    for _ in range(ROUNDS):
        for count in CONNECTIONS:
            for way, url in ways.items():
                found.setdefault((way, count), []).append(run_wrk(url, count, script, seconds=SECONDS))
    return {key: median_load(loads) for key, loads in found.items()}


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
