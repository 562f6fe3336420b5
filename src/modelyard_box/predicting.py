"""Where every surface asks for predictions."""

from functools import partial
from typing import Any, Protocol

from modelyard_box.errors import Problem
from modelyard_box.identity import new_prediction_id
from modelyard_box.jobs import Job, Reply
from modelyard_box.pool import WorkerPool
from modelyard_box.records import RecordedReply, Records, tell_left
from modelyard_box.requests import Request

DEADLINE = "x-prediction-timeout"
"""Seconds that the client gives a prediction."""

_LONGEST_S = 1e6


class PredictionReply(Reply, Protocol):
    """A reply that knows its job, so as to hold back the worker, and to be cancelled."""

    job: Job | None


class Predictor:
    """Begins predictions and calls them off. All surfaces come by here, so what is true of every prediction is here."""

    def __init__(self, pool: WorkerPool, records: Records | None = None) -> None:
        self._pool = pool
        self._records = records

    def new_id(self) -> str:
        return new_prediction_id()

    def begin(self, request: Request, prediction_id: str, inputs: dict[str, Any], reply: PredictionReply) -> None:
        """Predicts for ``request``: when its client leaves, the prediction is called off. Raises as ``call``."""
        within = _deadline(request.headers[DEADLINE]) if DEADLINE in request.headers else None
        self.call(prediction_id, inputs, reply, size=len(request.body), within=within)
        request.on_disconnect = partial(self.cancel, reply)

    def call(
        self,
        prediction_id: str,
        inputs: dict[str, Any],
        reply: PredictionReply,
        *,
        size: int = 0,
        within: float | None = None,
    ) -> None:
        """Predicts from valid inputs of about ``size`` bytes, in at most ``within`` seconds (None: the box's limit).

        Raises Problem: 429 when the queue is full, 503 when the model does not load.
        """
        hears: Reply = reply
        if self._records is not None:
            hears = RecordedReply(self._records, reply, prediction_id, inputs)
        reply.job = self._pool.submit(prediction_id, inputs, hears, size=size, within=within)

    def cancel(self, reply: PredictionReply) -> None:
        """Nobody waits for the answer any more."""
        if reply.job is not None:
            tell_left(reply.job)
            self._pool.cancel(reply.job)


def _deadline(text: str) -> float:
    """Raises Problem for what is not a number of seconds above 0."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < _LONGEST_S:
        raise Problem(400, "bad-request", f"{DEADLINE} is not a number of seconds above 0")
    return seconds
