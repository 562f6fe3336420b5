"""Versions of repositories and what happened while they were made."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class VersionRow(Base):
    """Version ``number`` of a repository: its number is reserved at the push, its tag written when it is ready."""

    __tablename__ = "versions"
    __table_args__ = (sa.UniqueConstraint("repository_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(20), index=True)
    attempt: Mapped[int] = mapped_column(default=1)
    commit_id: Mapped[str] = mapped_column(sa.String(64))
    message: Mapped[str] = mapped_column(sa.Text, default="")
    pushed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id", ondelete="SET NULL"))
    platforms: Mapped[list[str]]
    signature: Mapped[dict[str, Any]]
    card: Mapped[dict[str, Any]]
    project: Mapped[dict[str, Any]]
    image_digest: Mapped[str | None] = mapped_column(sa.String(71))
    image_size: Mapped[int | None]
    lock: Mapped[str | None] = mapped_column(sa.Text)
    reason: Mapped[str | None] = mapped_column(sa.Text)
    remedy: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    ready_at: Mapped[datetime | None]


class BuildEventRow(Base):
    """One line of a version's build: a stage's change of state, or a line of its log. ``sequence`` resumes streams."""

    __tablename__ = "build_events"

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    stage: Mapped[str] = mapped_column(sa.String(30))
    state: Mapped[str] = mapped_column(sa.String(20))
    text: Mapped[str] = mapped_column(sa.Text, default="")
    at: Mapped[datetime]
