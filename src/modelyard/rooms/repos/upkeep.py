"""Upkeep of Git repositories: how much they hold, and many small packs made few.

Every push leaves a pack of its own, and every commit made here loose objects. ``git repack --geometric`` rolls small
ones up into larger ones and keeps every object, whether a ref reaches it or not, so it is safe beside pushes and
commits; forks have files of their own.
"""

import logging
import os
import subprocess
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import durable
from modelyard.kit.db import Database
from modelyard.kit.durable import part, step, workflow
from modelyard.kit.ids import new_id
from modelyard.rooms.repos import git, store, wire
from modelyard.rooms.repos.ports import RepositoryOptions

QUEUE = "git-upkeep"
MOST_PACKS = 20
MOST_LOOSE = 6000
"""As a guess by one folder of 256, as Git makes it."""

SECONDS = 3600
UNFINISHED = ("tmp_", "incoming-")

log = logging.getLogger("modelyard.git")


def after_change(database: Database, options: RepositoryOptions, repository_id: UUID) -> None:
    """Keeps how much Git holds now, and has a repository of many packs or loose objects consolidated."""
    path = git.repository_path(options.root, repository_id)
    with database.write() as session:
        record_size(session, options, repository_id)
    if is_scattered(path):
        with durable.left_to_sweep(f"consolidation of {repository_id}"):
            durable.enqueue(QUEUE, consolidate_repository, str(repository_id), id=f"consolidate-{new_id()}")


@workflow(name="consolidate_repository")
def consolidate_repository(repository_id: str) -> None:
    """Rolls up packs, unless another one has done so meanwhile."""
    repack_repository(repository_id)


@step(name="repack_repository")
def repack_repository(repository_id: str) -> None:
    """May be repeated."""
    id = UUID(repository_id)
    path = git.repository_path(part(RepositoryOptions).root, id)
    if path.exists() and is_scattered(path):
        repack(path)
        with part(Database).write() as session:
            record_size(session, part(RepositoryOptions), id)


def record_size(session: Session, options: RepositoryOptions, repository_id: UUID) -> None:
    store.set_git_bytes(session, repository_id, measure(git.repository_path(options.root, repository_id)))


def measure(path: Path) -> int:
    """Bytes of the objects that Git holds, without what is being received."""
    total = 0
    for folder, inner, names in os.walk(path / "objects"):
        inner[:] = [name for name in inner if not name.startswith(UNFINISHED)]
        total += sum(_size(Path(folder) / name) for name in names if not name.startswith(UNFINISHED))
    return total


def is_scattered(path: Path) -> bool:
    """Whether there are many packs, or loose objects."""
    packs = sum(1 for _ in (path / "objects/pack").glob("*.pack"))
    loose = sum(1 for _ in (path / "objects/17").glob("*")) * 256
    return packs > MOST_PACKS or loose > MOST_LOOSE


def repack(path: Path) -> None:
    """Rolls up packs and loose objects; a fault of Git's is logged, and nothing is lost by it."""
    done = subprocess.run(
        ["git", "repack", "--geometric=2", "-d", "-q"],
        cwd=path,
        env=wire.environment_for({"core.fsync": "all", "gc.auto": "0"}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        log.error("git repack of %s: %s", path.name, done.stderr.decode(errors="replace")[-1000:])


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # consolidated meanwhile
        return 0
