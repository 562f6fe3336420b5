"""Runs in a worker: the rows of a page. What a caller sends is bound as a value, never part of a statement."""

# ruff: noqa: S608 (statements consist of our own names of columns; whatever was sent or found is bound)

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from modelyard.adapters.tables.opening import Column, Refused, columns_of, open_table

MAX_CELLS = 100_000
MAX_CHARACTERS = 4_000_000
LONGEST_CELL, SHORTEST_CELL = 1000, 40
EXACT = 2**53
COMPARISONS = {"eq": "=", "ne": "IS DISTINCT FROM", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
ABSENCE = {"missing": "IS NULL", "present": "IS NOT NULL"}
COMPARED_AS = {"boolean": "BOOLEAN", "date": "TIMESTAMP", "time": "TIME", "datetime": "TIMESTAMP"}
AS_THEY_ARE = ("integer", "number", "boolean")
EXAMPLES = {"boolean": "true", "date": "2024-12-31", "time": "13:30", "datetime": "2024-12-31 13:30"}

Clause = tuple[str, list[Any]]


def read_page(table: Path, request: dict[str, Any]) -> dict[str, Any]:
    """A ``TablePage`` as a document. Raises ``Refused`` (``column`` or ``value``: the field, and what is wrong)."""
    connection = open_table(table)
    columns = columns_of(connection)
    order = _order(columns, request["sort"], request["descending"])
    where, values = _where(connection, columns, request["filters"])
    limit = max(1, min(request["limit"], MAX_CELLS // len(columns)))
    longest = max(SHORTEST_CELL, min(LONGEST_CELL, MAX_CHARACTERS // (limit * len(columns))))
    chosen, more = _chosen(where, values, order, request["offset"], limit)
    cells = ", ".join(_cell(column, longest) for column in columns)
    rows = connection.execute(f"SELECT {cells} FROM content WHERE {chosen} ORDER BY {order}", more).fetchall()
    return {
        "columns": [{"name": column.name, "type": column.type} for column in columns],
        "rows": [[shown(value, longest) for value in row] for row in rows],
        "offset": request["offset"],
        "total": connection.execute(f"SELECT count(*) FROM content WHERE {where}", values).fetchall()[0][0],
    }


def shown(value: Any, longest: int = LONGEST_CELL) -> str | int | float | bool | None:
    """A value as JSON can carry it without loss to a browser; long text is cut."""
    match value:
        case bool() | None:
            return value
        case int():
            return value if -EXACT <= value <= EXACT else str(value)
        case float() | Decimal():
            number = float(value)
            return number if math.isfinite(number) else str(number)
        case _:
            text = str(value)
            return text if len(text) <= longest else text[:longest] + "…"


def _chosen(where: str, values: list[Any], order: str, offset: int, limit: int) -> Clause:
    """Which rows are on the page: found by their sort key alone, so that nothing else of the table is sorted."""
    if where == "true" and order == "rowid":
        return "rowid >= ? AND rowid < ?", [offset, offset + limit]
    inner = f"SELECT rowid FROM content WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
    return f"rowid IN ({inner})", [*values, limit, offset]


def _order(columns: list[Column], sort: str | None, descending: bool) -> str:
    if sort is None:
        return "rowid DESC" if descending else "rowid"
    column = _find(columns, sort, "sort")
    return f"{column.place} {'DESC' if descending else 'ASC'} NULLS LAST, rowid"


def _where(connection: duckdb.DuckDBPyConnection, columns: list[Column], filters: list[dict[str, Any]]) -> Clause:
    clauses = [_condition(connection, columns, one, f"filter.{n}") for n, one in enumerate(filters)]
    text = " AND ".join(f"({clause})" for clause, _ in clauses)
    return text or "true", [value for _, values in clauses for value in values]


def _condition(connection: duckdb.DuckDBPyConnection, columns: list[Column], one: dict[str, Any], field: str) -> Clause:
    column, op, value = _find(columns, one["column"], f"{field}.column"), one["op"], one["value"]
    if op in ABSENCE:
        return f"{column.place} {ABSENCE[op]}", []
    if value is None:
        raise Refused(value=f"{field}.value", detail=f"“{op}” needs a value.")
    if op == "contains":
        return f"contains(lower(CAST({column.place} AS VARCHAR)), lower(?))", [_text(value)]
    place = "?" if column.type not in COMPARED_AS else f"CAST(? AS {COMPARED_AS[column.type]})"
    return f"{column.place} {COMPARISONS[op]} {place}", [_compared(connection, column, value, f"{field}.value")]


def _compared(connection: duckdb.DuckDBPyConnection, column: Column, value: Any, field: str) -> Any:
    """The value as one of the column's type."""
    if column.type in ("integer", "number"):
        return _number(value, column, field)
    if column.type not in COMPARED_AS:
        return _text(value)
    kind = COMPARED_AS[column.type]
    if connection.execute(f"SELECT TRY_CAST(? AS {kind}) IS NULL", [_text(value)]).fetchall()[0][0]:
        detail = f"“{column.name}” holds {column.type} values, such as {EXAMPLES[column.type]}; “{value}” is none."
        raise Refused(value=field, detail=detail)
    return _text(value)


def _number(value: Any, column: Column, field: str) -> int | float:
    try:
        if isinstance(value, str):
            return int(value) if value.strip().lstrip("+-").isdigit() and len(value) < 30 else float(value)
        if not isinstance(value, bool):
            return value
    except ValueError:
        pass
    raise Refused(value=field, detail=f"“{column.name}” holds numbers; “{value}” is none.")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cell(column: Column, longest: int) -> str:
    if column.type in AS_THEY_ARE:
        return column.place
    return f"left(CAST({column.place} AS VARCHAR), {longest + 1})"


def _find(columns: list[Column], name: str, field: str) -> Column:
    for column in columns:
        if column.name == name:
            return column
    raise Refused(column=field, detail=f"It has no column “{name[:100]}”.")
