"""The port ``PackReader``, by processes of its own."""

import os
from typing import Any

from modelyard.kit import errors as kinds
from modelyard.kit.errors import ModelyardError
from modelyard.kit.workers import Answer, Request, WorkerFailed, WorkerLimits, WorkerPool
from modelyard.rooms.packs import errors as pack_errors
from modelyard.rooms.packs.errors import ImportBroken
from modelyard.rooms.packs.ports import Progress
from modelyard.rooms.packs.schemas import Erasing, ErasingOrder, Pack, Reading, ReadingOrder, ReadPack, Table
from modelyard.rooms.sources import errors as source_errors

WORKER = "modelyard.adapters.packs.indexer"
LIMITS = WorkerLimits(memory_bytes=4 * 1024**3, cpu_seconds=24 * 3600, file_bytes=1024**4, open_files=1024)
SILENCE_S = 600.0
"""The longest that an import may say nothing; each batch of images has a bound of its own."""

ERASE_S = 6 * 3600.0
MAX_ITEMS = 2_000_000
AGAIN = "Try again; if it happens again, tell the administrator."


class ProcessPackReader:
    """Reads one archive after the other, by ``workers`` processes each (default: one for each core)."""

    def __init__(
        self, *, workers: int | None = None, max_items: int = MAX_ITEMS, limits: WorkerLimits = LIMITS
    ) -> None:
        self._workers = workers or len(os.sched_getaffinity(0))
        self._max_items = max_items
        self._pool = WorkerPool(WORKER, limits, size=2)

    def read(self, order: ReadingOrder, *, on_progress: Progress) -> Reading:
        """See ``ports.PackReader``."""
        answer = self._ask(self._request(order), SILENCE_S, on_progress)
        if tables := answer.get("tables"):
            return Reading((), {}, tables=tuple(Table(one["path"], order.staging / one["file"]) for one in tables))
        packs = tuple(ReadPack(Pack(p["digest"], p["size"], p["suffix"]), _file(order, p)) for p in answer["packs"])
        return Reading(packs, answer["facts"], tuple(answer["notes"]))

    def erase(self, order: ErasingOrder) -> Erasing:
        """See ``ports.PackReader``."""
        request = {
            "verb": "erase",
            "digests": list(order.digests),
            "packs": {digest: str(path) for digest, path in order.packs.items()},
            "indexes": [{"path": str(path), "target": str(target)} for path, target in order.indexes],
            "staging": str(order.staging),
        }
        answer = self._ask(request, ERASE_S, lambda _stage, _text: None)
        packs = {
            old: ReadPack(Pack(new["digest"], new["size"], "tar"), order.staging / new["file"]) if new else None
            for old, new in answer["packs"].items()
        }
        return Erasing(packs, tuple(answer["facts"]))

    def close(self) -> None:
        """See ``ports.PackReader``."""
        self._pool.close()

    def _ask(self, request: Request, silence: float, on_progress: Progress) -> Answer:
        try:
            answer = self._pool.ask(
                "", request, timeout=silence, on_note=lambda said: on_progress(said["stage"], said["text"])
            )
        except WorkerFailed as e:
            raise ImportBroken("The process that reads archives ended early.", remedy=AGAIN) from e
        if "refused" in answer:
            raise _error(answer)
        if "broken" in answer:
            raise ImportBroken(answer["broken"], remedy=AGAIN)
        return answer

    def _request(self, order: ReadingOrder) -> dict[str, Any]:
        request: dict[str, Any] = {
            "verb": "read",
            "sources": [
                {"path": str(source.path), "digest": source.digest, "name": source.name, "key": str(number)}
                for number, source in enumerate(order.sources)
            ],
            "staging": str(order.staging),
            "target": str(order.target),
            "workers": self._workers,
            "max_items": self._max_items,
            "shares": list(order.shares) if order.shares else None,
            "fail": order.fail,
            "append": order.append,
        }
        if order.labels:
            request["labels"] = {"path": str(order.labels[0]), "name": order.labels[1]}
        if order.base:
            request["base"] = str(order.base)
        return request


def _file(order: ReadingOrder, pack: dict[str, Any]) -> Any:
    return order.staging / pack["file"] if pack["file"] else None


def _error(answer: dict[str, Any]) -> ModelyardError:
    """The error that the process met; one that nobody knows is said as it is."""
    for module in (pack_errors, source_errors, kinds):
        kind = getattr(module, str(answer["refused"]), None)
        if isinstance(kind, type) and issubclass(kind, ModelyardError):
            return kind(answer["detail"], remedy=answer["remedy"])
    return ImportBroken(answer["detail"], remedy=answer["remedy"])
