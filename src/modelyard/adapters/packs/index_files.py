"""The index of a packed dataset as a Parquet file, by path. Read and written a row group at a time: a million images
take no more memory than that, but for what tells them apart."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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
KEY = "modelyard"
DIGEST_BEGIN, DIGEST_END = 7, 23
"""What of a digest (``sha256:…``) is enough to count images apart: 64 bits."""


@dataclass(slots=True)
class Facts:
    """What is told of all rows together; files with an error count as ``errors`` alone."""

    items: int = 0
    errors: int = 0
    duplicates: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    packs: set[str] = field(default_factory=set)

    def to_json(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "errors": self.errors,
            "duplicates": self.duplicates,
            "classes": sorted(self.counts),
            "counts": dict(sorted(self.counts.items())),
            "splits": dict(sorted(self.splits.items())),
        }


def read_index(file: Path, columns: Sequence[str] = SCHEMA.names) -> Iterator[pa.Table]:
    """The rows of an index, by path, some at a time."""
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    with pq.ParquetFile(file, memory_map=True) as index:
        for batch in index.iter_batches(batch_size=GROUP, columns=list(columns)):
            yield pa.Table.from_batches([batch]).select(columns).cast(schema)


def write_index(tables: Iterable[pa.Table], target: Path) -> Facts:
    """Writes tables that follow each other by path; the same rows give the same bytes, however they are parted."""
    facts, digests = Facts(), list[pa.Array]()
    with pq.ParquetWriter(target, SCHEMA, compression="zstd", use_dictionary=DICTIONARIES) as writer:
        for table in _by_group(tables):
            writer.write_table(table, row_group_size=GROUP)
            digests += _count(table, facts).chunks
        distinct = pc.count_distinct(pa.chunked_array(digests, pa.string()), mode="only_valid").as_py()
        facts.duplicates = facts.items - distinct
        told = {name: value for name, value in facts.to_json().items() if name != "items"}
        writer.add_key_value_metadata({KEY: json.dumps(told, sort_keys=True, ensure_ascii=False)})
    return facts


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
    digests = memoryview(found.digests)
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


def by_path(table: pa.Table) -> pa.Table:
    """The table in the order of its paths (by their bytes, as Python compares them)."""
    return table.take(pc.sort_indices(table, sort_keys=[("path", "ascending")]))


def _by_group(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, ``GROUP`` at a time; at least one table, which may be empty."""
    held = SCHEMA.empty_table()
    for table in tables:
        held = pa.concat_tables([held, table])
        while len(held) > GROUP:
            yield held.slice(0, GROUP).combine_chunks()
            held = held.slice(GROUP)
    yield held.combine_chunks()


def _count(table: pa.Table, facts: Facts) -> pa.ChunkedArray:
    """Adds these rows to the facts; returns what tells the good ones apart."""
    good = table.filter(table["error"].is_null()) if table["error"].null_count < len(table) else table
    facts.items += len(good)
    facts.errors += len(table) - len(good)
    facts.counts.update(_tally(good["label"]))
    facts.splits.update(_tally(good["split"]))
    facts.packs.update(pc.unique(table["pack"]).to_pylist())
    return pc.utf8_slice_codeunits(good["digest"], DIGEST_BEGIN, DIGEST_END)


def _tally(column: pa.ChunkedArray) -> dict[str, int]:
    return {pair["values"]: pair["counts"] for pair in pc.value_counts(column.drop_null()).to_pylist()}
