"""Results as the API speaks of them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

Cell = str | int | float | bool | None
"""null is missing; times are as `2024-12-31 13:30:00`; whole numbers beyond 2^53 and what is not finite are text."""


class ColumnType(StrEnum):
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    TEXT = "text"
    OTHER = "other"


class Column(BaseModel):
    name: str
    type: ColumnType = Field(description="`other` (lists, objects, bytes) is shown as text.")


class Operator(StrEnum):
    EQUAL = "eq"
    NOT_EQUAL = "ne"
    LESS = "lt"
    AT_MOST = "le"
    GREATER = "gt"
    AT_LEAST = "ge"
    CONTAINS = "contains"
    MISSING = "missing"
    PRESENT = "present"


class TableFilter(BaseModel):
    """Keeps the rows whose value in ``column`` is so. ``contains`` takes text, in either case."""

    model_config = ConfigDict(extra="forbid")

    column: Annotated[str, Field(max_length=1000)]
    op: Operator
    value: Annotated[str, Field(max_length=1000)] | bool | int | float | None = Field(
        default=None, description="Compared as the type of the column; not for `missing` and `present`."
    )


FilterText = Annotated[
    str,
    Query(
        max_length=8000,
        description="Keeps the rows that match all of these, as JSON: a column, one of `eq`, `ne`, `lt`, `le`, "
        "`gt`, `ge`, `contains`, `missing`, `present`, and a value.",
        examples=['[{"column": "age", "op": "ge", "value": 18}]'],
    ),
]
"""Filters of a request, for ``parse_filters``."""


@dataclass(frozen=True, slots=True)
class TableQuery:
    """Which rows: those that every filter keeps, by ``sort`` (a column; None: as in the file), missing values last."""

    sort: str | None = None
    descending: bool = False
    filters: tuple[TableFilter, ...] = ()
    offset: int = 0
    limit: int = 100


class TablePage(BaseModel):
    """Rows from ``offset`` on, of the ``total`` that the filters keep. Wide tables give fewer rows than were asked for,
    and long texts are cut (they end in ``…``)."""

    columns: list[Column]
    rows: list[list[Cell]]
    offset: int
    total: int


class Bin(BaseModel):
    """How many values lie from ``start`` to below ``end``, the last bin's included. Times in seconds since 1970."""

    start: float
    end: float
    count: int


class TopValue(BaseModel):
    value: str
    count: int


class ColumnStatistics(BaseModel):
    """What a column holds. What cannot be said of its type is null or empty."""

    name: str
    type: ColumnType
    missing: int
    distinct: int = Field(description="Estimated, within some per cent, in tables of more than 100,000 rows.")
    min: Cell
    max: Cell
    mean: float | None
    std: float | None = Field(description="As of a sample (divided by one less than their number).")
    bins: list[Bin] = Field(description="Numbers and times; what is not finite is left out.")
    top: list[TopValue] = Field(description="The most frequent values of text and truth values.")


class TableStatistics(BaseModel):
    rows: int
    columns: list[ColumnStatistics]
