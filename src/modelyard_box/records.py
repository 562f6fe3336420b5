"""What the platform may know of each prediction: noted in passing, kept in bounded memory until it is fetched."""

import hashlib
import time
from collections import deque
from typing import Any

import orjson

from modelyard_box.errors import Problem
from modelyard_box.jobs import Job, Reply

CLIENT_LEFT = 499  # as nginx logs it
_LARGEST_KEPT = 1 << 16  # bytes of inputs, and of output, that are kept with a record
_MOST_BYTES = 16 << 20  # of inputs and outputs in all records
_MOST_AT_ONCE = 2000
_LARGEST_ANSWER = 2 << 20


class Records:
    """The records that nobody fetched yet, at most ``limit``; the oldest go first when there are more.

    Each has a number, rising from 1. Who fetches says up to which number it has stored them; those are forgotten.
    ``keep_inputs`` is for whoever fetches to say, too: without it neither inputs nor outputs are in a record.
    """

    def __init__(self, limit: int, *, keep_inputs: bool) -> None:
        self.keep_inputs = keep_inputs
        self.dropped = 0
        self._limit = limit
        self._last = 0
        self._bytes = 0
        self._waiting: deque[dict[str, Any]] = deque()

    def note(self, prediction_id: str, began: float, status: int, inputs: Any, output: Any) -> None:
        """``began`` is on ``time.monotonic``; ``inputs`` are as they were asked, ``output`` None when there is none."""
        text = _json(inputs)
        record: dict[str, Any] = {
            "id": prediction_id,
            "seconds": time.monotonic() - began,
            "status": status,
            "bytes": len(text),
            "digest": hashlib.sha256(text).hexdigest(),
        }
        if self.keep_inputs:
            self._keep(record, "inputs", text)
            self._keep(record, "output", b"" if output is None else _json(output))
        self._waiting.append(record)
        self._last += 1
        while len(self._waiting) > self._limit or self._bytes > _MOST_BYTES:
            self._forget()
            self.dropped += 1

    def fetch(self, stored: int) -> dict[str, Any]:
        """The oldest records after number ``stored``, which with all before it is forgotten; ``last`` is theirs.

        ``more`` says whether others wait. ``dropped`` counts those that were lost since the box began.
        """
        while self._waiting and self._last - len(self._waiting) < stored:
            self._forget()
        first = self._last - len(self._waiting)
        records: list[dict[str, Any]] = []
        size = 0
        for record in self._waiting:
            size += 300 + _weight(record)
            if records and (len(records) == _MOST_AT_ONCE or size > _LARGEST_ANSWER):
                break
            records.append(record)
        more = len(records) < len(self._waiting)
        return {"last": first + len(records), "more": more, "dropped": self.dropped, "records": records}

    def _keep(self, record: dict[str, Any], name: str, text: bytes) -> None:
        if 0 < len(text) <= _LARGEST_KEPT:
            record[name] = text.decode()
            self._bytes += len(text)

    def _forget(self) -> None:
        self._bytes -= _weight(self._waiting.popleft())


class RecordedReply:
    """Notes how a prediction ended, after its client was answered."""

    __slots__ = ("_began", "_id", "_inputs", "_records", "_reply", "_streamed")

    def __init__(self, records: Records, reply: Reply, prediction_id: str, inputs: Any) -> None:
        self._records = records
        self._reply = reply
        self._id = prediction_id
        self._inputs = inputs
        self._began = time.monotonic()
        self._streamed = False

    def result(self, output: Any) -> None:
        self._reply.result(output)
        self._note(200, output)

    def item(self, item: Any) -> None:
        self._reply.item(item)

    def end(self) -> None:
        self._reply.end()
        self._note(200, None)

    def invalid(self, errors: list[tuple[list[str | int], str]]) -> None:
        self._reply.invalid(errors)
        self._note(422, None)

    def fail(self, problem: Problem) -> None:
        self._reply.fail(problem)
        self._note(problem.status, None)

    def left(self) -> None:
        """The client left before there was an answer."""
        self._note(CLIENT_LEFT, None)

    def _note(self, status: int, output: Any) -> None:
        self._records.note(self._id, self._began, status, self._inputs, output)


def tell_left(job: Job) -> None:
    """To be called when a job is called off, which its reply does not hear otherwise."""
    if isinstance(job.reply, RecordedReply):
        job.reply.left()


def _json(value: Any) -> bytes:
    """JSON with sorted keys, so that equal inputs have equal digests; an uploaded file stands as its own digest."""
    try:
        return orjson.dumps(value, default=_uploaded, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # numbers beyond 64 bits, lone surrogates
        return repr(value).encode(errors="replace")


def _uploaded(value: Any) -> dict[str, str]:
    return {"sha256": hashlib.sha256(value).hexdigest()}


def _weight(record: dict[str, Any]) -> int:
    return len(record.get("inputs", "")) + len(record.get("output", ""))
