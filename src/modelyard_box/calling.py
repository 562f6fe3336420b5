"""Calls of a loaded target: inputs in, plain output or a stream of plain items out."""

import importlib
import inspect
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

from modelyard_box.batching import CannotBatchError, RowBatcher
from modelyard_box.errors import Mismatch
from modelyard_box.loading import Loaded
from modelyard_box.outgoing import to_plain


class Caller:
    """Calls one target, many times, one call at a time. Async targets keep one event loop, as they would expect."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._converters = loaded.converters
        rows = RowBatcher(self._invoke) if loaded.batch and not loaded.is_async else None
        self._batcher = loaded.batcher or rows
        self._loop: Any = importlib.import_module("asyncio").new_event_loop() if loaded.is_async else None

    def call(self, inputs: dict[str, Any]) -> Any:
        """The plain output, or an iterator of plain items when the target streams.

        Raises Mismatch when the inputs do not convert (the target was not called), UnserialisableError, and whatever
        the target raises. Files among the inputs stay until ``finish``.
        """
        result = self.invoke(inputs)
        if isinstance(result, Iterator):
            return map(to_plain, result)
        return to_plain(result)

    def invoke(self, inputs: dict[str, Any]) -> Any:
        """What the target itself returns; an async one is awaited. Raises as ``call``, but no UnserialisableError."""
        for name, convert in self._converters.items():
            if name in inputs:
                inputs[name] = _converted(name, convert, inputs[name])
        return self._invoke(inputs)

    @property
    def batch(self) -> tuple[int, float] | None:
        """The most calls that may be run as one, and the seconds to wait for that many; None for one at a time."""
        limits = self._loaded.batch
        return None if self._batcher is None or limits is None else (limits.max_size, limits.max_wait_s)

    def call_together(self, calls: list[dict[str, Any]]) -> list[Any] | None:
        """For each call its plain output, or the Mismatch of inputs that do not convert.

        None when they cannot be run together, or when that failed: whose fault it was is found by running each alone.
        ``calls`` stay as they are.
        """
        if self._batcher is None:
            return None
        try:
            outcomes = [self._convert_all(inputs) for inputs in calls]
            return self._batcher.call([found if isinstance(found, Mismatch) else dict(found) for found in outcomes])
        except CannotBatchError as error:
            print(f"batches are off: {error}", file=sys.stderr, flush=True)
            self._batcher = None
            return None
        except BaseException:
            return None

    def _convert_all(self, inputs: dict[str, Any]) -> dict[str, Any] | Mismatch:
        converted = dict(inputs)
        try:
            for name, convert in self._converters.items():
                if name in converted:
                    converted[name] = _converted(name, convert, converted[name])
        except Mismatch as error:
            return error
        return converted

    def finish(self) -> None:
        """Ends a call: removes the files that it was given."""
        self._loaded.scratch.clear()

    def _invoke(self, inputs: dict[str, Any]) -> Any:
        loaded = self._loaded
        if loaded.positional_only:
            leading = [inputs.pop(name) for name in loaded.positional_only if name in inputs]
            result = loaded.function(*loaded.leading, *leading, **inputs)
        else:
            result = loaded.function(*loaded.leading, **inputs)
        return result if self._loop is None else self._awaited(result)

    def _awaited(self, result: Any) -> Any:
        if inspect.isawaitable(result):
            return self._loop.run_until_complete(result)
        return self._pulled(result) if isinstance(result, AsyncIterator) else result

    def _pulled(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        while True:
            try:
                yield self._loop.run_until_complete(anext(items))
            except StopAsyncIteration:
                return


def _converted(name: str, convert: Any, value: Any) -> Any:
    try:
        return convert(value)
    except Mismatch as error:
        raise error.under(name) from error
