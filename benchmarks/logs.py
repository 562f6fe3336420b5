"""Live logs: from a container's write to whoever follows, line by line and at 10,000 lines a second,
on both engines.

The lines carry the time when they were written; who follows reads server-sent events as a browser does. Container and
reader share the machine's clock.
"""

import json
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from measure import Bar, private_services, report
from modelyard_client import Client
from support import databases, dockerd, operations, server
from support.server import Server

LINES, EVERY_S = 400, 0.05
RATE, FLOOD_S = 10_000, 10
SINGLE_MS, BEHIND_MS = 200.0, 1000.0
SINGLE = f"""
import time
time.sleep(2)
for n in range({LINES}):
    print(n, time.time(), flush=True)
    time.sleep({EVERY_S})
"""
FLOOD = f"""
import sys, time
time.sleep(2)
start, written = time.time(), 0
while written < {RATE * FLOOD_S}:
    now = time.time()
    due = min(int((now - start) * {RATE}), {RATE * FLOOD_S})
    rest = f"{{now}} a line as training writes it, loss 0.123456"
    sys.stdout.write("".join(f"{{n}} {{rest}}\\n" for n in range(written, due)))
    sys.stdout.flush()
    written = due
    time.sleep(0.01)
"""
Line = tuple[int, float, float]
"""Its number, and when it was written and read."""


def main() -> None:
    figures: dict[str, float] = {}
    bars: list[Bar] = []
    with private_services() as scratch:
        for engine, settings in {"local": {}, "docker": {"engine": "docker", "docker_url": dockerd.url()}}.items():
            told = _told(*_measure(scratch / engine, settings))
            figures |= {f"{engine}: {name}": value for name, value in told[0].items()}
            bars += [replace(bar, name=f"{engine}: {bar.name}") for bar in told[1]]
    report("logs", figures, bars)


def _measure(folder: Path, settings: dict[str, str]) -> tuple[list[Line], list[Line]]:
    """The lines of a run that writes now and then, and of one that writes many."""
    folder.mkdir(mode=0o755)
    site = server.start(folder, databases.create("sqlite", folder), **settings)
    try:
        single, flood = list(_follow(site, SINGLE)), list(_follow(site, FLOOD))
    finally:
        server.stop(site)
    _require_all(single, LINES)
    _require_all(flood, RATE * FLOOD_S)
    return single, flood


def _told(single: list[Line], flood: list[Line]) -> tuple[dict[str, float], list[Bar]]:
    alone, many = _delays(single), _delays(flood)
    last = _delays([line for line in flood if line[1] >= flood[-1][1] - 1])
    figures = {
        "a line now and then, p50 ms": statistics.median(alone),
        "a line now and then, p95 ms": _p95(alone),
        "lines written a second": len(flood) / (flood[-1][1] - flood[0][1]),
        "lines read a second": len(flood) / (flood[-1][2] - flood[0][2]),
        "many lines, p50 ms": statistics.median(many),
        "many lines, p95 ms": _p95(many),
        "many lines, the last second's p95 ms": _p95(last),
    }
    bars = [
        Bar("from write to reader, median ms", figures["a line now and then, p50 ms"], SINGLE_MS, at_most=True),
        Bar("from write to reader, p95 ms", figures["a line now and then, p95 ms"], SINGLE_MS, at_most=True),
        Bar(f"{RATE:,} lines/s for {FLOOD_S} s: how far behind at the end, ms", _p95(last), BEHIND_MS, at_most=True),
    ]
    return figures, bars


def _follow(site: Server, program: str) -> Iterator[Line]:
    """The lines of a run, read while it works."""
    name = f"writer-{uuid4().hex[:6]}"
    address = operations.add_operation(site, site.token, name=name, program=program, schema=operations.NO_INPUTS)
    with Client(site.url, token=site.token) as client:
        run = client.run(address)
        for event in client.runs.follow(run["id"]):
            now = time.time()
            if event.name == "end":
                _require_success(event.data)
            if event.name == "log":
                for line in event.data["text"].splitlines():
                    number, written, *_ = line.split()
                    yield int(number), float(written), now


def _require_all(lines: list[Line], count: int) -> None:
    assert [number for number, _, _ in lines] == list(range(count)), f"{len(lines)} lines of {count}, or in disorder"


def _require_success(run: dict[str, Any]) -> None:
    assert run["state"] == "succeeded", json.dumps(run)


def _delays(lines: list[Line]) -> list[float]:
    return [(read - written) * 1000 for _, written, read in lines]


def _p95(taken: list[float]) -> float:
    return sorted(taken)[max(math.ceil(len(taken) * 0.95) - 1, 0)]


if __name__ == "__main__":
    main()
