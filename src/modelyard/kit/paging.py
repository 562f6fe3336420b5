"""Cursor paging: a page of items and an opaque cursor for the next one."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from modelyard.kit.errors import Invalid

Item = TypeVar("Item")


class BadCursor(Invalid):
    code = "bad_cursor"
    title = "The cursor is not one that this list gave out"


class Page(BaseModel, Generic[Item]):
    """One page of a list; ``next_cursor`` is null on the last page."""

    items: list[Item]
    next_cursor: str | None = None


Limit = Annotated[int, Query(ge=1, le=200, description="How many items at most.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before; absent for the first.")
]


class PageRequest(BaseModel):
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = None


def encode_cursor(*position: Any) -> str:
    """Packs the sort key of the last item shown."""
    return base64.urlsafe_b64encode(json.dumps(position, default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type | Callable[[str], Any]) -> list[Any]:
    """Unpacks a cursor into values of ``types`` (classes, or what reads a text); raises ``BadCursor`` otherwise."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(types):
            raise ValueError("shape")
        return [_typed(value, kind) for value, kind in zip(values, types, strict=True)]
    except (ValueError, TypeError, RecursionError) as e:
        raise BadCursor("The cursor cannot be read.", remedy="Start again without a cursor.", field="cursor") from e


def moment(text: str) -> datetime:
    """A time in a cursor, as UTC; for ``decode_cursor``."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no zone")
    try:
        return at.astimezone(UTC)
    except OverflowError as e:
        raise ValueError("no such time") from e


def _typed(value: Any, kind: type | Callable[[str], Any]) -> Any:
    typed = value if type(value) is kind else kind(str(value))
    if isinstance(typed, int) and not -(2**63) <= typed < 2**63:
        raise ValueError("no database holds this number")
    if isinstance(typed, str) and "\x00" in typed:
        raise ValueError("no database holds this text")
    return typed
