"""Verbs on what is looked at: items by filters, sheets of small pictures, counts, differences between versions.

All but ``find_source`` may block for seconds: call them outside any session.
"""

import tempfile
from pathlib import Path

import pyarrow as pa

from modelyard.rooms.packs.errors import ItemMissing
from modelyard.rooms.viewing import columns, comparing, selecting, summing
from modelyard.rooms.viewing.schemas import Change, DataItem, ItemChanges, ItemFilter, ItemPage, ItemSummary
from modelyard.rooms.viewing.sheets import sheet_key
from modelyard.rooms.viewing.sources import (
    PATIENCE_S,
    Source,
    ViewTools,
    find_source,
    packed_pictures,
    prepared,
    read_item,
)

__all__ = [
    "Source",
    "ViewTools",
    "compare_items",
    "draw_item",
    "draw_sheet",
    "find_item",
    "find_source",
    "list_items",
    "open_item",
    "sheet_rows",
    "summarize",
]


def list_items(tools: ViewTools, source: Source, wanted: ItemFilter, *, start: int, limit: int) -> ItemPage:
    """The items that the filter keeps, by path, from the ``start``-th on. Raises ``StillReading``."""
    file = prepared(tools, source)
    rows = selecting.select(file, wanted)
    return ItemPage(items=selecting.read_items(file, rows.slice(start, limit)), start=start, total=len(rows))


def summarize(tools: ViewTools, source: Source) -> ItemSummary:
    """Raises ``StillReading``."""
    file = prepared(tools, source)

    def make(target: Path) -> None:
        target.write_text(summing.summarize(file).model_dump_json())

    kept = tools.results.shelf.obtain(f"{source.key}.summary", make, patience=PATIENCE_S)
    return ItemSummary.model_validate_json(kept.read_bytes())


def sheet_rows(tools: ViewTools, source: Source, wanted: ItemFilter, *, start: int, limit: int) -> pa.Array:
    """The rows that a sheet of the same part of ``list_items`` shows."""
    return selecting.select(prepared(tools, source), wanted).slice(start, limit)


def draw_sheet(tools: ViewTools, source: Source, rows: pa.Array, *, side: int, columns: int) -> bytes:
    """Small pictures of the rows, at least one, ``columns`` side by side. Raises ``PreviewImpossible``."""
    key = sheet_key(source.key, rows, side, columns)
    sheet = tools.memory.find(source.repository_id, key)
    if sheet is None:
        places = selecting.read_places(prepared(tools, source), rows.to_pylist())
        with packed_pictures(tools, source, places) as pictures:
            sheet = tools.sheets.draw(source.repository_id.hex, pictures, side=side, columns=columns)
        tools.memory.keep(source.repository_id, key, sheet)
    return sheet


def find_item(tools: ViewTools, source: Source, row: int) -> DataItem:
    """Raises ``ItemMissing``."""
    file = prepared(tools, source)
    if row >= columns.open_prepared(file).num_rows:
        raise ItemMissing(f"There is no item {row} in it.", remedy="Look at its list of items.", field="row")
    return selecting.read_items(file, pa.array([row], pa.uint32()))[0]


def open_item(tools: ViewTools, source: Source, item: DataItem) -> bytes:
    """The bytes of an item's file, as they were imported."""
    (place,) = selecting.read_places(prepared(tools, source), [item.row])
    return read_item(tools, source, place)


def draw_item(tools: ViewTools, source: Source, item: DataItem, *, side: int) -> bytes:
    """An item drawn anew, ``side`` pixels wide and high at most. Raises ``PreviewImpossible``."""
    with tempfile.NamedTemporaryFile(dir=tools.results.scratch) as copy:
        copy.write(open_item(tools, source, item))
        copy.flush()
        return tools.previews.draw(Path(copy.name), side=side)


def compare_items(
    tools: ViewTools, older: Source, newer: Source, kind: Change | None, *, start: int, limit: int
) -> ItemChanges:
    """How ``newer`` differs from ``older``; ``kind`` None: the counts alone. Raises ``StillReading``."""
    before, after = prepared(tools, older), prepared(tools, newer)
    file = tools.results.shelf.obtain(
        f"{newer.key}-{older.digest.removeprefix('sha256:')[:32]}.changes",
        lambda target: comparing.compare(before, after, target),
        patience=PATIENCE_S,
    )
    counts = comparing.counts(file)
    items = comparing.changes(file, kind, start=start, limit=limit) if kind else []
    return ItemChanges(counts=counts, items=items, start=start, total=counts[kind] if kind else sum(counts.values()))
