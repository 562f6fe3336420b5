"""The worker process: the user's code, called from the main thread for one frame after another.

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
import traceback
from collections import deque
from collections.abc import Iterator
from typing import Any

from modelyard_box import frames
from modelyard_box.calling import Caller
from modelyard_box.config import ConfigError, load_box
from modelyard_box.errors import LoadError, Mismatch
from modelyard_box.loading import Loaded, enable_paths, load_target
from modelyard_box.outgoing import UnserialisableError
from modelyard_box.reasons import code_reason

_PR_SET_PDEATHSIG = 1
_RECEIVE = 1 << 16
_SMALL = 1 << 16


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
    channel.send(frames.READY, 0, {"load_seconds": round(time.monotonic() - started, 3), "notes": loaded.notes})
    answer_calls(channel, Caller(loaded))
    return 0


def _load() -> Loaded:
    try:
        box = load_box()
    except ConfigError as error:
        raise LoadError(str(error)) from error
    enable_paths(box)
    return load_target(box)


def answer_calls(channel: "Channel", caller: Caller) -> None:
    """Answers each call in the order it came, before the next begins: the server relies on that order."""
    home = os.getpid()
    while (call := channel.next_call()) is not None:
        job, (prediction_id, inputs) = call
        try:
            kind, payload = _answer(channel, caller, job, prediction_id, inputs)
        finally:
            caller.finish()
        if os.getpid() != home:
            os._exit(0)  # the user's code forked, and this is the child, which has no business here
        channel.send(kind, job, payload)


def _answer(channel: "Channel", caller: Caller, job: int, prediction_id: str, inputs: dict[str, Any]) -> Any:
    """The kind and payload of the frame that ends the call."""
    try:
        result = caller.call(inputs)
        if isinstance(result, Iterator):
            return _stream(channel, job, result)
        return frames.RESULT, result
    except Mismatch as error:
        return frames.INVALID, [(error.path, error.detail)]
    except UnserialisableError as error:
        return frames.FAILED, {"code": "result-not-serialisable", "detail": str(error)}
    except BaseException as error:
        return frames.FAILED, _call_failure(error, prediction_id)


def _stream(channel: "Channel", job: int, items: Iterator[Any]) -> tuple[int, None]:
    for item in items:
        channel.send(frames.ITEM, job, item)
        if channel.is_cancelled(job):
            break
    return frames.END, None


class Channel:
    """The worker's end. A forked child of the user's code loses it at once, so that only the worker ever speaks."""

    def __init__(self, connection: socket.socket) -> None:
        connection.set_inheritable(False)
        os.register_at_fork(after_in_child=connection.close)
        self._connection = connection
        self._reader = frames.FrameReader()
        self._calls: deque[tuple[int, bytes]] = deque()
        self._cancelled: set[int] = set()

    def next_call(self) -> tuple[int, Any] | None:
        """The next call, waiting for it; None when the server is gone."""
        while not self._calls:
            try:
                data = self._connection.recv(_RECEIVE)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._sort(data)
        job, payload = self._calls.popleft()
        self._cancelled = {number for number in self._cancelled if number >= job}
        return job, marshal.loads(payload)  # noqa: S302 (from our own server process)

    def is_cancelled(self, job: int) -> bool:
        """Whether the server has said that nobody reads the job's stream any more. Does not wait."""
        with contextlib.suppress(BlockingIOError):
            self._sort(self._connection.recv(_RECEIVE, socket.MSG_DONTWAIT))
        return job in self._cancelled

    def send(self, kind: int, job: int, content: Any) -> None:
        """Writes one frame, waiting while the server is slower."""
        payload = marshal.dumps(content)
        if len(payload) > frames.MAX_PAYLOAD:
            kind = frames.FAILED
            payload = marshal.dumps({"code": "result-too-large", "detail": f"the result has {len(payload)} bytes"})
        header = frames.pack_header(kind, job, len(payload))
        if len(payload) < _SMALL:
            self._connection.sendall(header + payload)
        else:
            self._connection.sendall(header)
            self._connection.sendall(payload)

    def _sort(self, data: bytes) -> None:
        for kind, job, payload in self._reader.feed(data):
            if kind == frames.CALL:
                self._calls.append((job, payload))
            else:
                self._cancelled.add(job)


def _load_failure(error: LoadError) -> dict[str, Any]:
    cause = error.__cause__ or error
    text = _user_traceback(cause)
    print(f"the model cannot be loaded: {error.reason}\n{text}", end="", file=sys.stderr, flush=True)
    found = {"reason": error.reason, "field": error.field, "type": type(cause).__name__, "traceback": text}
    return {key: value for key, value in found.items() if value is not None}


def _call_failure(error: BaseException, prediction_id: str) -> dict[str, Any]:
    text = _user_traceback(error)
    print(f"prediction {prediction_id} failed\n{text}", end="", file=sys.stderr, flush=True)
    code = "out-of-memory" if isinstance(error, MemoryError) else "prediction-failed"
    return {"code": code, "detail": code_reason(error), "type": type(error).__name__, "traceback": text}


def _user_traceback(error: BaseException) -> str:
    """The traceback without the box's own frames at its start."""
    ours = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    traceback.clear_frames(error.__traceback__)  # what filled the memory is held by them, and a report needs some
    report = traceback.TracebackException.from_exception(error)
    while report.stack and report.stack[0].filename.startswith(ours):
        del report.stack[0]
    return "".join(report.format())


def _die_with_parent() -> None:
    """Asks Linux to kill this process when the server dies, however that happens."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        return  # not Linux: the channel's end is noticed when the current call is over
