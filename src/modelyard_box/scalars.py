"""JSON scalars → numbers, texts, dates and the like. Strict: each raises Mismatch for JSON of another type."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from modelyard_box.errors import Mismatch

Converter = Callable[[Any], Any]
_EXACT_INT = 2**63


def _integer(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        if abs(value) >= _EXACT_INT:
            raise Mismatch("is an integer beyond 64 bits")
        return int(value)
    raise Mismatch("is not an integer")


def _number(value: Any) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise Mismatch("is not a number")


def _exactly(kind: type, words: str) -> Converter:
    def convert(value: Any) -> Any:
        if type(value) is not kind:
            raise Mismatch(f"is not {words}")
        return value

    return convert


def _text_as(parse: Converter, words: str) -> Converter:
    def convert(value: Any) -> Any:
        if type(value) is not str:
            raise Mismatch(f"is not {words}")
        try:
            return parse(value)
        except ValueError as error:
            raise Mismatch(f"is not {words}: {error}") from error

    return convert


def _decimal(value: Any) -> Decimal:
    if type(value) not in (int, float, str):
        raise Mismatch("is not a number")
    try:
        return Decimal(str(value))
    except ArithmeticError as error:
        raise Mismatch("is not a number") from error


SCALARS: dict[Any, Converter | None] = {
    Any: None,
    object: None,
    int: _integer,
    float: _number,
    str: _exactly(str, "text"),
    bool: _exactly(bool, "true or false"),
    date: _text_as(date.fromisoformat, "a date such as 2024-12-31"),
    datetime: _text_as(datetime.fromisoformat, "a time such as 2024-12-31T23:59:00Z"),
    time: _text_as(time.fromisoformat, "a time of day such as 23:59:00"),
    timedelta: lambda value: timedelta(seconds=_number(value)),
    UUID: _text_as(UUID, "a UUID"),
    Decimal: _decimal,
}
"""What each annotation makes of a JSON value; None where that is nothing."""
