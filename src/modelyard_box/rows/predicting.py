"""Rows through the workers: so many are on their way at once, and what comes back is written in their order."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import uvloop

from modelyard_box.config import Box, Settings
from modelyard_box.errors import Problem
from modelyard_box.identity import new_prediction_id
from modelyard_box.inputs import Inputs, invalid_input
from modelyard_box.pool import WorkerPool
from modelyard_box.rows.reading import NoRows, Row, find_source
from modelyard_box.rows.table import PredictionTable
from modelyard_box.surfaces.mlflow_data import Reader
from modelyard_box.surfaces.shapes import input_shapes

MOST_BYTES = 32 * 2**20
"""So many bytes of rows are on their way at once, unless a single row has more."""
PROGRESS_S = 1.0
NOT_LOADED = "model-not-loaded"


class ModelNotLoaded(Exception):
    """No row can be predicted; the message says why."""


def run(
    box: Box, settings: Settings, source: Path, target: Path, window: int, worker: tuple[int, socket.socket]
) -> int:
    """Predicts the rows under ``source`` and writes the table into ``target``. Returns the exit status."""
    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(_run(box, settings, source, target, window, worker))
    except (NoRows, ModelNotLoaded) as error:
        print(f"batch: {error}", file=sys.stderr)
        return 1
    finally:
        loop.close()


async def _run(
    box: Box, settings: Settings, source: Path, target: Path, window: int, worker: tuple[int, socket.socket]
) -> int:
    pool = WorkerPool(settings, lambda: None)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, 128 + signal.SIGTERM)
    pool.start(worker)
    try:
        batch = Batch(box, pool, window, target)
        await batch.predict(source)
    finally:
        pool.close()
    table = batch.table
    return 1 if table.rows and table.failed == table.rows else 0


class Outcome:
    """Hears how the prediction of one row ended. ``whole``: its output is a list of one, of which it is given that."""

    def __init__(self, row: Row, changed: asyncio.Event) -> None:
        self.row = row
        self.whole = False
        self.done = False
        self.output: Any = None
        self.problem: Problem | None = None
        self._items: list[Any] = []
        self._changed = changed

    def result(self, output: Any) -> None:
        is_single = self.whole and isinstance(output, list) and len(output) == 1
        self.output = output[0] if is_single else output
        self._end()

    def item(self, item: Any) -> None:
        self._items.append(item)

    def end(self) -> None:
        self.output = self._items
        self._end()

    def invalid(self, errors: list[tuple[list[str | int], str]]) -> None:
        self.fail(invalid_input(errors))

    def fail(self, problem: Problem) -> None:
        self.problem = problem
        self._end()

    def _end(self) -> None:
        self.done = True
        self._changed.set()


class Batch:
    """One batch prediction. ``table`` has what came of it."""

    def __init__(self, box: Box, pool: WorkerPool, window: int, target: Path) -> None:
        schema = box.signature["inputs"]
        target.mkdir(parents=True, exist_ok=True)
        self.table = PredictionTable(target, box.signature.get("output") or {})
        self._inputs = Inputs(schema)
        self._reader = Reader(self._inputs, input_shapes(schema))
        self._upload = _only_upload(self._inputs, schema)
        self._is_open = not schema.get("properties")
        self._pool = pool
        self._window = window
        self._under_way: deque[Outcome] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()
        self._total = 0
        self._said = time.monotonic()

    async def predict(self, root: Path) -> None:
        """Predicts every row and writes the table. Raises NoRows and ModelNotLoaded."""
        source = find_source(root, self._upload[1] if self._upload else None)
        self._total = source.count()
        print(f"batch: {self._total} rows", flush=True)
        for row in source.rows(self._reader.column_types):
            self._begin(row)
            while len(self._under_way) >= self._window or self._bytes > MOST_BYTES:
                await self._settle()
        while self._under_way:
            await self._settle()
        self.table.write()
        print(f"progress: 1 {self.table.rows} of {self.table.rows} rows", flush=True)

    def _begin(self, row: Row) -> None:
        """Gives a row to the workers; one that is no input ends here."""
        outcome = Outcome(row, self._changed)
        self._under_way.append(outcome)
        self._bytes += row.size
        try:
            inputs, outcome.whole = self._read(row)
            self._pool.submit(new_prediction_id(), inputs, outcome, size=row.size)
        except Problem as problem:
            outcome.fail(problem)

    def _read(self, row: Row) -> tuple[dict[str, Any], bool]:
        """The inputs of one call, and whether its output is a list of one. Raises Problem."""
        values = row.values
        if row.error is not None:
            raise Problem(422, "invalid-row", row.error)
        if isinstance(values, tuple):
            assert self._upload is not None  # only then are files rows
            return self._inputs.check({self._upload[0]: values}), False
        if self._is_open and isinstance(values, dict):
            return self._inputs.check(values), False
        try:
            if isinstance(values, dict):
                calls = self._reader.read_frame(list(values), [list(values.values())], {})
            else:
                calls = self._reader.read({"instances": [values]})
        except Problem as problem:
            problem.detail = problem.detail.removeprefix("row 0: ")
            raise
        return calls.inputs[0], calls.whole

    async def _settle(self) -> None:
        """Writes what is complete, in order; waits where that is nothing."""
        while not self._under_way[0].done:
            self._changed.clear()
            await self._changed.wait()
        while self._under_way and self._under_way[0].done:
            self._write(self._under_way.popleft())
        self._say_progress()

    def _write(self, outcome: Outcome) -> None:
        problem, row = outcome.problem, outcome.row
        self._bytes -= row.size
        if problem is not None and problem.code == NOT_LOADED:
            raise ModelNotLoaded(problem.detail)
        self.table.add(row, output=outcome.output, error=problem.detail if problem else None)

    def _say_progress(self) -> None:
        now = time.monotonic()
        if now - self._said >= PROGRESS_S and self.table.rows < self._total:
            self._said = now
            share = self.table.rows / self._total
            print(f"progress: {share:.4f} {self.table.rows} of {self._total} rows", flush=True)


def _only_upload(inputs: Inputs, schema: dict[str, Any]) -> tuple[str, str] | None:
    """The name of the one input that a file is given to, and its kind; None where rows are records."""
    required = set(schema.get("required", ()))
    if len(inputs.uploads) != 1 or required - set(inputs.uploads):
        return None
    name = inputs.uploads[0]
    found = schema["properties"][name]
    arms = [found, *found.get("anyOf", ())]
    return name, "image" if any(arm.get("x-modelyard") == "image" for arm in arms) else "file"
