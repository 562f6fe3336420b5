"""Where every surface asks for predictions."""

import marshal
from typing import Any, Protocol

from modelyard_box.identity import new_prediction_id
from modelyard_box.jobs import Job, Reply
from modelyard_box.pool import WorkerPool
from modelyard_box.requests import Request


class PredictionReply(Reply, Protocol):
    """A reply that knows its job, so as to hold back the worker, and to be cancelled."""

    job: Job | None


class Predictor:
    """Begins predictions and calls them off. All surfaces come by here, so what is true of every prediction is here."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    def new_id(self) -> str:
        return new_prediction_id()

    def begin(self, request: Request, prediction_id: str, inputs: dict[str, Any], reply: PredictionReply) -> None:
        """Predicts for ``request``: when its client leaves, the prediction is called off. Raises as ``call``."""
        self.call(prediction_id, inputs, reply)
        request.on_disconnect = lambda: self.cancel(reply)

    def call(self, prediction_id: str, inputs: dict[str, Any], reply: PredictionReply) -> None:
        """Predicts from valid inputs. Raises Problem: 429 when the queue is full, 503 when the model does not load."""
        reply.job = self._pool.submit(marshal.dumps((prediction_id, inputs)), reply)

    def cancel(self, reply: PredictionReply) -> None:
        """Nobody waits for the answer any more."""
        if reply.job is not None:
            self._pool.cancel(reply.job)
