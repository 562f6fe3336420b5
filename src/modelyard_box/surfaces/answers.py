"""Waiting for whole answers: of one prediction, or of a request's rows, each of which is a prediction of its own."""

from collections.abc import Callable
from typing import Any

from modelyard_box.errors import Problem
from modelyard_box.inputs import invalid_input
from modelyard_box.jobs import Job
from modelyard_box.predicting import Predictor
from modelyard_box.requests import Request

_MOST_ITEMS = 100_000
_AT_ONCE = 64  # rows of one request that may wait in the queue together, which leaves room for others
_MOST_NAMED = 100

Listener = Callable[[Any], None]


class Whole:
    """A reply that hands over the whole output, as plain values; the items of a stream come as a list."""

    def __init__(self, on_output: Listener, on_problem: Callable[[Problem], None]) -> None:
        self.job: Job | None = None
        self._on_output = on_output
        self._on_problem = on_problem
        self._items: list[Any] = []

    def result(self, output: Any) -> None:
        self._on_output(output)

    def item(self, item: Any) -> None:
        if len(self._items) < _MOST_ITEMS:
            self._items.append(item)

    def end(self) -> None:
        if len(self._items) < _MOST_ITEMS:
            self._on_output(self._items)
        else:
            self._on_problem(Problem(500, "result-too-large", f"the model gave {_MOST_ITEMS} items or more"))

    def invalid(self, errors: list[tuple[list[str | int], str]]) -> None:
        self._on_problem(invalid_input(errors))

    def fail(self, problem: Problem) -> None:
        self._on_problem(problem)


class Rows:
    """Predicts for each row of a request, and hands over the outputs in order, or the first problem.

    A problem ends the whole request: what is still waiting is called off.
    """

    def __init__(self, predictor: Predictor, request: Request, rows: list[dict[str, Any]]) -> None:
        self.ids = [predictor.new_id() for _ in rows]
        self._predictor = predictor
        self._request = request
        self._rows = rows
        self._outputs: list[Any] = [None] * len(rows)
        self._running: dict[int, Whole] = {}
        self._next = 0
        self._on_outputs: Listener = lambda outputs: None
        self._on_problem: Callable[[Problem], None] = lambda problem: None

    def begin(self, on_outputs: Listener, on_problem: Callable[[Problem], None]) -> None:
        """Begins; exactly one of the two is called, later. Raises Problem when not even the first row can wait."""
        self._on_outputs, self._on_problem = on_outputs, on_problem
        self._give()
        self._request.on_disconnect = self._cancel

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The predictions' ids, as far as they fit into a header."""
        return [("x-prediction-id", ", ".join(self.ids[:_MOST_NAMED]))]

    def _give(self) -> None:
        """Gives as many rows as may wait. A full queue is no problem while rows of ours are among what fills it."""
        while self._next < len(self._rows) and len(self._running) < _AT_ONCE:
            reply = self._reply(self._next)
            try:
                self._predictor.begin(self._request, self.ids[self._next], self._rows[self._next], reply)
            except Problem as problem:
                if problem.status == 429 and self._running:
                    break
                raise
            self._running[self._next] = reply
            self._next += 1
        self._request.on_disconnect = self._cancel

    def _reply(self, row: int) -> Whole:
        return Whole(lambda output: self._answered(row, output), lambda problem: self._failed(row, problem))

    def _answered(self, row: int, output: Any) -> None:
        del self._running[row]
        self._outputs[row] = output
        try:
            self._give()
        except Problem as problem:
            self._stop(problem)
            return
        if not self._running:
            self._on_outputs(self._outputs)

    def _failed(self, row: int, problem: Problem) -> None:
        self._running.pop(row, None)
        if len(self._rows) > 1:
            problem.detail = f"row {row}: {problem.detail}"
        self._stop(problem)

    def _stop(self, problem: Problem) -> None:
        self._cancel()
        self._on_problem(problem)

    def _cancel(self) -> None:
        running, self._running = self._running, {}
        self._next = len(self._rows)
        for reply in running.values():
            self._predictor.cancel(reply)
