"""The workers, the queue before them, and what happens when one dies, hangs or never loads its model."""

import asyncio
import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from modelyard_box.channel import WorkerChannel
from modelyard_box.config import Settings
from modelyard_box.errors import Problem
from modelyard_box.histograms import Histogram
from modelyard_box.jobs import Job
from modelyard_box.spawn import describe_exit, start_worker

_LOAD_ATTEMPTS = 3
_SLOWEST_RETRY_S = 30.0
_ENDING_POLL_S = 0.005
_IDLE_DEATH_RETRY_S = 0.5
_LARGEST_GROUP = 1 << 20  # bytes of inputs that are given to a worker at once
_BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class WorkerPool:
    """Gives jobs to workers in order of arrival.

    A dead or hung worker fails the one job it was running; jobs it had not begun go to another worker, so every job
    is answered exactly once. ``on_hopeless`` is called when no worker ever loaded the model and none will.
    """

    def __init__(self, settings: Settings, on_hopeless: Callable[[], None]) -> None:
        self._settings = settings
        self._on_hopeless = on_hopeless
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Job] = deque()
        self._workers: list[WorkerChannel] = []
        self._numbers = 0
        self._load_failures = 0
        self._closing = False
        self._dispatching = False
        self._batch_timer: asyncio.TimerHandle | None = None
        self.was_ready = False
        self.restarts = 0
        self.batch_sizes = Histogram(_BATCH_SIZES)
        self.load_failure: dict[str, Any] | None = None
        self.load_seconds: float | None = None
        self.notes: list[str] = []

    @property
    def ready_workers(self) -> int:
        return sum(worker.ready for worker in self._workers)

    @property
    def waiting(self) -> int:
        """Calls that no worker has yet."""
        return len(self._queue)

    def start(self, first: tuple[int, socket.socket]) -> None:
        """Adopts the worker that runs already and starts the others."""
        self._adopt(first)
        for _ in range(self._settings.workers - 1):
            self._start_another()
        self._loop.call_later(self._tick_s, self._tick)

    def submit(
        self, prediction_id: str, inputs: dict[str, Any], reply: Any, *, size: int = 0, within: float | None = None
    ) -> Job:
        """Queues a call; ``size`` is about that of its inputs, ``within`` the seconds that its caller waits for it.

        Calls that come in one turn of the event loop are given out together, when it is over. Raises Problem: 429 when
        the queue is full, 503 when the model does not load.
        """
        if self.load_failure is not None and not self.was_ready:
            raise load_problem(self.load_failure)
        if len(self._queue) >= self._settings.queue:
            self._dispatch()
        if len(self._queue) >= self._settings.queue:
            detail = f"{len(self._queue)} predictions are waiting already"
            raise Problem(429, "queue-full", detail, headers=[("retry-after", "1")])
        job = Job(prediction_id, inputs, reply, self._loop.time(), size)
        if within is not None:
            job.until = job.arrived + within
            job.timer = self._loop.call_later(within, self._expire, job)
        self._queue.append(job)
        if not self._dispatching:
            self._dispatching = True
            self._loop.call_soon(self._dispatch)
        return job

    def cancel(self, job: Job) -> None:
        """Drops a waiting job; a running one is finished and forgotten, and a stream is told to stop."""
        job.cancelled = True
        job.forget_time()
        if job.worker is not None:
            job.worker.cancel(job)
        elif job in self._queue:
            self._queue.remove(job)

    def close(self) -> None:
        """Kills every worker."""
        self._closing = True
        for worker in self._workers:
            worker.kill()

    def _reap(self) -> None:
        """Collects every dead child: as process 1 of a container we inherit those of others."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for worker in [worker for worker in self._workers if worker.pid == pid]:
                worker.exited(status)

    def _adopt(self, started: tuple[int, socket.socket]) -> None:
        self._workers.append(WorkerChannel(self, *started, self._loop))

    # What workers report.

    def worker_ready(self, report: dict[str, Any]) -> None:
        self._load_failures = 0
        self.was_ready = True
        self.load_failure = None
        self.load_seconds = report["load_seconds"]
        self.notes = report["notes"]
        self._dispatch()

    def worker_has_room(self) -> None:
        if self._queue:
            self._dispatch()

    def worker_silent(self) -> None:
        """Its status comes within moments; the event loop offers no signal for it."""
        self._reap()
        if any(worker.is_ending for worker in self._workers):
            self._loop.call_later(_ENDING_POLL_S, self.worker_silent)

    def worker_gone(self, worker: WorkerChannel, status: int | None) -> None:
        """The worker has ended and all it said was heard. Settles its jobs and starts another."""
        self._workers.remove(worker)
        jobs = list(worker.jobs)
        if jobs:
            jobs = self._settle(jobs, worker.verdict or _death(status), in_batches=worker.most_in_batch > 1)
        for job in reversed(jobs):
            job.worker = None
            if not job.cancelled:
                self._queue.appendleft(job)
        if not self._closing:
            self._replace(worker, status)

    def _settle(self, jobs: list[Job], verdict: Problem, *, in_batches: bool) -> list[Job]:
        """Fails the job that was running and returns those that had not begun, to be given out again.

        Of a batch nobody knows which job it was, so that each of its jobs is tried again, alone; and may wait
        for those before it, one of which will end its worker again.
        """
        first = jobs[0]
        batch = [job for job in jobs if job.group is first.group]
        if in_batches and 1 < len(batch) == len(first.group):
            for job in batch:
                job.alone = True
            self._let_wait(batch)
            return jobs
        if first.alone:
            self._let_wait(job for job in self._queue if job.alone)
        if not first.cancelled:
            _fail(first, verdict)
        return jobs[1:]

    def _let_wait(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            job.arrived = self._loop.time() + self._settings.wait_s

    def _replace(self, worker: WorkerChannel, status: int | None) -> None:
        self.restarts += 1
        if worker.ready:
            self._loop.call_later(0 if worker.was_used else _IDLE_DEATH_RETRY_S, self._start_another)
            return
        failure = worker.load_report or {"reason": _load_death(worker, status)}
        self._load_failures += 1
        self.load_failure = failure
        if not self.was_ready:
            self._fail_queue(load_problem(failure))
        if self._load_failures >= _LOAD_ATTEMPTS and not self.was_ready:
            self._on_hopeless()
            return
        delay = min(_SLOWEST_RETRY_S, 0.25 * 2**self._load_failures)
        self._loop.call_later(delay, self._start_another)

    def _start_another(self) -> None:
        """Starts a worker, or tries again later where the limit on processes or memory forbids it just now."""
        if self._closing:
            return
        try:
            self._adopt(start_worker())
        except OSError as error:
            print(f"no worker can be started: {error}", file=sys.stderr)
            self._loop.call_later(_IDLE_DEATH_RETRY_S, self._start_another)

    def _fail_queue(self, problem: Problem) -> None:
        while self._queue:
            _fail(self._queue.popleft(), problem)

    def _dispatch(self) -> None:
        self._dispatching = False
        while self._queue:
            free = [worker for worker in self._workers if worker.room]
            if not free:
                return
            worker = min(free, key=_load)
            if self._waits_for_more(worker):
                return
            share = -(-len(self._queue) // len(free))  # the workers share what waits
            jobs = self._take(min(worker.room, share))
            self.batch_sizes.observe(len(jobs))
            worker.give(jobs)

    def _waits_for_more(self, worker: WorkerChannel) -> bool:
        """Whether a batch is put off until more came, which only happens where the model asks for it."""
        if not worker.batch_wait_s or len(self._queue) >= worker.room or self._queue[0].alone:
            return False
        rest = self._queue[0].arrived + worker.batch_wait_s - self._loop.time()
        if rest > 0 and self._batch_timer is None:
            self._batch_timer = self._loop.call_later(rest, self._batch_is_due)
        return rest > 0

    def _batch_is_due(self) -> None:
        self._batch_timer = None
        self._dispatch()

    def _take(self, most: int) -> list[Job]:
        """The next jobs from the queue that may be given together, at least one."""
        queue, jobs, size = self._queue, [self._queue.popleft()], 0
        while queue and len(jobs) < most and not (jobs[0].alone or queue[0].alone):
            size += queue[0].size
            if size > _LARGEST_GROUP:
                break
            jobs.append(queue.popleft())
        for job in jobs:
            self._numbers = job.number = (self._numbers + 1) & 0xFFFFFFFF
        return jobs

    # Time.

    @property
    def _tick_s(self) -> float:
        return min(0.25, self._settings.timeout_s / 4)

    def _tick(self) -> None:
        if self._closing:
            return
        self._reap()
        now = self._loop.time()
        for worker in self._workers:
            self._check_worker(worker, now)
        while self._queue and now - self._queue[0].arrived > self._settings.wait_s:
            _fail(self._queue.popleft(), self._waited_too_long())
        self._loop.call_later(self._tick_s, self._tick)

    def _check_worker(self, worker: WorkerChannel, now: float) -> None:
        if not worker.ready:
            if now - worker.since > self._settings.load_timeout_s:
                worker.kill(Problem(503, "model-not-loaded", "the model takes too long to load"))
        elif worker.jobs and not worker.paused and now - worker.since > self._settings.timeout_s:
            limit = f"the model did not answer within {self._settings.timeout_s:g} seconds"
            worker.kill(Problem(504, "prediction-timeout", limit))

    def _expire(self, job: Job) -> None:
        """The caller does not wait any longer. What runs already is finished, and forgotten."""
        waiting = job.worker is None
        self.cancel(job)
        limit = "while it waited for a worker" if waiting else "while the model was at work"
        job.reply.fail(Problem(504, "deadline-exceeded", f"the time that the request set itself ended {limit}"))

    def _waited_too_long(self) -> Problem:
        state = "all workers are busy" if self.ready_workers else "the model is still loading"
        detail = f"{state}, and this request has waited {self._settings.wait_s:g} seconds"
        return Problem(503, "waited-too-long", detail, headers=[("retry-after", "1")])


def load_problem(failure: dict[str, Any]) -> Problem:
    """What a caller hears while the model does not load."""
    return Problem(503, "model-not-loaded", f"the model does not load: {failure['reason']}")


def _load(worker: WorkerChannel) -> int:
    return len(worker.jobs)


def _fail(job: Job, problem: Problem) -> None:
    job.forget_time()
    job.reply.fail(problem)


def _death(status: int | None) -> Problem:
    reason = "it lost its connection" if status is None else describe_exit(status)
    return Problem(500, "worker-died", f"the model failed during this prediction: {reason}")


def _load_death(worker: WorkerChannel, status: int | None) -> str:
    if worker.verdict is not None:
        return worker.verdict.detail
    return "it lost its connection" if status is None else describe_exit(status)
