"""The server's end of the channel to one worker: what it runs, what it says, how it ended."""

import asyncio
import marshal
import socket
from collections import deque
from itertools import islice
from typing import Any, Protocol

from modelyard_box import frames
from modelyard_box.errors import Problem
from modelyard_box.jobs import Job
from modelyard_box.spawn import kill_worker

_LAST_WORDS_S = 1.0  # how long a dead worker's channel may stay open: a process that it forked may hold it
_SMOOTHING = 0.1
_RECEIVE = 1 << 16
_MOST_BUFFERS = 64
_BATCH_S = 0.002  # calls that together last this long may wait inside one worker; longer ones wait in the queue
_MOST_IN_FLIGHT = 64


class Owner(Protocol):
    """Who hears what a worker does."""

    def worker_ready(self, report: dict[str, Any]) -> None:
        """The model is loaded; ``report`` has ``load_seconds`` and ``notes``."""

    def worker_has_room(self) -> None:
        """Calls were answered."""

    def worker_silent(self) -> None:
        """A worker has closed its channel, and is ending or being killed."""

    def worker_gone(self, worker: "WorkerChannel", status: int | None) -> None:
        """The worker has ended, with this ``waitpid`` status, and all it said was heard."""


class WorkerChannel:
    """``jobs`` are in the order in which the worker runs them: the first is running since ``since``.

    It reads and writes the socket itself: a transport would throw away what a dead worker has said last when it
    finds, while writing, that the worker is dead; and who was answered must be known exactly.
    """

    def __init__(self, owner: Owner, pid: int, connection: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self.pid = pid
        self.jobs: deque[Job] = deque()
        self.ready = False
        self.was_used = False
        self.since = loop.time()
        self.paused = False
        self.verdict: Problem | None = None
        self.load_report: dict[str, Any] | None = None
        self._owner = owner
        self._loop = loop
        self._reader = frames.FrameReader()
        self._connection = connection
        self._outgoing: deque[bytes | memoryview] = deque()
        self._flushing = False
        self._pace: float | None = None
        self._depth = 1
        self._streams = False
        self._status: int | None = None
        self._exited = False
        self._silent = False
        self._gone = False
        connection.setblocking(False)
        loop.add_reader(connection.fileno(), self._readable)

    @property
    def is_ending(self) -> bool:
        """Whether its channel is closed while its process is not gone yet."""
        return self._silent and not self._exited

    @property
    def has_room(self) -> bool:
        return self.ready and self.verdict is None and not self._exited and len(self.jobs) < self._depth

    def give(self, job: Job) -> None:
        """Sends a call. The worker must have room."""
        if not self.jobs:
            self.since = self._loop.time()
        job.worker = self
        self.was_used = True
        self.jobs.append(job)
        self._write(frames.pack_header(frames.CALL, job.number, len(job.payload)))
        self._write(job.payload)

    def cancel(self, job: Job) -> None:
        """Nobody waits for the job any more; only a stream takes notice."""
        self.pause(False)
        self._write(frames.pack_header(frames.CANCEL, job.number, 0))

    def pause(self, on: bool) -> None:
        """Stops or resumes reading, when the reader of a stream is slower than the worker."""
        if on == self.paused or self._silent:
            return
        self.paused = on
        if on:
            self._loop.remove_reader(self._connection.fileno())
        else:
            self.since = self._loop.time()
            self._loop.add_reader(self._connection.fileno(), self._readable)

    def kill(self, verdict: Problem | None = None) -> None:
        """Kills the worker and what it started; ``verdict`` is what its running job is told."""
        self.verdict = self.verdict or verdict
        kill_worker(self.pid)

    def exited(self, status: int) -> None:
        """The process is gone; its last words may still be on their way."""
        self._exited = True
        self._status = status
        self.pause(False)
        kill_worker(self.pid)  # what is left of its process group
        self._conclude()
        self._loop.call_later(_LAST_WORDS_S, self._conclude, True)

    def _write(self, data: bytes) -> None:
        """Writes when this turn of the event loop is over, together with what else came in it."""
        self._outgoing.append(data)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._silent:
            return
        try:
            while self._outgoing:
                self._sent(self._connection.sendmsg(islice(self._outgoing, _MOST_BUFFERS)))
        except BlockingIOError:
            self._flushing = True
            self._loop.add_writer(self._connection.fileno(), self._writable)
        except OSError:  # it is dead or dying, which reading will find out once its last words are heard
            return

    def _sent(self, size: int) -> None:
        outgoing = self._outgoing
        while size:
            first = outgoing[0]
            if len(first) > size:
                outgoing[0] = memoryview(first)[size:]
                return
            size -= len(first)
            outgoing.popleft()

    def _writable(self) -> None:
        self._loop.remove_writer(self._connection.fileno())
        self._flush()

    def _readable(self) -> None:
        try:
            data = self._connection.recv(_RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._received(data)
        else:
            self._lost()

    def _received(self, data: bytes) -> None:
        before = len(self.jobs)
        for kind, job, payload in self._reader.feed(data):
            self._handle(kind, job, payload)
        self._measure(before - len(self.jobs))
        self._owner.worker_has_room()

    def _lost(self) -> None:
        self._silence()
        if self._exited:
            self._conclude()
            return
        kill_worker(self.pid)
        self._owner.worker_silent()

    def _silence(self) -> None:
        if self._silent:
            return
        self._silent = True
        self._loop.remove_reader(self._connection.fileno())
        self._loop.remove_writer(self._connection.fileno())
        self._connection.close()

    def _conclude(self, now: bool = False) -> None:
        if self._gone or not (self._exited and (self._silent or now)):
            return
        self._gone = True
        self._silence()
        self._owner.worker_gone(self, self._status)

    def _measure(self, finished: int) -> None:
        """Learns the pace from how long the finished calls took together."""
        if finished <= 0:
            return
        now = self._loop.time()
        pace = (now - self.since) / finished
        self.since = now
        if self._streams:  # streams last: nothing shall wait behind one while another worker is free
            self._depth = 1
            return
        self._pace = pace if self._pace is None else self._pace + _SMOOTHING * (pace - self._pace)
        self._depth = depth_for(self._pace)

    def _handle(self, kind: int, number: int, payload: bytes) -> None:
        if kind == frames.READY:
            self.ready = True
            self._owner.worker_ready(marshal.loads(payload))  # noqa: S302 (from our own worker)
        elif kind == frames.LOAD_FAILED:
            self.load_report = marshal.loads(payload)  # noqa: S302
        elif self.jobs and self.jobs[0].number == number:
            self._answer(kind, payload)

    def _answer(self, kind: int, payload: bytes) -> None:
        job = self.jobs[0]
        if kind == frames.ITEM:
            self.since = self._loop.time()
            self._streams = True
            if not job.cancelled:
                job.reply.item(payload)
            return
        self.jobs.popleft()
        if not job.cancelled:
            _FINISH[kind](job.reply, payload)


def depth_for(seconds_per_call: float | None) -> int:
    """How many calls a worker may hold. One until its pace is known, and always one when it is slow.

    What a worker holds can no longer be dropped or given to another, so the sum of it is kept to 2 ms.
    """
    if not seconds_per_call:
        return 1
    return max(1, min(_MOST_IN_FLIGHT, int(_BATCH_S / seconds_per_call)))


def _failure(payload: bytes) -> Problem:
    found = marshal.loads(payload)  # noqa: S302
    detail, traceback = found["detail"], found.get("traceback")
    return Problem(500, found["code"], detail, exception=found.get("type"), traceback=traceback)


_FINISH: dict[int, Any] = {
    frames.RESULT: lambda reply, payload: reply.result(payload),
    frames.END: lambda reply, payload: reply.end(),
    frames.INVALID: lambda reply, payload: reply.invalid(marshal.loads(payload)),  # noqa: S302
    frames.FAILED: lambda reply, payload: reply.fail(_failure(payload)),
}
