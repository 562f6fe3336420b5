"""Feedback as the API speaks of it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from modelyard.rooms.repos.ports import Use
from modelyard.rooms.repos.schemas import Repository

Text = Annotated[str, StringConstraints(min_length=1, max_length=5000, strip_whitespace=True, pattern=r"^[^\x00]*$")]
Rating = Annotated[int, Field(ge=1, le=5, description="1 is worst, 5 is best.")]


class FeedbackType(StrEnum):
    EXPERIENCE = "experience"
    PROBLEM = "problem"
    IDEA = "idea"
    QUESTION = "question"


class Category(StrEnum):
    ACCURACY = "accuracy"
    DATA = "data"
    DOCUMENTATION = "documentation"
    FAIRNESS = "fairness"
    SPEED = "speed"
    USABILITY = "usability"
    OTHER = "other"


class NewFeedback(BaseModel):
    """One of each type for each version."""

    version: int = Field(ge=1, le=2**31 - 1)
    type: FeedbackType = FeedbackType.EXPERIENCE
    category: Category = Category.OTHER
    rating: Rating
    text: Text


class FeedbackChange(BaseModel):
    """What is absent stays as it is."""

    category: Category | None = None
    rating: Rating | None = None
    text: Text | None = None


class NewReply(BaseModel):
    text: Text


class Reply(BaseModel):
    id: UUID
    author: str | None = Field(description="Null where the account is gone.")
    text: str
    created_at: datetime
    can_delete: bool


class Feedback(BaseModel):
    """``tried``: whether the author downloaded or ran that version. Texts are plain text."""

    id: UUID
    version: int
    type: FeedbackType
    category: Category
    rating: int
    text: str
    author: str
    tried: bool
    created_at: datetime
    updated_at: datetime
    can_change: bool
    can_delete: bool
    replies: list[Reply]


class OwnFeedback(Feedback):
    """With what it is about."""

    repository: Repository


class Summary(BaseModel):
    """``rating`` is the mean over ``ratings`` accounts, each with what it said last; null where nobody did.

    The counts are of all feedback: ``stars`` by rating from 1 to 5.
    """

    rating: float | None
    ratings: int
    total: int
    stars: dict[str, int]
    types: dict[str, int]
    categories: dict[str, int]


class WantedFeedback(BaseModel):
    """A version that the caller tried, and has said nothing about."""

    repository: Repository
    version: int
    how: Use
    tried_at: datetime


class UsedVersion(BaseModel):
    """A version that the caller downloaded or ran, first at ``at``."""

    repository: Repository
    version: int
    how: Use
    at: datetime
