"""Workers end when they should, are replaced when they have, and are never more than was said."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelyard.kit.workers import Worker, WorkerFailed, WorkerLimits, WorkerPool
from support.waiting import until

MODULE = "modelyard.adapters.pictures.preview_worker"
REQUEST = {"file": "/dev/null", "side": 1}
REFUSED = "This is no picture that can be shown, or too large a one."


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    opened = WorkerPool(MODULE, WorkerLimits(), size=2)
    yield opened
    opened.close()
    until(lambda: not children())


def children() -> list[int]:
    """The processes of workers that this one has started and that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words, status = (folder / "cmdline").read_bytes(), (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if MODULE.encode() in words and int(status[1]) == os.getpid():
            found.append(int(folder.name))
    return found


def test_a_worker_answers_one_request_after_the_other() -> None:
    worker = Worker(MODULE, WorkerLimits())
    assert [worker.ask(REQUEST, timeout=60) for _ in range(3)] == [{"refused": REFUSED}] * 3
    assert worker.is_fresh()
    worker.close()
    assert not worker.is_fresh()


def test_no_answer_in_time_ends_it() -> None:
    worker = Worker(MODULE, WorkerLimits())
    with pytest.raises(WorkerFailed):
        worker.ask(REQUEST, timeout=0.001)
    assert not worker.is_fresh()


def test_what_is_no_worker_gives_no_answer() -> None:
    with pytest.raises(WorkerFailed):
        Worker("this", WorkerLimits()).ask(REQUEST, timeout=60)


def test_each_key_has_its_own_and_there_are_never_too_many(pool: WorkerPool) -> None:
    for key in ("a", "b", "a"):
        pool.ask(key, REQUEST, timeout=60)
    first = set(children())
    assert len(first) == 2
    pool.ask("a", REQUEST, timeout=60)
    assert set(children()) == first
    pool.ask("c", REQUEST, timeout=60)  # in the place of b's, which rested for longest
    assert len(children()) == 2
    assert len(first & set(children())) == 1


def test_many_at_once_wait_for_their_turn(pool: WorkerPool) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: pool.ask(str(n % 4), REQUEST, timeout=60), range(40)))
    assert answers == [{"refused": REFUSED}] * 40
    assert len(children()) <= 2


def test_one_that_died_is_replaced(pool: WorkerPool) -> None:
    pool.ask("a", REQUEST, timeout=60)
    (child,) = children()
    os.kill(child, signal.SIGKILL)
    until(lambda: "Z" in Path(f"/proc/{child}/stat").read_text().rpartition(")")[2])
    assert pool.ask("a", REQUEST, timeout=60) == {"refused": REFUSED}
