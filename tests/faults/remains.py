"""What is left on the machine of a server's work: processes, containers, folders."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

WORKSPACES = "work"
"""The folder of half-made layers in their cache."""
DRAFTS = (
    "scratch/*",
    "runs/*",
    "*.partial",
    "backups/*.partial",
    "blobs/damaged/*",
    "cache/apt/*/apt-*",
    "cache/layers/*/.new-*",
    f"cache/layers/{WORKSPACES}/*",
    "git/*/*.new",
    "git/*/*.deleted",
    "git/*/*.git/*.lock",
    "git/*/*.git/refs/**/*.lock",
)
"""What is there only while something is being made or taken apart."""
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


def box_processes(owner: str) -> set[int]:
    """Processes of boxes of this owner's models."""
    return {int(p.name) for p in _all() if f"MODELYARD_REPOSITORY={owner}/" in text_of(p / "environ")}


def processes_of(data: Path) -> set[int]:
    """The server of this data folder and whatever it has started with its own environment."""
    return {int(p.name) for p in _all() if f"MODELYARD_DATA_DIR={data}\0" in text_of(p / "environ")}


def groups_of_processes() -> Iterator[tuple[int, str]]:
    """Every process with its control groups, as the kernel writes them."""
    return ((int(p.name), text_of(p / "cgroup")) for p in _all())


def ancestors(pid: int) -> Iterator[int]:
    """The process itself, its parent, and so on."""
    while pid > 1:
        yield pid
        status = text_of(Path(f"/proc/{pid}/stat"))
        pid = int(status.rpartition(")")[2].split()[1]) if status else 0


def lives(pid: int) -> bool:
    """Whether there is such a process; one that only waits to be reaped is none."""
    return text_of(Path(f"/proc/{pid}/stat")).rpartition(")")[2][:2].strip() not in ("", "Z", "X")


def processes() -> list[int]:
    return [int(process.name) for process in _all()]


def leftovers(data: Path, *, boxes: set[str], uploads: set[str], repositories: set[str]) -> list[str]:
    """Temporary files and folders that belong to nothing: to no running box, unfinished upload or repository."""
    found = [path for pattern in DRAFTS for path in data.glob(pattern)]
    found += [path for path in (data / "s").iterdir() if path.name not in boxes]
    found += [p for p in (data / "blobs/staging").iterdir() if p.name.removeprefix("upload-") not in uploads]
    found += [path for path in (data / "git").glob("*/*.git") if path.stem not in repositories]
    return [str(path) for path in found]


def text_of(file: Path) -> str:
    """Empty where it is gone, or a process's that we may not read."""
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError:
        return ""


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
