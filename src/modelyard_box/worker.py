"""The worker process: the user's code, called from the main thread for one call, or one batch of calls, after another.

Everything of ours is imported here, before the user's source and packages come onto the path, and is standard library
only: whatever they pin or lack cannot disturb it. Standard output and error are the container's log.
"""

import contextlib
import ctypes
import faulthandler
import marshal
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from modelyard_box import frames
from modelyard_box.calling import Caller
from modelyard_box.config import ConfigError, load_box
from modelyard_box.errors import LoadError, Mismatch
from modelyard_box.loading import Loaded, enable_paths, load_target
from modelyard_box.outgoing import UnserialisableError
from modelyard_box.reasons import code_reason, user_traceback

_PR_SET_PDEATHSIG = 1
_RECEIVE = 1 << 16
_SMALL = 1 << 16

Call = tuple[int, str, dict[str, Any]]
"""Job, prediction id, inputs."""
Answer = tuple[int, int, Any]
"""Job, the kind of frame that ``frames`` describes, content."""


def main() -> int:
    """Loads the target, says so, and answers calls until the server is gone."""
    faulthandler.enable()
    _die_with_parent()
    channel = Channel(socket.socket(fileno=frames.CHANNEL_FD))
    started = time.monotonic()
    try:
        loaded = _load()
    except LoadError as error:
        channel.send(frames.LOAD_FAILED, 0, _load_failure(error))
        return 1
    caller = Caller(loaded)
    seconds = round(time.monotonic() - started, 3)
    channel.send(frames.READY, 0, {"load_seconds": seconds, "notes": loaded.notes, "batch": caller.batch})
    answer_calls(channel, caller)
    return 0


def _load() -> Loaded:
    try:
        box = load_box()
    except ConfigError as error:
        raise LoadError(str(error)) from error
    enable_paths(box)
    return load_target(box)


def answer_calls(channel: "Channel", caller: Caller) -> None:
    """Answers the calls of each frame in the order they came, before the next: the server relies on that order."""
    home = os.getpid()
    while (calls := channel.next_calls()) is not None:
        try:
            answers = _answer_together(caller, calls) if len(calls) > 1 else None
            for call in () if answers else calls:
                answer = _answer(channel, caller, *call)
                caller.finish()
                if os.getpid() == home:
                    channel.answer([answer])
        finally:
            caller.finish()
        if os.getpid() != home:
            os._exit(0)  # the user's code forked, and this is the child, which has no business here
        if answers:
            channel.answer(answers)


def _answer_together(caller: Caller, calls: list[Call]) -> list[Answer] | None:
    """Answers to all, by as few calls of the target as can be; None when each has to be tried by itself."""
    outcomes = caller.call_together([inputs for _, _, inputs in calls])
    if outcomes is None:
        return None
    pairs = zip(calls, outcomes, strict=True)
    return [(call[0], *_outcome(outcome)) for call, outcome in pairs]


def _outcome(outcome: Any) -> tuple[int, Any]:
    if isinstance(outcome, Mismatch):
        return frames.INVALID, [(outcome.path, outcome.detail)]
    return frames.RESULT, outcome


def _answer(channel: "Channel", caller: Caller, job: int, prediction_id: str, inputs: dict[str, Any]) -> Answer:
    """What ends the call."""
    try:
        result = caller.call(inputs)
        if isinstance(result, Iterator):
            return _stream(channel, job, result)
        return job, frames.RESULT, result
    except Mismatch as error:
        return job, frames.INVALID, [(error.path, error.detail)]
    except UnserialisableError as error:
        return job, frames.FAILED, {"code": "result-not-serialisable", "detail": str(error)}
    except BaseException as error:
        return job, frames.FAILED, _call_failure(error, prediction_id)


def _stream(channel: "Channel", job: int, items: Iterator[Any]) -> Answer:
    for item in items:
        channel.send(frames.ITEM, job, item)
        if channel.is_cancelled(job):
            break
    return job, frames.END, None


class Channel:
    """The worker's end. A forked child of the user's code loses it at once, so that only the worker ever speaks."""

    def __init__(self, connection: socket.socket) -> None:
        connection.set_inheritable(False)
        os.register_at_fork(after_in_child=connection.close)
        self._connection = connection
        self._reader = frames.FrameReader()
        self._frames: deque[bytes] = deque()
        self._cancelled: set[int] = set()

    def next_calls(self) -> list[Call] | None:
        """The calls of the next frame, waiting for it; None when the server is gone."""
        while not self._frames:
            try:
                data = self._connection.recv(_RECEIVE)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._sort(data)
        calls: list[Call] = marshal.loads(self._frames.popleft())  # noqa: S302 (from our own server process)
        self._cancelled = {number for number in self._cancelled if number >= calls[0][0]}
        return calls

    def is_cancelled(self, job: int) -> bool:
        """Whether the server has said that nobody reads the job's stream any more. Does not wait."""
        with contextlib.suppress(BlockingIOError):
            self._sort(self._connection.recv(_RECEIVE, socket.MSG_DONTWAIT))
        return job in self._cancelled

    def answer(self, answers: list[Answer]) -> None:
        """Says how calls ended."""
        payload = marshal.dumps(answers)
        if len(payload) > frames.MAX_PAYLOAD:
            said = {"code": "result-too-large", "detail": f"the result has {len(payload)} bytes"}
            payload = marshal.dumps([(job, frames.FAILED, said) for job, _, _ in answers])
        self._write(frames.ANSWERS, 0, payload)

    def send(self, kind: int, job: int, content: Any) -> None:
        """Writes one frame, waiting while the server is slower."""
        self._write(kind, job, marshal.dumps(content))

    def _write(self, kind: int, job: int, payload: bytes) -> None:
        header = frames.pack_header(kind, job, len(payload))
        if len(payload) < _SMALL:
            self._connection.sendall(header + payload)
        else:
            self._connection.sendall(header)
            self._connection.sendall(payload)

    def _sort(self, data: bytes) -> None:
        for kind, job, payload in self._reader.feed(data):
            if kind == frames.CALLS:
                self._frames.append(payload)
            else:
                self._cancelled.add(job)


def _load_failure(error: LoadError) -> dict[str, Any]:
    cause = error.__cause__ or error
    text = user_traceback(cause)
    print(f"the model cannot be loaded: {error.reason}\n{text}", end="", file=sys.stderr, flush=True)
    found = {"reason": error.reason, "field": error.field, "type": type(cause).__name__, "traceback": text}
    return {key: value for key, value in found.items() if value is not None}


def _call_failure(error: BaseException, prediction_id: str) -> dict[str, Any]:
    text = user_traceback(error)
    print(f"prediction {prediction_id} failed\n{text}", end="", file=sys.stderr, flush=True)
    code = "out-of-memory" if isinstance(error, MemoryError) else "prediction-failed"
    return {"code": code, "detail": code_reason(error), "type": type(error).__name__, "traceback": text}


def _die_with_parent() -> None:
    """Asks Linux to kill this process when the server dies, however that happens."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        return  # not Linux: the channel's end is noticed when the current call is over
