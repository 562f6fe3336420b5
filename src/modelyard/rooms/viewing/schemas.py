"""Items of datasets as the API speaks of them."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, Field

MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items: of a split, with a label (``unlabelled``: with none), with ``text`` in the path, in either case.

    ``errors``: only files that are no items because they could not be read, else only items.
    """

    split: str | None = None
    label: str | None = None
    unlabelled: bool = False
    text: str | None = None
    errors: bool = False


class DataItem(BaseModel):
    """An item of a version. ``row`` is its number in the version's index, which never changes."""

    row: int
    path: str
    label: str | None
    split: str | None
    size: int = Field(description="Bytes of its file.")
    width: int | None
    height: int | None
    error: str | None = Field(description="Why the file could not be read; it is then no part of the data.")


class ItemPage(BaseModel):
    """Items by path, from the `start`-th on, of the `total` that were asked for."""

    items: list[DataItem]
    start: int
    total: int


class ClassCount(BaseModel):
    """How many items have a label (null: those that have none), and how many of them are in each split."""

    label: str | None
    count: int
    splits: dict[str, int]


class SplitCount(BaseModel):
    split: str | None
    count: int


class ReasonCount(BaseModel):
    """Why files could not be read, and how many."""

    reason: str
    count: int


class ItemSummary(BaseModel):
    """What a version holds. `duplicates`: items whose bytes another item before them has too."""

    items: int
    errors: int
    duplicates: int
    classes: list[ClassCount]
    splits: list[SplitCount]
    reasons: list[ReasonCount]


class Change(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    RELABELLED = "relabelled"
    REPLACED = "replaced"


class ItemChange(BaseModel):
    """An item that differs between two versions, by its path. `row` is its number in the newer one, or, of what was
    removed, in the older."""

    kind: Change
    path: str
    row: int
    label: str | None
    label_before: str | None


class ItemChanges(BaseModel):
    """How a version differs from another: `counts` of all kinds, and the changes of one kind from the `start`-th on."""

    counts: dict[Change, int]
    items: list[ItemChange]
    start: int
    total: int
