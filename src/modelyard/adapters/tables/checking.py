"""Runs in a worker: a stranger's table is read to its end, and what is wrong with it said with its line.

Text is read line by line, so that a field without end is refused before all of it is in memory; then DuckDB reads what
the viewer will read.
"""

# ruff: noqa: S608 (the statement consists of our own words; what was sent is bound)

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from modelyard.adapters.tables.converting import DELIMITERS, LONGEST, UTF16_MARKS, describe_source, try_sources
from modelyard.adapters.tables.opening import Refused, create

MB = 1024**2
TOO_LONG = f"It has a field or a line of more than {LONGEST // MB} MB."


def check(file: Path, form: str) -> None:
    """Raises ``Refused`` (``unreadable``, and ``line`` where there is one)."""
    if form != "parquet":
        _check_text(file, form)
    with create(None, allowed=file) as connection:

        def read_all(source: str) -> None:
            describe_source(connection, file, source)
            connection.execute(f"SELECT count(COLUMNS(*)) FROM {source}", [str(file)]).fetchall()

        try_sources(file, form, read_all)


def _check_text(file: Path, form: str) -> None:
    with file.open("rb") as opened:
        encoding = _encoding(opened)
        if form == "jsonl" and encoding != "utf-8-sig":
            raise Refused(unreadable="JSON lines have to be UTF-8.")
        opened.seek(0)
        lines = _Lines(io.TextIOWrapper(opened, encoding=encoding, newline=""))
        try:
            rows = _check_objects(lines) if form == "jsonl" else _check_rows(lines, form)
        except UnicodeError as e:
            raise Refused(unreadable=f"It is not {encoding} throughout.", line=lines.number + 1) from e
    if not rows:
        raise Refused(unreadable="It is empty.")


def _encoding(file: BinaryIO) -> str:
    """UTF-8, UTF-16 with its mark, or Latin-1 throughout. Raises ``Refused`` for a mixture, with the line."""
    if file.read(2) in UTF16_MARKS:
        return "utf-16"
    file.seek(0)
    plain = wide = 0  # the first line beyond ASCII that is UTF-8, and the first that is not
    for number, line in enumerate(iter(lambda: file.readline(LONGEST + 1), b""), start=1):
        if len(line) > LONGEST:
            raise Refused(unreadable=TOO_LONG, line=number)
        if b"\0" in line:
            raise Refused(unreadable="It is no text.", line=number)
        if not line.isascii():
            if _is_utf8(line):
                wide = wide or number
            else:
                plain = plain or number
        if plain and wide:
            raise Refused(unreadable=MIXED.format(other=wide), line=plain)
    return "latin-1" if plain else "utf-8-sig"


MIXED = "It is not UTF-8, as line {other:,} is: the encodings are mixed. Save all of it as UTF-8."


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Lines:
    """Lines of text with their number; what belongs to one record is no longer than ``LONGEST``."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self._held = text, 0
        self.number, self.began = 0, 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._held += len(line)
        if self._held > LONGEST:
            raise Refused(unreadable=TOO_LONG, line=self.began)
        return line

    def end_record(self) -> None:
        self._held, self.began = 0, self.number + 1


def _check_rows(lines: _Lines, form: str) -> int:
    """How many rows there are, each with as many fields as the first."""
    csv.field_size_limit(LONGEST)
    first = next(lines, "")
    delimiter = "\t" if form == "tsv" else max(DELIMITERS.decode(), key=first.count)
    rows = width = 0
    reader = csv.reader(_with(first, lines), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if row:
                rows, width = rows + 1, width or len(row)
                if len(row) != width:
                    said = f"It has {len(row):,} fields, the first line has {width:,}."
                    raise Refused(unreadable=said, line=lines.began)
            lines.end_record()
    except csv.Error as e:
        raise Refused(unreadable=f"It is no CSV: {e}.", line=lines.began) from e
    return rows


def _with(first: str, lines: _Lines) -> Iterator[str]:
    if first:
        yield first
        yield from lines


def _check_objects(lines: _Lines) -> int:
    """How many rows there are, each a JSON object."""
    rows = 0
    for line in lines:
        if line.strip():
            rows += 1
            _check_object(line, lines.number)
        lines.end_record()
    return rows


def _check_object(line: str, number: int) -> None:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError) as e:
        raise Refused(unreadable=f"It is no JSON: {str(e)[:100]}.", line=number) from e
    if not isinstance(read, dict):
        raise Refused(unreadable="It is no JSON object.", line=number)
