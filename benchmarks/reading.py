"""Reading a dataset for training through the SDK, second epoch, one process: against the same files in a list in
memory, and against one file for each image in class folders, as torchvision's ImageFolder reads them (open, decode,
RGB).

The files lie in the operating system's cache, which is what a second epoch finds. PNG of 28×28, where reading matters;
for JPEG of 640×480 decoding is nearly all there is, and the figures say so. `bytes` is reading without decoding.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from measure import Bar, in_turn, private_services, report
from modelyard_client.loading.images import ImageDataset
from support import packs

PNG = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
JPEG = max(PNG // 50, 20)
ROUNDS = 5
CLASSES = 10

Make = Callable[[np.random.Generator], bytes]


def main() -> None:
    figures: dict[str, float] = {}
    bars: list[Bar] = []
    with private_services() as scratch:
        for name, count, make in (("PNG", PNG, _png), ("JPEG", JPEG, _jpeg)):
            chance = np.random.default_rng(7)
            files = {f"{n % CLASSES}/{n:06}.{name.lower()}": make(chance) for n in range(count)}
            rates = _measure(scratch / name, files)
            figures |= {f"{name}: {job}, images/s": rate for job, rate in rates.items()}
            bars.append(Bar(f"{name}: SDK against files in memory", rates["SDK"] / rates["memory"], 0.9))
            if name == "PNG":
                bars.append(Bar("PNG: SDK against one file for each image", rates["SDK"] / rates["files"], 2.0))
            else:
                figures["JPEG: SDK against one file for each image"] = rates["SDK"] / rates["files"]
    report("reading", figures, bars)


def _measure(folder: Path, files: dict[str, bytes]) -> dict[str, float]:
    """Images per second of an epoch, of each way; the first epochs warm the caches."""
    index, pack = packs.write(folder, packs.pack(files))
    dataset = ImageDataset(index, lambda _digest: pack, split=None, decode=True)
    held, paths = list(files.values()), _spread(folder / "files", files)

    def sdk() -> None:
        for row in range(len(dataset)):
            dataset.read(row)

    def memory() -> None:
        for data in held:
            Image.open(io.BytesIO(data)).load()

    def one_by_one() -> None:
        for path in paths:
            with path.open("rb") as file:
                Image.open(file).convert("RGB")

    def raw() -> None:
        for row in range(len(dataset)):
            dataset.read_bytes(row)

    def raw_files() -> None:
        for path in paths:
            path.read_bytes()

    jobs = {"SDK": sdk, "memory": memory, "files": one_by_one, "SDK, bytes": raw, "files, bytes": raw_files}
    for job in jobs.values():
        job()
    return {name: len(files) / seconds for name, seconds in in_turn(jobs, rounds=ROUNDS).items()}


def _spread(folder: Path, files: dict[str, bytes]) -> list[Path]:
    paths = [folder / name for name in files]
    for path, data in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return paths


def _png(chance: np.random.Generator) -> bytes:
    target = io.BytesIO()
    Image.fromarray(chance.integers(0, 255, (28, 28), dtype="uint8")).save(target, "PNG")
    return target.getvalue()


def _jpeg(chance: np.random.Generator) -> bytes:
    target = io.BytesIO()
    Image.fromarray(chance.integers(0, 255, (48, 64, 3), dtype="uint8")).resize((640, 480)).save(target, "JPEG")
    return target.getvalue()


if __name__ == "__main__":
    main()
