"""What is left on the machine of a server's work: processes, containers, folders."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

CONTAINER = re.compile(r"/engine/c/([^/]+)/")


def supervised(data: Path) -> dict[int, str]:
    """The supervisors of containers, each with the container whose lock it holds."""
    found = {}
    for process in _all():
        for target in _open_files(process):
            if target.startswith(str(data)) and (match := CONTAINER.search(target)) and target.endswith("/lock"):
                found[int(process.name)] = match[1]
    return found


def end_boxes(data: Path) -> None:
    """Ends the boxes that have outlived their server."""
    for supervisor in supervised(data):
        os.kill(supervisor, signal.SIGKILL)


def unsupervised_boxes(owner: str, supervisors: set[int]) -> list[int]:
    """Processes of boxes of this owner's models that belong to none of the supervisors."""
    boxes = [p for p in _all() if f"MODELYARD_REPOSITORY={owner}/" in _read(p / "environ")]
    return [int(p.name) for p in boxes if not supervisors & set(_ancestors(int(p.name)))]


def leftovers(data: Path, *, boxes: set[str], uploads: set[str]) -> list[str]:
    """Temporary files and folders that belong to nothing: to no running box and no unfinished upload."""
    found = [str(p) for name in ("scratch", "runs") for p in (data / name).iterdir()]
    found += [str(p) for p in (data / "s").iterdir() if p.name not in boxes]
    staging = data / "blobs/staging"
    found += [str(p) for p in staging.iterdir() if p.name.removeprefix("upload-") not in uploads]
    work = data / "cache/layers/work"
    found += [str(p) for p in work.iterdir()] if work.is_dir() else []
    return found


def _all() -> Iterator[Path]:
    return (p for p in Path("/proc").iterdir() if p.name.isdigit())


def _open_files(process: Path) -> list[str]:
    found = []
    try:
        for descriptor in (process / "fd").iterdir():
            try:
                found.append(str(descriptor.readlink()))
            except OSError:
                continue
    except OSError:
        return found
    return found


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        yield pid
        status = _read(Path(f"/proc/{pid}/stat"))
        pid = int(status.rpartition(")")[2].split()[1]) if status else 0


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError:
        return ""
