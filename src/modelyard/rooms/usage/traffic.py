"""Bytes that leave the site: counted in memory as they do, written down every few seconds."""

import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.repos import service as repos
from modelyard.rooms.usage import ledger
from modelyard.rooms.usage.schemas import Entry, UsageKind

Place = tuple[UUID, int | None]
"""The repository, and the version where it is known which."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was counted until ``at``. ``id`` makes writing it again, where nobody knows how that ended, harmless."""

    id: UUID
    at: datetime
    sizes: dict[Place, int]


class Traffic:
    """The port ``repos.ports.Traffic`` on the database. Thread-safe; what a crash finds unwritten is lost."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._sizes: defaultdict[Place, int] = defaultdict(int)
        self._unwritten: _Batch | None = None
        self._counting = threading.Lock()
        self._flushing = threading.Lock()

    def count(self, size: int, *, repository_id: UUID, version: int | None = None) -> None:
        with self._counting:
            self._sizes[repository_id, version] += size

    def flush(self) -> None:
        """Writes down what was counted, for the owners of the repositories; blocks. What fails is written next time."""
        with self._flushing:
            while batch := self._unwritten or self._take():
                self._unwritten = batch
                self._write(batch)
                self._unwritten = None

    def _take(self) -> _Batch | None:
        with self._counting:
            sizes, self._sizes = self._sizes, defaultdict(int)
        return _Batch(new_id(), self._clock(), dict(sizes)) if sizes else None

    def _write(self, batch: _Batch) -> None:
        with self._database.write() as session:
            owners = repos.owners_of(session, {repository_id for repository_id, _ in batch.sizes})
            ledger.record(
                session,
                *(
                    Entry(
                        account_id=owners[repository_id],
                        kind=UsageKind.BYTES_OUT,
                        quantity=size,
                        source=f"sent:{batch.id}:{repository_id}:{version or ''}",
                        at=batch.at,
                        repository_id=repository_id,
                        version=version,
                    )
                    for (repository_id, version), size in batch.sizes.items()
                    if repository_id in owners  # else it was deleted meanwhile, and nobody pays
                ),
            )
