"""Import of images: 20,000 PNG of 28×28 and 2,000 JPEG of 640×480, from the request to a version that is ready.

Against the machine's decode limit (a process for each core that decodes and hashes the same bytes from memory) and the
obvious way (extract to disk; then open, decode and hash one after the other). Memory is that of all processes below the
server, what they share counted once. ``ITEMS`` sets the size of the large import, whose rate is compared with that of
the small one.
"""

import contextlib
import hashlib
import io
import multiprocessing
import os
import random
import shutil
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw

from measure import Bar, in_turn, private_services, report
from modelyard_client import Client
from support import databases, server
from support.server import Server

SMALL, LARGE, PHOTOS = 20_000, int(os.environ.get("ITEMS", "200000")), 2_000
CORES = len(os.sched_getaffinity(0))
MB = 1000**2
KINDS = ("PNG", "JPEG")


def main() -> None:
    with private_services() as scratch:
        archives = {"PNG": _digits(scratch / "png.zip", SMALL), "JPEG": _photos(scratch / "jpeg.zip", PHOTOS)}
        site = server.start(scratch / "site", databases.create("sqlite", scratch))
        figures: dict[str, float] = {}
        bars: list[Bar] = []
        for kind in KINDS:
            _compare(kind, site, archives[kind], scratch, figures, bars)
        _grow(site, scratch, figures, bars)
    report("import", figures, bars)


def _compare(kind: str, site: Server, archive: Path, scratch: Path, figures: dict[str, float], bars: list[Bar]) -> None:
    count = SMALL if kind == "PNG" else PHOTOS
    with Client(site.url, token=site.token) as client, _limit(archive) as limit:
        uploads = _uploaded(client, archive, rounds=5)
        seconds = in_turn(
            {
                "ours": lambda: _import(client, next(uploads)),
                "limit": limit,
                "obvious": lambda: _obvious(archive, scratch / "extracted"),
            },
            rounds=3,
            before={"obvious": lambda: shutil.rmtree(scratch / "extracted", ignore_errors=True)},
        )
    rates = {name: count / taken for name, taken in seconds.items()}
    figures.update({f"{kind} {name} images/s": rate for name, rate in rates.items()})
    wanted = 3.0 if kind == "PNG" else 1.6
    bars.append(Bar(f"{kind}: rate / decode limit", rates["ours"] / rates["limit"], 0.7))
    bars.append(Bar(f"{kind}: rate / obvious way", rates["ours"] / rates["obvious"], wanted))


def _grow(site: Server, scratch: Path, figures: dict[str, float], bars: list[Bar]) -> None:
    """A large import beside a small one."""
    large = _digits(scratch / "large.zip", LARGE)
    with Client(site.url, token=site.token) as client:
        small_upload, upload = next(_uploaded(client, scratch / "png.zip", rounds=1)), client.upload(large)
        small = _timed(lambda: _import(client, small_upload))
        with _watched(site.pid) as memory:
            taken = _timed(lambda: _import(client, upload))
    figures[f"seconds of {SMALL:,}"], figures[f"seconds of {LARGE:,}"] = small, taken
    figures["peak MB of all its processes"] = memory[0]
    bars.append(Bar(f"rate of {LARGE:,} / rate of {SMALL:,}", (LARGE / taken) / (SMALL / small), 0.9))
    bars.append(Bar("peak MB of all its processes", memory[0], 500, at_most=True))


def _import(client: Client, upload: str) -> None:
    """From the request to ready, in a dataset of its own."""
    address = _dataset(client)
    version = client.import_images(address, uploads=[upload])
    for event in client.follow_build(address, version["number"]):
        if event.name == "end" and event.data["state"] != "ready":
            sys.exit(f"the import failed: {event.data['reason']}")


def _dataset(client: Client) -> str:
    name = f"d{random.getrandbits(40):x}"
    made = client.create_repository(name, visibility="private", kind="dataset")
    return f"{made['owner']}/{made['name']}"


def _uploaded(client: Client, archive: Path, *, rounds: int) -> Iterator[str]:
    yield from [client.upload(archive) for _ in range(rounds)]


@contextlib.contextmanager
def _limit(archive: Path) -> Iterator[object]:
    """A job that decodes and hashes what waits in the memory of a process for each core."""
    context = multiprocessing.get_context("fork")
    images = _read(archive)
    pipes, workers = [], []
    for core in range(CORES):
        mine, theirs = context.Pipe()
        worker = context.Process(target=_decode, args=(theirs, images[core::CORES]), daemon=True)
        worker.start()
        pipes.append(mine)
        workers.append(worker)

    def job() -> None:
        for pipe in pipes:
            pipe.send(True)
        for pipe in pipes:
            pipe.recv()

    try:
        yield job
    finally:
        for worker in workers:
            worker.kill()


def _decode(pipe: object, images: list[bytes]) -> None:
    Image.init()
    while pipe.recv():  # type: ignore[attr-defined]
        for data in images:
            _check(data)
        pipe.send(True)  # type: ignore[attr-defined]


def _check(data: bytes) -> None:
    hashlib.sha256(data).hexdigest()
    with Image.open(io.BytesIO(data)) as image:
        image.load()


def _obvious(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    for file in sorted(folder.rglob("*.*")):
        if file.is_file():
            _check(file.read_bytes())


def _read(archive: Path) -> list[bytes]:
    with zipfile.ZipFile(archive) as opened:
        return [opened.read(name) for name in opened.namelist()]


def _digits(file: Path, count: int) -> Path:
    """Like handwritten digits: strokes on black. Each file differs from the others."""
    choice = random.Random(3)
    strokes = [_stroke(choice) for _ in range(500)]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            image = strokes[number % len(strokes)].copy()
            for bit in range(20):
                image.putpixel((bit, 27), 255 * (number >> bit & 1))
            buffer = io.BytesIO()
            image.save(buffer, "PNG")
            archive.writestr(f"digits/{number % 10}/{number:07}.png", buffer.getvalue())
    return file


def _stroke(choice: random.Random) -> Image.Image:
    points = [(choice.randrange(4, 24), choice.randrange(4, 24)) for _ in range(5)]
    canvas = Image.new("L", (112, 112))
    ImageDraw.Draw(canvas).line([(4 * x, 4 * y) for x, y in points], fill=255, width=10)
    return canvas.resize((28, 28), Image.Resampling.BILINEAR)


def _photos(file: Path, count: int) -> Path:
    """Like photographs: soft shapes with some noise."""
    choice = random.Random(4)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            soft = Image.frombytes("RGB", (16, 12), choice.randbytes(16 * 12 * 3)).resize(
                (640, 480), Image.Resampling.BICUBIC
            )
            grain = Image.effect_noise((640, 480), 12).convert("RGB")
            buffer = io.BytesIO()
            Image.blend(soft, grain, 0.15).save(buffer, "JPEG", quality=88)
            archive.writestr(f"photos/{number % 10}/{number:05}.jpg", buffer.getvalue())
    return file


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[list[float]]:
    """The most MB that the processes below the server had together, looked at 20 times a second (PSS, proc(5))."""
    peak, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            peak[0] = max(peak[0], sum(_memory(child) for child in _below(pid)) / MB)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def _below(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_below(int(child))]
    return found


def _memory(pid: int) -> int:
    """Proportional: what processes share is counted once."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/smaps_rollup").read_text().partition("\nPss:")[2].split()[0]) * 1024
    return 0


def _timed(job: object) -> float:
    start = time.perf_counter()
    job()  # type: ignore[operator]
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
