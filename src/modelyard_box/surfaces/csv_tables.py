"""CSV (RFC 4180) → records, with the types that pandas would find: numbers, true and false, text, nothing."""

import csv
import io
from collections.abc import Callable
from typing import Any

from modelyard_box.errors import Problem

_MISSING = frozenset(
    {
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
        "NULL", "NaN", "None", "n/a", "nan", "null",
    }
)  # fmt: skip
"""Those of pandas.read_csv."""
_BOOLEANS = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
_LARGEST_CELL = 100_000_000


def read_csv(body: bytes, types: dict[str, str | None]) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows. ``types`` are the JSON types of known columns; those of others are inferred from their cells.

    A cell that is not of its column's type stays text, for the schema to name it. Raises Problem for what is not CSV.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed(f"it is not UTF-8: {error}") from error
    csv.field_size_limit(_LARGEST_CELL)
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise _malformed(str(error)) from error
    if not lines:
        raise _malformed("it has no line with the names of the columns")
    columns = [name or f"Unnamed: {index}" for index, name in enumerate(lines[0])]
    return columns, _rows(columns, lines[1:], types)


def read_cell(cell: str, kind: str | None) -> Any:
    """One cell by itself, for tables that are too long to be looked at as a whole; ``kind`` as in ``types``."""
    return _column([cell], kind)[0]


def _rows(columns: list[str], lines: list[list[str]], types: dict[str, str | None]) -> list[list[Any]]:
    for number, line in enumerate(lines, 2):
        if len(line) > len(columns):
            raise _malformed(f"line {number} has {len(line)} cells, but there are {len(columns)} columns")
    whole = [line + [""] * (len(columns) - len(line)) for line in lines]
    converted = [
        _column(list(cells), types.get(name)) for name, cells in zip(columns, zip(*whole, strict=True), strict=False)
    ]
    return [list(row) for row in zip(*converted, strict=True)]


def _column(cells: list[str], kind: str | None) -> list[Any]:
    if kind == "string":
        return [None if cell == "" else cell for cell in cells]
    present = [cell for cell in cells if cell not in _MISSING]
    parse = _integral if kind == "integer" else _PARSERS[kind] if kind else _guess(present)
    return [None if cell in _MISSING else _or_text(parse, cell) for cell in cells]


def _guess(cells: list[str]) -> Callable[[str], Any]:
    for parse in (_PARSERS["integer"], _PARSERS["number"], _PARSERS["boolean"]):
        if all(_parses(parse, cell) for cell in cells):
            return parse
    return str


def _parses(parse: Callable[[str], Any], cell: str) -> bool:
    try:
        parse(cell)
    except (ValueError, KeyError):
        return False
    return True


def _or_text(parse: Callable[[str], Any], cell: str) -> Any:
    try:
        return parse(cell)
    except (ValueError, KeyError):
        return cell


def _number(cell: str) -> float:
    if "_" in cell:  # Python's own way to write digits
        raise ValueError(cell)
    return float(cell)


def _integer(cell: str) -> int:
    if "_" in cell:
        raise ValueError(cell)
    return int(cell)


def _integral(cell: str) -> float:
    """Also 5.0, which the schema takes for an integer."""
    try:
        return _integer(cell)
    except ValueError:
        return _number(cell)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": lambda cell: _BOOLEANS[cell.strip()],
}


def _malformed(reason: str) -> Problem:
    return Problem(400, "invalid-csv", f"the body is not a CSV table with a line of column names: {reason}")
