"""Which rows of an index a filter keeps, and what stands in them."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modelyard.rooms.viewing import columns
from modelyard.rooms.viewing.schemas import DataItem, ItemFilter

KEPT = 16
"""So many answers are kept: somebody who scrolls asks the same again and again. Each takes 4 bytes an item."""

SHOWN = ("path", "label", "split", "size", "width", "height", "error")
PLACE = ("pack", "offset", "length", "method", "digest")


@lru_cache(maxsize=KEPT)
def select(file: Path, wanted: ItemFilter) -> Any:
    """The numbers of the rows that the filter keeps, in order, as an Arrow array."""
    batch = columns.open_prepared(file)
    keep = pc.is_valid(batch["error"]) if wanted.errors else pc.is_null(batch["error"])
    for name, value in (("split", wanted.split), ("label", wanted.label)):
        if value is not None:
            keep = pc.and_(keep, _equal(batch[name], value))
    if wanted.unlabelled:
        keep = pc.and_(keep, pc.is_null(batch["label"]))
    if wanted.text:
        keep = pc.and_(keep, pc.match_substring(batch["path"], wanted.text, ignore_case=True))
    return pc.indices_nonzero(keep).cast(pa.uint32())


def read_items(file: Path, rows: Any) -> list[DataItem]:
    """What the index says of rows."""
    found = columns.open_prepared(file).select(list(SHOWN)).take(rows).to_pylist()
    return [DataItem(row=row, **values) for row, values in zip(rows.to_pylist(), found, strict=True)]


def read_places(file: Path, rows: Sequence[int]) -> list[dict[str, Any]]:
    """Where the items of rows lie: ``pack``, ``offset``, ``length``, ``method``, and the ``digest`` of the file; None
    for one that could not be read when it came."""
    batch = columns.open_prepared(file).select(list(PLACE))
    return list(batch.take(pa.array(rows, pa.uint32())).to_pylist())


def _equal(column: Any, value: str) -> Any:
    """Compares numbers, not texts."""
    code = columns.code_of(column, value)
    if code is None:
        return pa.nulls(len(column), pa.bool_()).fill_null(False)
    return pc.fill_null(pc.equal(column.indices, pa.scalar(code, column.indices.type)), False)
