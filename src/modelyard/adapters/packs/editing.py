"""The port ``IndexEditor`` by Arrow: indexes are the platform's own, so no process stands between."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from modelyard.adapters.packs.index_files import SCHEMA, read_index, write_index
from modelyard.rooms.packs.errors import PackUnreadable
from modelyard.rooms.packs.schemas import Edits, Reading


class ArrowIndexEditor:
    """Reads and writes some rows at a time."""

    def edit(self, base: Path, edits: Edits, target: Path) -> tuple[Reading, frozenset[str]]:
        facts = write_index(_edited(base, edits), target)
        if not facts.items:
            raise PackUnreadable("No image would be left.", remedy="Keep some, or delete the dataset.")
        return Reading((), facts.to_json()), frozenset(facts.packs)


def _edited(base: Path, edits: Edits) -> Iterator[pa.Table]:
    begin = 0
    for table in read_index(base):
        rows = range(begin, begin + len(table))
        begin += len(table)
        yield _without(_relabelled(table, rows, edits), rows, edits)


def _relabelled(table: pa.Table, rows: range, edits: Edits) -> pa.Table:
    labels = [edits.labels.get(row, label) for row, label in zip(rows, table["label"].to_pylist(), strict=True)]
    place = SCHEMA.get_field_index("label")
    return table.set_column(place, SCHEMA.field(place), pa.array(labels, pa.string()))


def _without(table: pa.Table, rows: range, edits: Edits) -> pa.Table:
    return table.filter(pa.array([row not in edits.delete for row in rows], pa.bool_()))
