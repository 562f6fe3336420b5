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
_AHEAD_S = 0.002  # calls that together last this long may wait inside one worker; longer ones wait in the queue
_AHEAD_BATCH_S = 0.01  # a batch quicker than this may wait behind another; after a longer one a new one is made up
_MOST_IN_FLIGHT = 64


class Owner(Protocol):
    """Who hears what a worker does."""

    def worker_ready(self, report: dict[str, Any]) -> None:
        """The model is loaded; ``report`` has ``load_seconds``, ``notes`` and ``batch``."""

    def worker_has_room(self) -> None:
        """Calls were answered."""

    def worker_silent(self) -> None:
        """A worker has closed its channel, and is ending or being killed."""

    def worker_gone(self, worker: "WorkerChannel", status: int | None) -> None:
        """The worker has ended, with this ``waitpid`` status, and all it said was heard."""


class WorkerChannel:
    """``jobs`` are in the order in which the worker runs them: the first is running since ``since``.

    Jobs that are given together to a worker that takes batches (``most_in_batch`` > 1) may be run by one call.

    It reads and writes the socket itself: a transport would throw away what a dead worker has said last when it
    finds, while writing, that the worker is dead; and who was answered must be known exactly.
    """

    def __init__(self, owner: Owner, pid: int, connection: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self.pid = pid
        self.jobs: deque[Job] = deque()
        self.ready = False
        self.was_used = False
        self.most_in_batch = 1
        self.batch_wait_s = 0.0
        self.since = loop.time()
        self.paused = False
        self.verdict: Problem | None = None
        self.load_report: dict[str, Any] | None = None
        self._owner = owner
        self._loop = loop
        self._reader = frames.FrameReader()
        self._connection = connection
        self._outgoing: deque[bytes | memoryview] = deque()
        self._blocked = False
        self._pace: float | None = None
        self._depth = 1
        self._groups = 0
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
    def room(self) -> int:
        """How many jobs may be given now, together."""
        if not self.ready or self.verdict is not None or self._exited:
            return 0
        if self.most_in_batch > 1:
            return self.most_in_batch if self._groups < self._depth else 0
        return max(0, self._depth - len(self.jobs))

    def give(self, jobs: list[Job]) -> None:
        """Sends calls, all at once. The worker must have room for them."""
        if not self.jobs:
            self.since = self._loop.time()
        self.was_used = True
        self._groups += 1
        self.jobs += jobs
        for job in jobs:
            job.worker = self
            job.group = jobs
        payload = marshal.dumps([(job.number, job.id, job.inputs) for job in jobs])
        self._write(frames.pack_header(frames.CALLS, 0, len(payload)))
        self._write(payload)
        self._flush()

    def cancel(self, job: Job) -> None:
        """Nobody waits for the job any more; only a stream takes notice."""
        self.pause(False)
        self._write(frames.pack_header(frames.CANCEL, job.number, 0))
        self._flush()

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
        self._outgoing.append(data)

    def _flush(self) -> None:
        """Writes what it can; the rest once the worker has read more."""
        if self._silent or self._blocked:
            return
        try:
            while self._outgoing:
                self._sent(self._connection.sendmsg(islice(self._outgoing, _MOST_BUFFERS)))
        except BlockingIOError:
            self._blocked = True
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
        self._blocked = False
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
        """Makes room and gives more before it answers, so that the worker is busy meanwhile."""
        finished: list[tuple[Job, int, Any]] = []
        for kind, number, payload in self._reader.feed(data):
            self._handle(kind, number, payload, finished)
        self._measure(len(finished))
        self._owner.worker_has_room()
        for job, kind, content in finished:
            reply, job.reply = job.reply, None  # they know each other: so the collector need not find them
            if not job.cancelled:
                _FINISH[kind](reply, content)

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
        taken = now - self.since
        self.since = now
        if self._streams:  # streams last: nothing shall wait behind one while another worker is free
            self._depth = 1
            return
        pace = taken if self.most_in_batch > 1 else taken / finished
        self._pace = pace if self._pace is None else self._pace + _SMOOTHING * (pace - self._pace)
        if self.most_in_batch > 1:
            self._depth = 2 if self._pace < _AHEAD_BATCH_S else 1
        else:
            self._depth = depth_for(self._pace)

    def _handle(self, kind: int, number: int, payload: bytes, finished: list[tuple[Job, int, Any]]) -> None:
        if kind == frames.ANSWERS:
            for answered, how, content in marshal.loads(payload):  # noqa: S302 (from our own worker)
                if self.jobs and self.jobs[0].number == answered:
                    finished.append((self._finished(), how, content))
        elif kind == frames.READY:
            report = marshal.loads(payload)  # noqa: S302
            self.ready = True
            if report["batch"]:
                self.most_in_batch, self.batch_wait_s = report["batch"]
            self._owner.worker_ready(report)
        elif kind == frames.LOAD_FAILED:
            self.load_report = marshal.loads(payload)  # noqa: S302
        elif kind == frames.ITEM and self.jobs and self.jobs[0].number == number:
            self._item(self.jobs[0], payload)

    def _finished(self) -> Job:
        job = self.jobs.popleft()
        job.forget_time()
        if not self.jobs or self.jobs[0].group is not job.group:
            self._groups -= 1
        return job

    def _item(self, job: Job, payload: bytes) -> None:
        self.since = self._loop.time()
        self._streams = True
        if not job.cancelled:
            job.reply.item(marshal.loads(payload))  # noqa: S302


def depth_for(seconds_per_call: float | None) -> int:
    """How many calls a worker may hold. One until its pace is known, and always one when it is slow.

    What a worker holds can no longer be dropped or given to another, so the sum of it is kept to 2 ms.
    """
    if not seconds_per_call:
        return 1
    return max(1, min(_MOST_IN_FLIGHT, int(_AHEAD_S / seconds_per_call)))


def _failure(found: dict[str, Any]) -> Problem:
    detail, traceback = found["detail"], found.get("traceback")
    return Problem(500, found["code"], detail, exception=found.get("type"), traceback=traceback)


_FINISH: dict[int, Any] = {
    frames.RESULT: lambda reply, output: reply.result(output),
    frames.END: lambda reply, _: reply.end(),
    frames.INVALID: lambda reply, errors: reply.invalid(errors),
    frames.FAILED: lambda reply, found: reply.fail(_failure(found)),
}
