"""What the box counts, and the page at ``/metrics`` (Prometheus text format 0.0.4)."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from modelyard_box.histograms import Histogram
from modelyard_box.pool import WorkerPool
from modelyard_box.requests import Request

TEXT = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_UNREADABLE = "unreadable"
_Sample = tuple[str, dict[str, Any], float]


class Metrics:
    """Counts requests by the address that took them, so that no client can make up labels without end."""

    def __init__(self, pool: WorkerPool, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._answers: dict[tuple[str, int], int] = {}
        self._seconds: dict[str, Histogram] = {}
        self._in_flight = 0

    def begin(self, request: Request) -> None:
        """A request goes to its handler; its route is known."""
        self._in_flight += 1

    def end(self, request: Request, status: int) -> None:
        """A request has its answer; one without a route was refused before any handler saw it."""
        route = request.route
        if route:
            self._in_flight -= 1
        key = (route, status)
        self._answers[key] = self._answers.get(key, 0) + 1
        histogram = self._seconds.get(route)
        if histogram is None:
            histogram = self._seconds[route] = Histogram(_SECONDS)
        histogram.observe(self._clock() - request.began)

    def render(self) -> bytes:
        """The page."""
        return "".join(line for family in self._families() for line in _lines(*family)).encode()

    def _families(self) -> Iterable[tuple[str, str, str, list[_Sample]]]:
        pool = self._pool
        answers: list[_Sample] = [
            ("", {"route": route or _UNREADABLE, "status": status}, count)
            for (route, status), count in sorted(self._answers.items())
        ]
        seconds = [
            sample for route, found in self._seconds.items() for sample in _buckets(found, route=route or _UNREADABLE)
        ]
        yield "requests_total", "counter", "Requests answered; 499 are those whose client left before.", answers
        yield "request_seconds", "histogram", "Time from the complete request to its answer.", seconds
        yield "requests_in_flight", "gauge", "Requests that are being answered.", [("", {}, self._in_flight)]
        yield "queue_length", "gauge", "Predictions that wait for a worker.", [("", {}, pool.waiting)]
        yield "batch_size", "histogram", "Predictions given to the model in one call.", _buckets(pool.batch_sizes)
        yield "workers_ready", "gauge", "Workers whose model is loaded.", [("", {}, pool.ready_workers)]
        yield "worker_restarts_total", "counter", "Workers that ended and were replaced.", [("", {}, pool.restarts)]
        if pool.load_seconds is not None:
            yield "model_load_seconds", "gauge", "How long loading the model took last.", [("", {}, pool.load_seconds)]


def _buckets(histogram: Histogram, **labels: str) -> list[_Sample]:
    cumulated = histogram.cumulated()
    buckets: list[_Sample] = [("_bucket", {**labels, "le": bound}, count) for bound, count in cumulated]
    return [*buckets, ("_sum", labels, histogram.total), ("_count", labels, cumulated[-1][1])]


def _lines(name: str, kind: str, words: str, samples: list[_Sample]) -> Iterable[str]:
    name = f"modelyard_box_{name}"
    yield f"# HELP {name} {words}\n# TYPE {name} {kind}\n"
    for suffix, labels, value in samples:
        told = ",".join(f'{label}="{_escape(str(text))}"' for label, text in labels.items())
        yield f"{name}{suffix}{{{told}}} {value}\n" if told else f"{name}{suffix} {value}\n"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
