"""What images show, from a table beside them: CSV, TSV, JSON, JSON lines or Parquet. Read as text, never evaluated."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from modelyard.rooms.packs.errors import LabelsUnreadable
from modelyard.rooms.packs.rules import named_split

FILE_COLUMNS = ("file_name", "filename", "file", "path", "image", "image_path", "filepath", "name", "id")
LABEL_COLUMNS = ("label", "class", "class_name", "category", "target", "y")
SPLIT_COLUMNS = ("split", "subset", "set", "partition")
MAX_FIELD, MAX_LABEL, MAX_JSON_BYTES = 10_000, 200, 64 * 1024**2
EXAMPLE = "Its first line names the columns, such as file_name,label; docs/guides/datasets.md has a template."

Labels = dict[str, tuple[str | None, str | None]]
"""Path, or name → class and split."""


def read_labels(file: BinaryIO, name: str) -> Labels:
    """Raises ``LabelsUnreadable``."""
    suffix = PurePosixPath(name).suffix.casefold().lstrip(".")
    rows = {"parquet": _parquet, "json": _json, "jsonl": _json_lines, "ndjson": _json_lines}.get(suffix)
    try:
        found = rows(file) if rows else _separated(file, "\t" if suffix == "tsv" else None)
        return _collected(found, name)
    except UnicodeError as e:
        raise LabelsUnreadable(f"{name} is not UTF-8 throughout: {e}.", remedy="Save it as UTF-8.") from e
    except csv.Error as e:
        raise LabelsUnreadable(f"{name} is no CSV: {e}.", remedy=EXAMPLE) from e
    except (ValueError, RecursionError, pa.ArrowException, OSError) as e:
        raise LabelsUnreadable(f"{name} cannot be read: {str(e)[:200]}.", remedy=EXAMPLE) from e


def find_label(labels: Labels, path: str, top: str) -> tuple[str | None, str | None] | None:
    """What is said of a path: by the whole, by what is below the top folder, or by its name alone."""
    below = path[len(top) :]
    return labels.get(path) or labels.get(below) or labels.get(below.rpartition("/")[2])


def _collected(rows: Iterable[Mapping[str, Any]], name: str) -> Labels:
    labels: Labels = {}
    names: dict[str, str] = {}  # a class is kept once, not a million times
    columns: tuple[str | None, str | None, str | None] | None = None
    for row in rows:
        columns = columns or _columns(row, name)
        file, label, split = (row.get(column) if column else None for column in columns)
        if file in (None, ""):
            continue
        text = None if label in (None, "") else str(label)[:MAX_LABEL]
        key = str(file).replace("\\", "/").removeprefix("./")
        said = (names.setdefault(text, text) if text is not None else None, _split(split, name))
        if labels.setdefault(key, said) != said:
            raise LabelsUnreadable(f"{name} says two things of {key[:100]!r}.", remedy="Leave one of them out.")
    if not labels:
        raise LabelsUnreadable(f"{name} names no file.", remedy=EXAMPLE)
    return labels


def _columns(row: Mapping[str, Any], name: str) -> tuple[str | None, str | None, str | None]:
    known = {str(column).strip().casefold(): str(column) for column in row}
    chosen = [
        next((known[c] for c in columns if c in known), None)
        for columns in (FILE_COLUMNS, LABEL_COLUMNS, SPLIT_COLUMNS)
    ]
    if chosen[0] is None or (chosen[1] is None and chosen[2] is None):
        raise LabelsUnreadable(
            f"{name} has the columns {', '.join(list(known)[:10])[:300]}, none for the file's name and its class.",
            remedy=EXAMPLE,
        )
    return chosen[0], chosen[1], chosen[2]


def _split(value: Any, name: str) -> str | None:
    if value in (None, ""):
        return None
    split = named_split(str(value))
    if split is None:
        raise LabelsUnreadable(
            f"{name} names the split {str(value)[:50]!r}.", remedy="Splits are train, validation and test."
        )
    return split


def _separated(file: BinaryIO, delimiter: str | None) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(MAX_FIELD)
    start = file.read(4096)
    file.seek(0)
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = io.TextIOWrapper(io.BufferedReader(_Bounded(file)), encoding=encoding, newline="")
    first = start.decode(encoding, "ignore").partition("\n")[0]
    reader = csv.DictReader(text, delimiter=delimiter or max(",;\t", key=first.count))
    for row in reader:
        if None in row:
            raise csv.Error(f"line {reader.line_num} has more fields than the first")
        yield row


class _Bounded(io.RawIOBase):
    """Refuses a line that has no end, before all of it is in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._since = file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        self._since = self._since + len(data) if b"\n" not in data else 0
        if self._since > 8 * 1024**2:
            raise csv.Error("a line has more than 8 MB")
        buffer[: len(data)] = data
        return len(data)


def _json_lines(file: BinaryIO) -> Iterator[Mapping[str, Any]]:
    while line := file.readline(MAX_FIELD * 10):
        if line.strip():
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("a line is no object")
            yield row


def _json(file: BinaryIO) -> Iterator[Mapping[str, Any]]:
    data = file.read(MAX_JSON_BYTES + 1)
    if len(data) > MAX_JSON_BYTES:
        raise ValueError("it is too large as JSON; use JSON lines")
    read = json.loads(data)
    if isinstance(read, dict):
        read = [{"file_name": key, "label": value} for key, value in read.items() if not isinstance(value, dict | list)]
    if not isinstance(read, list) or not all(isinstance(row, dict) for row in read):
        raise ValueError("it is neither a list of objects nor one from file to class")
    yield from read


def _parquet(file: BinaryIO) -> Iterator[Mapping[str, Any]]:
    table = pq.ParquetFile(file)
    names = [
        name for name in table.schema_arrow.names if name.casefold() in {*FILE_COLUMNS, *LABEL_COLUMNS, *SPLIT_COLUMNS}
    ]
    for batch in table.iter_batches(batch_size=10_000, columns=names or None):
        yield from batch.to_pylist()
