"""Laying out what a container finds under ``/in``: the files of its inputs, and its parameters."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from modelyard.kit.db import Database
from modelyard.rooms.content.errors import BlobMissing
from modelyard.rooms.content.ports import BlobStore, LocalPaths
from modelyard.rooms.datasets import service as datasets
from modelyard.rooms.datasets.errors import SnapshotMissing
from modelyard.rooms.datasets.service import DatasetTools
from modelyard.rooms.runs import driving
from modelyard.rooms.runs.errors import InputGone
from modelyard.rooms.runs.queue import Lease
from modelyard.rooms.runs.schemas import Input, InputSnapshot


@dataclass(frozen=True, slots=True)
class StagingTools:
    """Where inputs come from. ``links``: whether containers may be given blobs themselves, read-only, as hard links;
    only where the engine keeps them from changing what is mounted."""

    database: Database
    blobs: BlobStore
    datasets: DatasetTools
    links: bool


def stage_inputs(tools: StagingTools, lease: Lease, folder: Path) -> None:
    """Writes ``in`` below ``folder``; may be repeated. Raises ``InputGone``."""
    target = folder / "in"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for one in lease.inputs:
        (target / one.name).mkdir()
        try:
            _stage(tools, one, target / one.name)
        except (BlobMissing, SnapshotMissing) as e:
            raise InputGone(
                f"{one.name} ({one.source}) is not there any more.", remedy="Choose another one.", field=one.name
            ) from e
    (target / "params.json").write_text(json.dumps(lease.parameters, ensure_ascii=False))
    paths = {one.name: one.path for one in lease.inputs}
    (target / "inputs.json").write_text(json.dumps(paths, ensure_ascii=False))
    if driving.is_driven(lease.command):
        driving.lay_driver(target)
    _open_to_all(target)


def _stage(tools: StagingTools, one: Input, target: Path) -> None:
    for file in one.files:
        _place(tools, file.digest, _parent_made(target / file.path))
    if one.snapshot:
        _stage_snapshot(tools, one.snapshot, target)


def _stage_snapshot(tools: StagingTools, wanted: InputSnapshot, target: Path) -> None:
    with tools.database.read() as session:
        snapshot = datasets.find_snapshot_of(session, wanted.repository_id, wanted.commit_id)
        if snapshot is None:
            raise SnapshotMissing
        files = datasets.files_below(session, snapshot, wanted.prefix)
    for file in files:
        place = _parent_made(target / placed(file.path, wanted.prefix))
        if file.stored:
            _place(tools, file.digest, place)
        else:
            _write(place, datasets.open_file(tools.datasets, snapshot, file).read(0, file.size))


def placed(path: str, prefix: str) -> str:
    """Where a file of a dataset goes below its input's folder: without the folders that were chosen."""
    return path[len(prefix.rpartition("/")[0]) :].lstrip("/")


def _place(tools: StagingTools, digest: str, target: Path) -> None:
    """The blob under another name; a copy where it cannot be that."""
    if tools.links and isinstance(tools.blobs, LocalPaths):
        with contextlib.suppress(OSError):
            os.link(tools.blobs.path(digest), target)
            return
    _write(target, tools.blobs.open(digest))


def _write(target: Path, chunks: Iterable[bytes]) -> None:
    with target.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)


def _parent_made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _open_to_all(folder: Path) -> None:
    """The container's user is not ours: it may read everything here."""
    for place, _, files in os.walk(folder):
        Path(place).chmod(0o755)
        for name in files:
            file = Path(place, name)
            if file.stat().st_nlink == 1:  # a blob itself is readable as it is
                file.chmod(0o444)
