"""Looking at a dataset of 1,000,000 images over HTTP: the first 100 small pictures, and a filter by class.

A real server. The pack holds 20,000 different PNG of 28×28 and the index a million rows that point at them: an import
of that many is another benchmark. Each sheet is of a place that nobody has looked at, so it is drawn, not remembered;
the index was looked at once before.
"""

import hashlib
import io
import itertools
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from measure import Bar, private_services, report
from modelyard.kit.clock import system_clock
from modelyard.kit.db import Database
from modelyard.rooms.content import service as content
from modelyard.rooms.packs import service as packs
from modelyard.rooms.packs.schemas import Pack, PackedIndex
from modelyard_client import Client
from support import databases, server
from support.server import Server
from support.waiting import until

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
PICTURES, CLASSES, SAMPLES = 20_000, 100, 40
THUMBNAILS_MS, FILTER_MS = 300.0, 100.0


def main() -> None:
    with private_services() as scratch:
        running = server.start(scratch / "server", databases.create("sqlite", scratch))
        address = _fill(running, scratch)
        with running.client() as client:
            items = f"/api/v1/repos/{address}/versions/1/items"
            first_look = _prepare(client, items)
            times = {
                "first 100 thumbnails": list(_thumbnails(client, items)),
                "filter by class": list(_filters(client, items)),
                "any place of the list": list(_places(client, items)),
            }
    figures = {"images": float(COUNT), "first look at the version, s": first_look}
    for name, taken in times.items():
        figures |= {
            f"{name}, p50 ms": statistics.median(taken),
            f"{name}, p95 ms": statistics.quantiles(taken, n=20)[18],
        }
    bars = [
        Bar("first 100 thumbnails, p50 ms", figures["first 100 thumbnails, p50 ms"], THUMBNAILS_MS, at_most=True),
        Bar("filter by class, p50 ms", figures["filter by class, p50 ms"], FILTER_MS, at_most=True),
    ]
    report("viewer", figures, bars)


def _thumbnails(client: httpx.Client, items: str) -> Iterator[float]:
    """What a page asks for at first, of one class after the other: the list and the sheet of its first 100."""
    for number in range(SAMPLES):
        query = {"label": f"class{number:03}", "limit": 100}
        start = time.perf_counter()
        listed = client.get(items, params=query).json()
        sheet = client.get(f"{items}/sheet", params=query)
        yield (time.perf_counter() - start) * 1000
        assert (len(listed["items"]), sheet.status_code) == (100, 200)


def _filters(client: httpx.Client, items: str) -> Iterator[float]:
    for number in range(SAMPLES, 2 * SAMPLES):
        start = time.perf_counter()
        found = client.get(items, params={"label": f"class{number:03}", "limit": 100}).json()
        yield (time.perf_counter() - start) * 1000
        assert found["total"] > COUNT // CLASSES // 2


def _places(client: httpx.Client, items: str) -> Iterator[float]:
    chance = random.Random(7)
    for _ in range(SAMPLES):
        start = time.perf_counter()
        client.get(items, params={"from": chance.randrange(COUNT - 100), "limit": 100}).raise_for_status()
        yield (time.perf_counter() - start) * 1000


def _prepare(client: httpx.Client, items: str) -> float:
    """Seconds until the index can be looked at for the first time; a first sheet starts the process that draws."""
    start = time.perf_counter()
    until(lambda: client.get(items).status_code == 200, seconds=120, what="the index")
    taken = time.perf_counter() - start
    client.get(f"{items}/sheet", params={"from": COUNT // 2}).raise_for_status()
    return taken


def _fill(running: Server, scratch: Path) -> str:
    """A version with a pack and its index, as an import leaves them; returns the repository's address."""
    pack, rows = _pack(scratch)
    index = _index(scratch, pack, rows)
    with Client(running.url, token=running.token) as client:
        repository = client.create_repository("pictures", kind="dataset")
        address = f"{repository['owner']}/{repository['name']}"
        name = Pack(f"sha256:{_digest(pack)}", pack.stat().st_size, "zip").path
        files = {name: client.upload(pack), "index.parquet": client.upload(index)}
        version = client.push_files(address, files)
        (ended,) = [event.data for event in client.follow_build(address, version["number"]) if event.name == "end"]
        assert ended["state"] == "ready", ended
    _record(running, UUID(repository["id"]), ended["commit_id"], pack, index)
    return address


def _record(running: Server, repository_id: UUID, commit_id: str, pack: Path, index: Path) -> None:
    database = Database(running.database_url)
    digest = f"sha256:{_digest(index)}"
    held = (Pack(f"sha256:{_digest(pack)}", pack.stat().st_size, "zip"),)
    told: dict[str, Any] = {"counts": {}, "splits": {}, "duplicates": 0}
    found = PackedIndex(repository_id, commit_id, digest, index.stat().st_size, COUNT, 0, (), told, held)
    with database.write() as session:
        assert content.holds(session, holder_id=repository_id, digest=digest)
        packs.record_index(session, found, clock=system_clock)
    database.close()


def _pack(scratch: Path) -> tuple[Path, list[tuple[int, int]]]:
    """One file of different pictures after each other, and where each lies."""
    pack, places, chance = scratch / "pack.zip", [], np.random.default_rng(7)
    with pack.open("wb") as file:
        for _ in range(PICTURES):
            target = io.BytesIO()
            Image.fromarray(chance.integers(0, 255, (28, 28), dtype="uint8")).save(target, "PNG")
            places.append((file.tell(), len(target.getvalue())))
            file.write(target.getvalue())
    return pack, places


def _index(scratch: Path, pack: Path, places: list[tuple[int, int]]) -> Path:
    labels = [f"class{number * CLASSES // COUNT:03}" for number in range(COUNT)]
    cycled = list(itertools.islice(itertools.cycle(places), COUNT))
    sizes = [length for _, length in cycled]
    columns = {
        "path": [f"{label}/{number:07}.png" for number, label in enumerate(labels)],
        "label": labels,
        "split": [("train", "train", "test")[number % 3] for number in range(COUNT)],
        "pack": [f"sha256:{_digest(pack)}"] * COUNT,
        "offset": [offset for offset, _ in cycled],
        "length": sizes,
        "method": pa.array([0] * COUNT, pa.uint8()),
        "size": sizes,
        "digest": [f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}" for number in range(COUNT)],
        "width": pa.array([28] * COUNT, pa.int32()),
        "height": pa.array([28] * COUNT, pa.int32()),
        "mode": ["L"] * COUNT,
        "error": pa.nulls(COUNT, pa.string()),
    }
    target = scratch / "index.parquet"
    pq.write_table(pa.table(columns), target, compression="zstd", row_group_size=65_536)
    return target


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    main()
