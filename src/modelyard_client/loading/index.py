"""The index of a packed dataset: a Parquet file with a row for each item, by path.

Columns: path, label, split, pack (digest), offset and length (bytes in the pack as stored), method (0: stored,
8: deflated), size, digest, width, height, mode, error. A row with an error is no item of the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from modelyard_client.errors import Refused
from modelyard_client.loading.optional import require

NAME = "index.parquet"
STORED, DEFLATED = 0, 8
COLUMNS = ("path", "label", "split", "pack", "offset", "length", "method", "error")


@dataclass(frozen=True, slots=True)
class Index:
    """Columns of the chosen items. Numbers are memory views, of which one element is read quickly and which take no
    more memory than the numbers do; ``labels`` holds -1 where there is none, else a place in ``classes``."""

    paths: Any
    labels: memoryview
    classes: tuple[str, ...]
    splits: Any
    packs: memoryview
    pack_digests: tuple[str, ...]
    offsets: memoryview
    lengths: memoryview
    methods: memoryview

    def __len__(self) -> int:
        return len(self.offsets)

    def path(self, row: int) -> str:
        return str(self.paths[row].as_py())

    def label(self, row: int) -> str | None:
        number = self.labels[row]
        return None if number < 0 else self.classes[number]


def read_index(file: Path, *, split: str | None) -> Index:
    """The items of a split; None: all. Raises ``Refused`` for a split that the dataset has not, and ``LibraryMissing``.

    Classes are those of the whole dataset, by name, so that a label has the same number in every split.
    """
    pa, pc = require("pyarrow"), require("pyarrow.compute")
    table = require("pyarrow.parquet").read_table(file, columns=list(COLUMNS))
    table = table.filter(pc.is_null(table["error"]))
    classes = sorted(value for value in pc.unique(table["label"]).to_pylist() if value is not None)
    if split is not None:
        table = _split(table, split, pc)
    packs = pc.unique(table["pack"]).to_pylist()
    return Index(
        paths=table["path"].combine_chunks(),
        labels=_numbers(_places(table["label"], classes, pa, pc), pa.int32(), "i"),
        classes=tuple(classes),
        splits=table["split"].combine_chunks(),
        packs=_numbers(_places(table["pack"], packs, pa, pc), pa.int32(), "i"),
        pack_digests=tuple(packs),
        offsets=_numbers(table["offset"], pa.int64(), "q"),
        lengths=_numbers(table["length"], pa.int64(), "q"),
        methods=_numbers(table["method"], pa.uint8(), "B"),
    )


def _split(table: Any, split: str, pc: Any) -> Any:
    chosen = table.filter(pc.equal(table["split"].cast("string"), split))
    if chosen.num_rows:
        return chosen
    known = sorted(value for value in pc.unique(table["split"]).to_pylist() if value is not None)
    has = f"It has {', '.join(known)}." if known else "It has no splits."
    raise Refused(f"There is no split {split!r}. {has}", code="split_missing", remedy="Choose another, or none.")


def _places(column: Any, values: Sequence[str], pa: Any, pc: Any) -> Any:
    """Where each value is among ``values``; -1 for a missing one."""
    return pc.fill_null(pc.index_in(column.cast("string"), value_set=pa.array(values, "string")), -1)


def _numbers(column: Any, kind: Any, code: Literal["i", "q", "B"]) -> memoryview:
    array = column.cast(kind).combine_chunks()
    if not len(array):
        return memoryview(b"").cast(code)
    width = kind.bit_width // 8
    whole = memoryview(array.buffers()[1]).cast("B")
    return whole[array.offset * width : (array.offset + len(array)) * width].cast(code)
