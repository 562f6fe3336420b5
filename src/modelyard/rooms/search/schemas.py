"""Searching as the API speaks of it, and what other rooms say of a repository."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field


class Sort(StrEnum):
    """What comes first; all go downwards. ``relevance`` without words is ``quality``: rating, stars and downloads."""

    RELEVANCE = "relevance"
    RECENT = "recent"
    STARS = "stars"
    DOWNLOADS = "downloads"
    RATING = "rating"


@dataclass(frozen=True, slots=True)
class Entry:
    """What search knows of a repository. ``owner`` is the user name. ``card`` and ``data_types``: None leaves what was
    said before."""

    repository_id: UUID
    owner_id: UUID
    owner: str
    name: str
    kind: str
    visibility: str
    title: str
    description: str
    tags: tuple[str, ...]
    updated_at: datetime
    card: str | None = None
    data_types: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; None and empty mean anything. ``owner_id`` names an account; every tag must be there."""

    text: str = ""
    kind: str | None = None
    visibility: str | None = None
    owner_id: UUID | None = None
    tags: tuple[str, ...] = ()
    data_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Popularity:
    """How people take a repository. ``rating`` is the mean of ``ratings`` accounts, None for none."""

    stars: int = 0
    downloads: int = 0
    rating: float | None = None
    ratings: int = 0
    data_types: tuple[str, ...] = ()


class Count(BaseModel):
    value: str
    count: int


class Facets(BaseModel):
    """How many of what was found have each value; of owners and tags the most frequent ones.

    Of very much only a part is counted: then ``is_whole`` is false, and there are at least as many.
    """

    total: int
    is_whole: bool = True
    kinds: list[Count] = Field(default_factory=list)
    visibilities: list[Count] = Field(default_factory=list)
    owners: list[Count] = Field(default_factory=list)
    tags: list[Count] = Field(default_factory=list)
    data_types: list[Count] = Field(default_factory=list)
