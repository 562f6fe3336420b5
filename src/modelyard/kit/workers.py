"""Processes of our own that read what strangers made, so that a decoder's fault or appetite is not the server's.

A worker is ``python -I -m <module>`` with an empty environment. It bounds itself before it reads anything, answers one
JSON request after the other (a line each), and ends when nobody asks any more. The module calls ``serve``.
"""

import json
import resource
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

IDLE_S = 60
NOTE = "note"
"""The one key of an answer that is not the last."""

MAX_ANSWER = 32 * 1024**2
RENEWED_AFTER_S = IDLE_S - 10
"""A worker that nobody asked for so long may be about to end: another takes its place."""

Request = dict[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """Bounds of one process over its whole life: address space, processor time, each file that it writes."""

    memory_bytes: int = 2 * 1024**3
    cpu_seconds: int = 300
    file_bytes: int = 0
    open_files: int = 64


class WorkerFailed(Exception):
    """The process passed a bound, died, or did not answer in time; whatever it read is to blame."""


class Worker:
    """One process, for one caller at a time."""

    def __init__(self, module: str, limits: WorkerLimits) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", module, json.dumps(asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
        )
        self._busy_s, self._busy_until = 0.0, time.monotonic()
        self._most_busy_s = limits.cpu_seconds / 2

    def ask(self, request: Request, *, timeout: float, on_note: Callable[[Any], None] = lambda _: None) -> Answer:
        """Blocks until it has answered. Raises ``WorkerFailed`` when nothing came for ``timeout`` seconds, or it ended;
        it is gone then, as it is when ``on_note``, which is told each ``note``, raises."""
        begun = time.monotonic()
        try:
            self._send(request)
            while NOTE in (answer := self._receive(timeout)):
                on_note(answer[NOTE])
            return answer
        except (OSError, ValueError) as e:
            self.close()
            raise WorkerFailed("it ended before it had answered") from e
        except BaseException:
            self.close()
            raise
        finally:
            self._busy_until = time.monotonic()
            self._busy_s += self._busy_until - begun

    def is_fresh(self) -> bool:
        """Whether it runs and is not about to end, for want of requests or because of its limits."""
        is_rested = time.monotonic() - self._busy_until < RENEWED_AFTER_S
        return is_rested and self._busy_s < self._most_busy_s and self._process.poll() is None

    def close(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was still to be written has no reader any more
                    pipe.close()
        self._process.wait()

    def _send(self, request: Request) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()

    def _receive(self, timeout: float) -> Answer:
        assert self._process.stdout is not None
        clock = threading.Timer(timeout, self._process.kill)
        clock.start()
        try:
            line = self._process.stdout.readline(MAX_ANSWER)
        finally:
            clock.cancel()
        if not line.endswith(b"\n"):
            raise ValueError("no whole answer")
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise ValueError("an answer is an object")
        return answer


class WorkerPool:
    """At most ``size`` workers, which stay for a while, each for one key: what one stranger sent is never read by a
    process that read what another did."""

    def __init__(self, module: str, limits: WorkerLimits, *, size: int) -> None:
        self._module, self._limits, self._size = module, limits, size
        self._idle: list[tuple[str, Worker]] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(size)
        self._busy = 0

    def ask(
        self, key: str, request: Request, *, timeout: float, on_note: Callable[[Any], None] = lambda _: None
    ) -> Answer:
        """As ``Worker.ask``, by a worker of the key, which is started where none is idle; waits for its turn."""
        with self._places:
            worker = self._take(key)
            used = None
            try:
                worker = worker or Worker(self._module, self._limits)
                answer = worker.ask(request, timeout=timeout, on_note=on_note)
                used = (key, worker)
            finally:
                self._give_back(used)
            return answer

    def close(self) -> None:
        """Ends the idle ones; those at work end when nobody asks them any more."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, worker in idle:
            worker.close()

    def _take(self, key: str) -> Worker | None:
        """An idle worker of the key, if there is one; room is made where there is none."""
        with self._lock:
            kept = [each for each in self._idle if each[1].is_fresh()]
            left = [each for each in self._idle if each not in kept]
            own = next((each for each in reversed(kept) if each[0] == key), None)
            if own:
                kept.remove(own)
            elif len(kept) + self._busy >= self._size:
                left.append(kept.pop(0))
            self._idle = kept
            self._busy += 1
        for _, worker in left:
            worker.close()
        return own[1] if own else None

    def _give_back(self, used: tuple[str, Worker] | None) -> None:
        with self._lock:
            self._busy -= 1
            self._idle += [used] if used else []


def serve(handle: Callable[[Request], Answer]) -> None:
    """The life of a worker's process: ``handle`` answers each request; what it raises ends the process."""
    _bound(WorkerLimits(**json.loads(sys.argv[1])))
    while select.select([sys.stdin.buffer], [], [], IDLE_S)[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        _write(handle(json.loads(line)))


def note(said: Any) -> None:
    """For ``handle``: tells who asked how far the work is."""
    _write({NOTE: said})


def _write(answer: Answer) -> None:
    sys.stdout.buffer.write(json.dumps(answer, allow_nan=False).encode() + b"\n")
    sys.stdout.buffer.flush()


def _bound(limits: WorkerLimits) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
