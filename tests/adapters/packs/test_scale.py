"""What is large without being worth it: a million empty files, a field that has no end. In small by `make test`."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rooms.packs.images import digits, tarred, zipped

MB = 1000**2
MOST_MEMORY = 500 * MB
CHUNK = b"x" * 2**20

READ = """
import json, resource, sys
from pathlib import Path
from modelyard.adapters.packs.reader import ProcessPackReader
from modelyard.kit.errors import ModelyardError
from modelyard.rooms.packs.schemas import ReadingOrder, Source

folder, archive, labels = (Path(path) for path in sys.argv[1:])
order = ReadingOrder(
    [Source(archive, "sha256:" + "0" * 64, archive.name)],
    folder,
    folder / "index.parquet",
    labels=(labels, labels.name) if labels.is_file() else None,
)
reader = ProcessPackReader()
try:
    said = reader.read(order, on_progress=lambda stage, text: None).facts
except ModelyardError as e:
    said = {"refused": type(e).__name__, "detail": e.detail}
reader.close()
print(json.dumps({"said": said, "peak": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024}))
"""


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_empty_files_are_listed_and_cost_little(
    tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes], soak: bool
) -> None:
    count, images = 1_000_000 if soak else 20_000, digits(2)
    empty = {f"{number % 10}/empty-{number}.png": b"" for number in range(count)}
    archive = _file(tmp_path / "archive", pack({**images, **empty}))
    said = _read(tmp_path, archive)
    assert (said["items"], said["errors"]) == (len(images), count)


@pytest.mark.soak
@pytest.mark.parametrize("start", [b"file_name,label\na.png,", b'file_name,label\na.png,"', b"file_name,"])
def test_a_field_without_an_end_is_refused(tmp_path: Path, start: bytes, soak: bool) -> None:
    labels = tmp_path / "labels.csv"
    with labels.open("wb") as file:
        file.write(start)
        for _ in range(1000 if soak else 50):
            file.write(CHUNK)
    archive = _file(tmp_path / "archive", zipped(digits(2)))
    assert _read(tmp_path, archive, labels)["refused"] == "LabelsUnreadable"


def _read(folder: Path, archive: Path, labels: Path | None = None) -> dict[str, Any]:
    """What the reader says, in a process whose children's memory nobody else adds to."""
    argv = [sys.executable, "-c", READ, str(folder), str(archive), str(labels or folder / "none")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert 0 < answer["peak"] < MOST_MEMORY
    return answer["said"]


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
