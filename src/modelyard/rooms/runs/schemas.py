"""Runs as the API and other rooms speak of them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from modelyard.rooms.runs.rules import RunState


class Purpose(StrEnum):
    """What a run is for. ``check``: a version is loaded once before it is ready; ``describe``: its signature is read
    from the loaded model."""

    CHECK = "check"
    DESCRIBE = "describe"


class Run(BaseModel):
    """One execution. ``result`` is what it reported, ``reason`` why it failed; usage where the engine knows it."""

    id: UUID
    repository_id: UUID
    version: int
    purpose: Purpose
    state: RunState
    attempt: int
    isolation: str | None
    exit_code: int | None
    reason: str | None
    result: dict[str, Any] | None
    cpu_seconds: float | None
    memory_peak_bytes: int | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
