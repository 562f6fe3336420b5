"""Cog's predictions: the object that describes one, and its stream of events."""

import time
from datetime import UTC, datetime
from typing import Any

from modelyard_box import messages
from modelyard_box.connection import Connection
from modelyard_box.errors import Problem
from modelyard_box.inputs import invalid_input
from modelyard_box.jobs import Job
from modelyard_box.replies import EVENTS, output_json
from modelyard_box.requests import Request
from modelyard_box.surfaces.answers import Whole
from modelyard_box.surfaces.files import DataUris

_MOST_KEPT = 100_000


class Prediction:
    """One that runs, and everyone who waits for it: who asks again with the same id is not predicted for again."""

    def __init__(self, prediction_id: str, given: Any) -> None:
        self.id = prediction_id
        self.given = given
        self.created = datetime.now(UTC)
        self.waiting: dict[Request, Connection] = {}
        self.reply: Whole | None = None
        self._began = time.monotonic()

    def envelope(self, status: str, output: bytes, error: str | None) -> bytes:
        """The prediction object; ``output`` is JSON."""
        now = datetime.now(UTC)
        told: dict[str, Any] = {
            "id": self.id,
            "status": status,
            "created_at": self.created.isoformat(),
            "started_at": self.created.isoformat(),
            "completed_at": now.isoformat(),
            "logs": "",
            "error": error,
            "metrics": {"predict_time": round(time.monotonic() - self._began, 6)},
        }
        return b'{"input":%b,"output":%b,%b' % (output_json(self.given), output, messages.dump(told)[1:])


class EventReply:
    """Tells the events ``start``, ``output`` for each item of a stream or for the whole, and ``completed``."""

    def __init__(
        self, connection: Connection, prediction: Prediction, headers: messages.Headers, files: DataUris
    ) -> None:
        self.job: Job | None = None
        self._connection = connection
        self._prediction = prediction
        self._headers = headers
        self._files = files
        self._items: list[Any] = []
        self._begun = False

    def result(self, output: Any) -> None:
        self._output(output)
        self._complete("succeeded", self._items[0], None)

    def item(self, item: Any) -> None:
        self._output(item)

    def end(self) -> None:
        self._begin()
        self._complete("succeeded", self._items, None)

    def invalid(self, errors: list[tuple[list[str | int], str]]) -> None:
        self.fail(invalid_input(errors))

    def fail(self, problem: Problem) -> None:
        self._begin()
        self._complete("failed", None, problem.detail)

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        self._connection.start_stream(EVENTS, self._headers)
        self._connection.on_writable = self._pace
        self._send("start", messages.dump({"id": self._prediction.id, "status": "processing"}))

    def _output(self, item: Any) -> None:
        self._begin()
        item = self._files.convert(item)
        self._send("output", b'{"chunk":%b,"index":%d}' % (output_json(item), len(self._items)))
        if len(self._items) < _MOST_KEPT:
            self._items.append(item)

    def _complete(self, status: str, output: Any, error: str | None) -> None:
        self._pace(True)
        self._send("completed", self._prediction.envelope(status, output_json(output), error))
        self._connection.finish()

    def _send(self, event: str, data: bytes) -> None:
        self._connection.write(b"event: %b\ndata: %b\n\n" % (event.encode(), data))

    def _pace(self, writable: bool) -> None:
        """Holds the worker back while the client is slower."""
        if self.job is not None and self.job.worker is not None:
            self.job.worker.pause(not writable)
