"""Answers to predictions: one JSON document, or a stream of them as JSON lines or server-sent events."""

import json
from typing import Any

import orjson

from modelyard_box import messages
from modelyard_box.connection import Connection
from modelyard_box.errors import Problem
from modelyard_box.inputs import invalid_input
from modelyard_box.jobs import Job

JSON_LINES = "application/x-ndjson"
EVENTS = "text/event-stream"


class PredictionReply:
    """Hears a job's outcome and answers the client. It answers with a stream once the target yields an item."""

    def __init__(self, connection: Connection, prediction_id: str, *, as_events: bool) -> None:
        self.job: Job | None = None
        self._connection = connection
        self._id = prediction_id
        self._as_events = as_events
        self._streaming = False

    @property
    def _headers(self) -> list[tuple[str, str]]:
        return [("x-prediction-id", self._id)]

    def result(self, output: Any) -> None:
        body = b'{"output":%b,"id":"%b"}' % (output_json(output), self._id.encode())
        self._connection.respond(200, body, messages.JSON, self._headers)

    def item(self, item: Any) -> None:
        self._begin()
        self._connection.write(self._piece(b'{"output":%b}' % output_json(item)))

    def end(self) -> None:
        self._begin()
        self._close(b'{"done":true,"id":"%b"}' % self._id.encode(), "done")

    def invalid(self, errors: list[tuple[list[str | int], str]]) -> None:
        self.fail(invalid_input(errors))

    def fail(self, problem: Problem) -> None:
        if self._streaming:
            content = messages.problem_body(problem, show_traceback=self._connection.show_traceback)
            self._close(messages.dump({"error": content, "id": self._id}), "error")
            return
        problem.headers = [*problem.headers, *self._headers]
        problem.more["id"] = self._id
        self._connection.fail(problem)

    def _begin(self) -> None:
        if self._streaming:
            return
        self._streaming = True
        self._connection.start_stream(EVENTS if self._as_events else JSON_LINES, self._headers)
        self._connection.on_writable = self._pace

    def _pace(self, writable: bool) -> None:
        """Holds the worker back while the client is slower."""
        if self.job is not None and self.job.worker is not None:
            self.job.worker.pause(not writable)

    def _close(self, content: bytes, event: str) -> None:
        self._pace(True)
        self._connection.write(self._piece(content, event))
        self._connection.finish()

    def _piece(self, content: bytes, event: str = "") -> bytes:
        if not self._as_events:
            return content + b"\n"
        name = b"event: %b\n" % event.encode() if event else b""
        return b"%bdata: %b\n\n" % (name, content)


def output_json(value: Any) -> bytes:
    """JSON of plain values. NaN and the infinities become null."""
    try:
        return orjson.dumps(value)
    except TypeError:  # integers beyond 64 bits, lone surrogates, depths that orjson does not write
        return json.dumps(value, separators=(",", ":")).encode()
