"""Several calls as one: inputs that hold rows are put one after another, and what comes back is cut apart again.

A target that takes batches promises that row ``i`` of its result depends on row ``i`` of its inputs alone. Inputs that
are lists, arrays or tables hold rows; all others must be equal for calls to run together.
"""

import sys
from collections.abc import Callable
from itertools import chain
from typing import Any

from modelyard_box.errors import Mismatch
from modelyard_box.outgoing import to_plain

Inputs = dict[str, Any]


class CannotBatchError(Exception):
    """What the target returns has no row for each row of its inputs, so that it cannot be cut apart."""


class RowBatcher:
    """Runs calls together. ``invoke`` calls the target with converted inputs and returns what it returns."""

    def __init__(self, invoke: Callable[[Inputs], Any]) -> None:
        self._invoke = invoke

    def call(self, calls: list[Inputs | Mismatch]) -> list[Any]:
        """A plain output for each call, and each Mismatch as it is.

        Raises CannotBatchError, and whatever the target raises, for whichever of the calls that may be.
        """
        outcomes: list[Any] = list(calls)
        for places in _grouped(calls):
            members = [calls[place] for place in places]
            for place, output in zip(places, self._call_group(members), strict=True):
                outcomes[place] = output
        return outcomes

    def _call_group(self, members: list[Any]) -> list[Any]:
        if len(members) == 1:
            return [to_plain(self._invoke(members[0]))]
        counts = [_rows(inputs) for inputs in members]
        whole = to_plain(self._invoke(_joined(members)))
        return _cut(whole, counts)


def _grouped(calls: list[Inputs | Mismatch]) -> list[list[int]]:
    """Places of calls that may run together."""
    groups: dict[Any, list[int]] = {}
    for place, inputs in enumerate(calls):
        if not isinstance(inputs, Mismatch):
            groups.setdefault(_likeness(inputs, place), []).append(place)
    return list(groups.values())


def _likeness(inputs: Inputs, place: int) -> Any:
    """Equal for calls that may run together. ``place`` makes one unlike all others."""
    lengths = set()
    parts = []
    for name, value in inputs.items():
        kind = _kind(value)
        if kind is None:
            parts.append((name, type(value), _comparable(value, place)))
            continue
        lengths.add(len(value))
        parts.append((name, *kind))
    return frozenset(parts) if len(lengths) == 1 and 0 not in lengths else place


def _kind(value: Any) -> tuple[Any, ...] | None:
    """What rows must have in common to be put together; None for what holds no rows."""
    if type(value) is list:
        return (list,)
    if hasattr(value, "iloc"):
        return (type(value), tuple(getattr(value, "columns", ())))
    if hasattr(value, "shape") and hasattr(value, "dtype") and value.shape:
        return (type(value), value.shape[1:], str(value.dtype))
    return None


def _comparable(value: Any, place: int) -> Any:
    try:
        hash(value)
    except TypeError:
        return place
    return value


def _rows(inputs: Inputs) -> int:
    return next(len(value) for value in inputs.values() if _kind(value) is not None)


def _joined(members: list[Inputs]) -> Inputs:
    return {name: _concatenated([inputs[name] for inputs in members]) for name in members[0]}


def _concatenated(values: list[Any]) -> Any:
    first = values[0]
    if _kind(first) is None:
        return first
    if type(first) is list:
        return list(chain.from_iterable(values))
    if hasattr(first, "iloc"):
        return sys.modules["pandas"].concat(values, ignore_index=True)
    return sys.modules["numpy"].concatenate(values)


def _cut(whole: Any, counts: list[int]) -> list[Any]:
    """Each call's rows of a plain result: a list, or an object of lists. Raises CannotBatchError."""
    total = sum(counts)
    if (
        type(whole) is dict
        and whole
        and all(type(column) is list and len(column) == total for column in whole.values())
    ):
        columns = {name: _cut(column, counts) for name, column in whole.items()}
        return [{name: parts[place] for name, parts in columns.items()} for place in range(len(counts))]
    if type(whole) is not list or len(whole) != total:
        raise CannotBatchError(f"{total} rows went in, and what came out is not a list of {total}")
    pieces, start = [], 0
    for count in counts:
        pieces.append(whole[start : start + count])
        start += count
    return pieces
