"""What is heard of an attempt while its container runs, and what it is told meanwhile."""

import os
import time
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.runs import queue, store
from modelyard.rooms.runs.containers import Watch
from modelyard.rooms.runs.errors import AttemptOutdated
from modelyard.rooms.runs.queue import Lease
from modelyard.rooms.runs.telling import MetricsReader, Point, ProgressReader

CANCEL_GRACE_S = 10.0
TELL_INTERVAL_S = 0.5
"""How often progress and metrics are written down."""
LOG_FILE = "log"


class Orders:
    """What an attempt is told while it runs: to stop, or that it is the runner's no more."""

    def __init__(self) -> None:
        self.cancelled = False
        self.outdated = False
        self.left = False

    def look(self) -> float | None:
        """The grace to stop with, None to go on. Raises ``AttemptOutdated``, or ``RunnerLeaves``."""
        if self.left:
            raise RunnerLeaves
        if self.outdated:
            raise AttemptOutdated
        return CANCEL_GRACE_S if self.cancelled else None


class RunnerLeaves(Exception):
    """The runner is closed; the container goes on, for the next one to take up."""


class AttemptWatch(Watch):
    """Keeps the log as it comes, and writes progress and metrics down from time to time."""

    def __init__(self, database: Database, lease: Lease, orders: Orders, *, folder: Path, clock: Clock) -> None:
        self._database, self._lease, self._orders, self._clock = database, lease, orders, clock
        self.metrics = MetricsReader(folder / "out" / "metrics.jsonl", attempt=lease.attempt)
        self._progress = ProgressReader()
        self._told = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        self._log = (folder / LOG_FILE).open("ab", buffering=0)
        self.log_size = os.fstat(self._log.fileno()).st_size
        self._news: dict[str, Any] = {}

    def on_log(self, data: bytes) -> None:
        self._log.write(data)
        if said := self._progress.read(data):
            self._news = {"progress": said.share, "text": said.text}

    def look(self) -> float | None:
        if time.monotonic() - self._told >= TELL_INTERVAL_S:
            self._told = time.monotonic()
            self._tell(self.metrics.read())
        return self._orders.look()

    def _tell(self, points: list[Point]) -> None:
        if not points and not self._news:
            return
        with self._database.write() as session:
            queue.note_progress(session, self._lease, progress=self._news.get("progress"), text=self._news.get("text"))
            write_points(session, self._lease, points, self._clock)
        self._news = {}

    def close(self) -> None:
        self._log.close()


def write_points(session: Session, lease: Lease, points: list[Point], clock: Clock) -> None:
    """Writes metrics of the attempt down."""
    now = clock()
    rows = [
        {
            "run_id": lease.run_id,
            "sequence": point.sequence,
            "attempt": lease.attempt,
            "name": point.name,
            "step": point.step,
            "value": point.value,
            "at": now,
        }
        for point in points
    ]
    store.insert_metrics(session, rows)
