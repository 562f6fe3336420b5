"""Usage as other rooms tell it and as the API speaks of it."""

import datetime as dt
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field


class UsageKind(StrEnum):
    """What is counted. A GB is 10⁹ bytes."""

    CPU_SECONDS = "cpu_seconds"
    MEMORY_GB_SECONDS = "memory_gb_seconds"
    GPU_SECONDS = "gpu_seconds"
    STORAGE_GB_HOURS = "storage_gb_hours"
    BYTES_OUT = "bytes_out"
    PREDICTIONS = "predictions"
    RUNS = "runs"


class QuotaKind(StrEnum):
    """What may be bounded: sums of a calendar month (UTC), bytes held now, runs at the same time."""

    CPU_SECONDS = "cpu_seconds"
    MEMORY_GB_SECONDS = "memory_gb_seconds"
    GPU_SECONDS = "gpu_seconds"
    BYTES_OUT = "bytes_out"
    PREDICTIONS = "predictions"
    RUNS = "runs"
    STORAGE_BYTES = "storage_bytes"
    CONCURRENT_RUNS = "concurrent_runs"


class By(StrEnum):
    """What usage is summed by, besides its kind."""

    DAY = "day"
    KIND = "kind"
    REPOSITORY = "repository"
    VERSION = "version"
    RUN = "run"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to be recorded. ``quantity`` is not negative, and in the unit of its kind; zero leaves no trace.

    ``source`` says where it comes from: of two entries with the same source and kind only the first counts. ``at``
    decides the day it counts for.
    """

    account_id: UUID
    kind: UsageKind
    quantity: float
    source: str
    at: datetime
    repository_id: UUID | None = None
    version: int | None = None
    run_id: UUID | None = None
    attempt: int | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None


class UsageLine(BaseModel):
    """A sum of one kind; of what it is the sum, by what was asked for. Null: of none, as storage is of no version."""

    kind: UsageKind
    quantity: float
    day: dt.date | None = None
    account: str | None = None
    repository: str | None = Field(None, description="`owner/name`, of a deleted one as it was called last.")
    repository_id: UUID | None = None
    deleted: bool = Field(False, description="Whether the repository is gone.")
    version: int | None = None
    run: UUID | None = None


class UsageReport(BaseModel):
    """What was used from ``since`` to ``until``, both days (UTC) included."""

    since: dt.date
    until: dt.date
    by: By
    account: str | None = Field(None, description="Whose; null: everybody's.")
    items: list[UsageLine]
    complete: bool = Field(True, description="False where there are more lines than an answer holds.")


class UsageRecord(BaseModel):
    """One entry of the ledger, which never changes. The period is null where it is of a moment."""

    id: UUID
    at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    account: str | None
    repository: str | None
    repository_id: UUID | None
    version: int | None
    run: UUID | None
    attempt: int | None
    kind: UsageKind
    quantity: float
    source: str


class Quota(BaseModel):
    """How much of something an account may use. ``limit`` null: without bound."""

    kind: QuotaKind
    limit: float | None
    used: float | None = Field(description="This month, or now; null where only those who run things know.")
    left: float | None = Field(description="Never negative; null: without bound.")
    renews_at: datetime | None = Field(description="When a monthly one begins anew; null for what is held now.")
    is_default: bool = Field(description="Whether it is the site's, not one set for this account.")


class Quotas(BaseModel):
    """Every quota of an account."""

    account: str
    items: list[Quota]


class QuotaChange(BaseModel):
    """The account's own quotas: a number bounds, null frees, and what is left out follows the site's default."""

    quotas: dict[QuotaKind, float | None] = Field(max_length=len(QuotaKind))
