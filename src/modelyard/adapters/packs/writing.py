"""The index of a packed dataset as a Parquet file, by path, a row group at a time."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from modelyard.adapters.packs.entries import MODES, Checked, Entries

GROUP = 65_536
SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("split", pa.string()),
        pa.field("pack", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("method", pa.uint8(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("digest", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("mode", pa.string()),
        pa.field("error", pa.string()),
    ]
)
DICTIONARIES = ["label", "split", "pack", "mode", "error"]
KEY = b"modelyard"


@dataclass(slots=True)
class Facts:
    """What is told of all rows together; files with an error count as ``errors`` alone."""

    items: int
    errors: int
    duplicates: int
    counts: dict[str, int]
    splits: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "errors": self.errors,
            "duplicates": self.duplicates,
            "classes": sorted(self.counts),
            "counts": self.counts,
            "splits": self.splits,
        }


def tabulate(
    entries: Entries,
    found: Checked,
    rows: Sequence[int],
    *,
    packs: Sequence[str],
    labels: Sequence[str | None],
    splits: Sequence[str | None],
) -> pa.Table:
    """The index's columns of those rows; ``labels`` and ``splits`` go with ``rows``."""
    digests = bytes(found.digests)
    tables = []
    for begin in range(0, len(rows), GROUP):
        group = rows[begin : begin + GROUP]
        end = begin + len(group)
        tables.append(_group(entries, found, digests, group, packs, labels[begin:end], splits[begin:end]))
    return pa.concat_tables(tables) if tables else SCHEMA.empty_table()


def _group(
    entries: Entries,
    found: Checked,
    digests: bytes,
    rows: Sequence[int],
    packs: Sequence[str],
    labels: Sequence[str | None],
    splits: Sequence[str | None],
) -> pa.Table:
    errors = [found.errors.get(row) for row in rows] if found.errors else [None] * len(rows)
    good = [error is None for error in errors]
    columns: dict[str, Sequence[Any]] = {
        "path": [entries.paths[row] for row in rows],
        "label": labels,
        "split": splits,
        "pack": [packs[entries.sources[row]] for row in rows],
        "offset": [found.offsets[row] or entries.starts[row] for row in rows],
        "length": [entries.packed[row] for row in rows],
        "method": [entries.methods[row] for row in rows],
        "size": [entries.sizes[row] for row in rows],
        "digest": [f"sha256:{digests[32 * r : 32 * r + 32].hex()}" for r in rows],
        "width": [found.widths[row] for row in rows],
        "height": [found.heights[row] for row in rows],
        "mode": [MODES[found.modes[row]] for row in rows],
        "error": errors,
    }
    for name in ("digest", "width", "height", "mode") if found.errors else ():
        columns[name] = [value if ok else None for value, ok in zip(columns[name], good, strict=True)]
    return pa.table(columns, schema=SCHEMA)


def count(table: pa.Table) -> Facts:
    """What is told of an index."""
    good = table.filter(table["error"].is_null()) if table["error"].null_count < len(table) else table
    distinct = pc.count_distinct(good["digest"], mode="only_valid").as_py()
    return Facts(len(good), len(table) - len(good), len(good) - distinct, _tally(good["label"]), _tally(good["split"]))


def write_index(table: pa.Table, facts: Facts, target: Path) -> None:
    """Writes an index, sorted by path. The same table gives the same bytes."""
    told = {name: value for name, value in facts.to_json().items() if name != "items"}
    metadata = {KEY: json.dumps(told, sort_keys=True, ensure_ascii=False)}
    with pq.ParquetWriter(
        target, SCHEMA.with_metadata(metadata), compression="zstd", use_dictionary=DICTIONARIES
    ) as writer:
        for group in _groups(table):
            writer.write_table(group.replace_schema_metadata(metadata), row_group_size=GROUP)


def by_path(table: pa.Table) -> pa.Table:
    """The table in the order of its paths (by their bytes, as Python compares them)."""
    return table.take(pc.sort_indices(table, sort_keys=[("path", "ascending")]))


def _groups(table: pa.Table) -> Iterator[pa.Table]:
    for begin in range(0, len(table), GROUP) or [0]:
        yield table.slice(begin, GROUP)


def _tally(column: pa.ChunkedArray) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for pair in pc.value_counts(column.drop_null()).to_pylist():
        counted[pair["values"]] = pair["counts"]
    return dict(sorted(counted.items()))
