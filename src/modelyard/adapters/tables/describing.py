"""Runs in a worker: statistics of every column."""

# ruff: noqa: S608 (statements consist of our own names of columns; whatever was sent or found is bound)

import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from modelyard.adapters.tables.opening import Column, columns_of, open_table
from modelyard.adapters.tables.querying import shown

PORTION = 50
"""So many columns are looked at in one go through the table."""

BINS = 20
TOP = 10
LONGEST_VALUE = 200
MOST_DISTINCT = 1_000_000
"""Values are counted one by one up to so many different ones: more would not fit into memory."""

EXACT_ROWS = 100_000
"""Different values are counted, not estimated, up to so many rows."""

NUMBERS = ("integer", "number")
TIMES = ("date", "datetime")
LARGEST = 1e150
"""The squares of larger numbers are none any more."""


def describe(table: Path) -> dict[str, Any]:
    """A ``TableStatistics`` as a document."""
    connection = open_table(table)
    columns = columns_of(connection)
    rows = connection.execute("SELECT count(*) FROM content").fetchall()[0][0]
    portions = [columns[start : start + PORTION] for start in range(0, len(columns), PORTION)]
    return {"rows": rows, "columns": [one for portion in portions for one in _describe(connection, portion, rows)]}


def _describe(connection: duckdb.DuckDBPyConnection, columns: list[Column], rows: int) -> Iterator[dict[str, Any]]:
    wanted = [figure for column in columns for figure in _figures(column, is_exact=rows <= EXACT_ROWS)]
    found = iter(connection.execute(f"SELECT {', '.join(wanted)} FROM content").fetchall()[0])
    for column in columns:
        missing, distinct, least, greatest, mean, std, start, end = islice(found, 8)
        yield {
            "name": column.name,
            "type": column.type,
            "missing": missing,
            "distinct": distinct,
            "min": shown(least),
            "max": shown(greatest),
            "mean": _finite(mean),
            "std": _finite(std),
            "bins": _bins(connection, column, _finite(start), _finite(end)),
            "top": _top(connection, column) if distinct <= MOST_DISTINCT else [],
        }


def _figures(column: Column, *, is_exact: bool) -> list[str]:
    """Eight of each column: missing, distinct, least, greatest, mean, deviation, and between what its bins lie."""
    place = column.place
    counts = [
        f"count(*) - count({place})",
        f"count(DISTINCT {place})" if is_exact else f"approx_count_distinct({place})",
    ]
    bounds = [f"min({place})", f"max({place})"] if column.type in NUMBERS else _text_bounds(column)
    if not (value := _binned(column)):
        return counts + bounds + ["NULL"] * 4
    moments = ["NULL", "NULL"]
    if column.type in NUMBERS:
        moments = [f"avg({value})", f"CASE WHEN max(abs({value})) < {LARGEST} THEN stddev_samp({value}) END"]
    return [*counts, *bounds, *moments, f"min({value})", f"max({value})"]


def _text_bounds(column: Column) -> list[str]:
    if column.type not in (*TIMES, "time"):
        return ["NULL", "NULL"]
    return [f"CAST({least}({column.place}) AS VARCHAR)" for least in ("min", "max")]


def _binned(column: Column) -> str | None:
    """What bins are made of: finite numbers, seconds since 1970; None for columns without bins."""
    if column.type in TIMES:
        return f"epoch({column.place})"
    number = f"CAST({column.place} AS DOUBLE)"
    return f"CASE WHEN isfinite({number}) THEN {number} END" if column.type in NUMBERS else None


def _bins(
    connection: duckdb.DuckDBPyConnection, column: Column, start: float | None, end: float | None
) -> list[dict[str, Any]]:
    """Equally wide ones; for whole numbers that are few, one each."""
    if start is None or end is None:
        return []
    count = BINS
    if column.type == "integer" and end - start < BINS:
        count, end = int(end - start) + 1, end + 1
    width = end / count - start / count
    if not width or not math.isfinite(width):
        return [{"start": start, "end": end, "count": _count(connection, column)}]
    number = f"least(CAST(floor(({_binned(column)}) / ? - ?) AS INTEGER), ?)"
    found = dict(
        connection.execute(
            f"SELECT {number} AS bin, count(*) FROM content WHERE ({_binned(column)}) IS NOT NULL GROUP BY bin",
            [width, start / width, count - 1],
        ).fetchall()
    )
    return [
        {"start": start + n * width, "end": start + (n + 1) * width, "count": found.get(n, 0)} for n in range(count)
    ]


def _count(connection: duckdb.DuckDBPyConnection, column: Column) -> int:
    return int(connection.execute(f"SELECT count({_binned(column)}) FROM content").fetchall()[0][0])


def _top(connection: duckdb.DuckDBPyConnection, column: Column) -> list[dict[str, Any]]:
    if column.type not in ("text", "other", "boolean"):
        return []
    found = connection.execute(
        f"SELECT left(CAST({column.place} AS VARCHAR), {LONGEST_VALUE}), count(*) AS times FROM content"
        f" WHERE {column.place} IS NOT NULL GROUP BY {column.place} ORDER BY times DESC, {column.place} LIMIT {TOP}"
    ).fetchall()
    return [{"value": value, "count": count} for value, count in found]


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
