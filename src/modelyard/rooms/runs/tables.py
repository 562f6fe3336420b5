"""Runs: container executions."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class RunRow(Base):
    """One execution of one image for a repository. ``attempt`` fences late writers; ``purpose`` says what it is for."""

    __tablename__ = "runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), index=True)
    version: Mapped[int]
    purpose: Mapped[str] = mapped_column(sa.String(20))
    state: Mapped[str] = mapped_column(sa.String(20), index=True)
    attempt: Mapped[int] = mapped_column(default=1)
    image_digest: Mapped[str] = mapped_column(sa.String(71))
    isolation: Mapped[str | None] = mapped_column(sa.String(20))
    exit_code: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(sa.Text)
    result: Mapped[dict[str, Any] | None]
    log_digest: Mapped[str | None] = mapped_column(sa.String(71))
    cpu_seconds: Mapped[float | None]
    memory_peak_bytes: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
