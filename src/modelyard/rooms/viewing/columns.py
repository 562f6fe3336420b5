"""An index as it is looked at: an Arrow file, mapped into memory, whose columns are read where they lie.

Only indexes that an import wrote come here, so that they are parsed by the server itself.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

OPEN = 8
"""So many indexes stay mapped; their pages are the operating system's to keep."""

FEW = ("label", "split", "pack", "mode", "error")
"""Columns of few different values."""


def prepare(index: Path, target: Path) -> None:
    """Writes an index (Parquet) as one batch, columns of few values as numbers into a list of those. One column after
    the other: about 200 MB for a million rows."""
    with pq.ParquetFile(index, memory_map=True, read_dictionary=FEW) as file:
        columns = {name: join_chunks(file.read([name]).unify_dictionaries()[name]) for name in file.schema_arrow.names}
    write(pa.record_batch(list(columns.values()), names=list(columns)), target)


def write(batch: pa.RecordBatch, target: Path) -> None:
    """Writes what ``open_prepared`` reads."""
    with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)


@lru_cache(maxsize=OPEN)
def open_prepared(file: Path) -> pa.RecordBatch:
    """What ``prepare`` wrote. The file never changes, and may be deleted meanwhile."""
    return pa.ipc.open_file(pa.memory_map(str(file))).get_batch(0)


def code_of(column: Any, value: str) -> int | None:
    """The number that stands for a value; None where no row has it."""
    found = column.dictionary.index(value).as_py()
    return None if found < 0 else found


def join_chunks(column: Any) -> Any:
    """The column in one piece."""
    found = column.combine_chunks()
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found
