"""The files of ``/in/rows`` → rows, one after another: CSV, JSON Lines, JSON, Parquet, or each file itself.

A row that cannot be read is a row with an error; a file that cannot be read on ends with one.
"""

import csv
import json
import mimetypes
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelyard_box.rows.json_stream import read_values
from modelyard_box.rows.parquet_files import count_parquet, read_parquet
from modelyard_box.surfaces.csv_tables import read_cell

LARGEST_CELL = 100_000_000
Types = dict[str, str | None]


class NoRows(Exception):
    """There is nothing that could be predicted; the message says what there should be."""


@dataclass(slots=True)
class Row:
    """A row of a table, or one file: what is shown of it (``cells``) and what the model is given (``values``).

    ``values`` is the record, a bare JSON value, or the upload of a file. ``size`` is about that of it, in bytes.
    """

    file: str
    number: int | None = None
    cells: dict[str, Any] = field(default_factory=dict)
    values: Any = None
    error: str | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """The files to read. ``upload``: each file is one input, rather than a table of rows."""

    root: Path
    tables: tuple[Path, ...]
    uploads: tuple[Path, ...]

    def count(self) -> int:
        """How many rows there are; the tables are read once for it. What cannot be read counts as it will be."""
        return len(self.uploads) + sum(_count(path) for path in self.tables)

    def rows(self, types: Types) -> Iterator[Row]:
        """Every row. ``types`` are the JSON types of the columns that are known."""
        for path in self.tables:
            yield from _numbered(path, self._name(path), types)
        for path in self.uploads:
            yield Row(self._name(path), values=(path.read_bytes(), path.name), size=path.stat().st_size)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def find_source(root: Path, upload: str | None) -> Source:
    """The files under ``root``. ``upload``: ``image`` or ``file`` where the model takes one of these, else None.

    Raises NoRows. Hidden files are left out, and so is what is neither a table nor, for images, an image.
    """
    files = sorted(path for path in root.rglob("*") if path.is_file() and not _is_hidden(path, root))
    if upload == "file":
        return Source(root, (), tuple(files))
    tables = tuple(path for path in files if path.suffix.lower() in READERS)
    uploads = tuple(path for path in files if upload == "image" and path not in tables and _may_be_image(path))
    left = len(files) - len(tables) - len(uploads)
    if files and left == len(files):
        wanted = "images, " if upload == "image" else ""
        raise NoRows(f"none of the {left} files in rows can be read: give {wanted}{', '.join(READERS)}")
    if left:
        print(f"batch: {left} files are left out: they are no rows", file=sys.stderr)
    return Source(root, tables, uploads)


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _may_be_image(path: Path) -> bool:
    kind = mimetypes.guess_type(path.name)[0]
    return kind.startswith("image/") if kind else not path.suffix


def _numbered(path: Path, name: str, types: Types) -> Iterator[Row]:
    rows = READERS[path.suffix.lower()](path, types)
    try:
        for number, row in enumerate(rows, 1):
            row.file, row.number = name, number
            yield row
    except (OSError, ValueError, csv.Error) as error:
        yield Row(name, error=f"the file cannot be read on: {error}")


def _read_csv(path: Path, types: Types) -> Iterator[Row]:
    csv.field_size_limit(LARGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
        columns = next(lines, [])
        for cells in lines:
            if cells:
                yield _csv_row(columns, cells, types)


def _csv_row(columns: list[str], cells: list[str], types: Types) -> Row:
    if len(cells) > len(columns):
        return Row("", cells=dict(zip(columns, cells, strict=False)), error=f"it has {len(cells)} cells")
    shown = dict(zip(columns, cells + [""] * (len(columns) - len(cells)), strict=True))
    values = {name: _cell(cell, name, types) for name, cell in shown.items()}
    return Row("", cells=shown, values=values, size=sum(map(len, cells)))


def _cell(cell: str, name: str, types: Types) -> Any:
    """A cell by its column's type; where that is open a list or an object is read as JSON."""
    if types.get(name) is None and cell[:1] in ("[", "{"):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return read_cell(cell, types.get(name))


def _read_lines(path: Path, _types: Types) -> Iterator[Row]:
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield _json_row(line)


def _json_row(line: bytes) -> Row:
    try:
        return _value_row(json.loads(line), len(line))
    except ValueError as error:
        return Row("", error=f"it is not JSON: {error}")


def _read_json(path: Path, _types: Types) -> Iterator[Row]:
    for value, size in read_values(path):
        yield _value_row(value, size)


def _value_row(value: Any, size: int) -> Row:
    return Row("", cells=value if isinstance(value, dict) else {}, values=value, size=size)


def _read_parquet(path: Path, _types: Types) -> Iterator[Row]:
    for line in read_parquet(path):
        yield _json_row(line)


def _count(path: Path) -> int:
    try:
        if path.suffix.lower() == ".parquet":
            return count_parquet(path)
        return sum(1 for _ in READERS[path.suffix.lower()](path, {}))
    except (OSError, ValueError, csv.Error):
        return 1


READERS: dict[str, Callable[[Path, Types], Iterator[Row]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_lines,
    ".ndjson": _read_lines,
    ".json": _read_json,
    ".parquet": _read_parquet,
}
"""How the rows of a table are read, by the end of its name."""
