"""Predictions as the API speaks of them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

StatusFilter = Annotated[
    int | None, Query(ge=100, le=599, description="What the caller got: 200, 422, …; 499 left before the answer.")
]
VersionFilter = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


class Prediction(BaseModel):
    """One prediction; ``inputs`` and ``output`` are null where they were not kept."""

    id: UUID
    version: int
    predicted_at: datetime
    status: int
    seconds: float = Field(description="From the complete request to the answer, in the box.")
    size: int = Field(description="Bytes of the inputs as JSON.")
    input_digest: str = Field(
        description="SHA-256 of the inputs as JSON with sorted keys: equal inputs, equal digests."
    )
    inputs: Any = None
    output: Any = None
