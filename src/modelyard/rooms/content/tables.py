"""Blobs that are held, who was given them (grants), and uploads under way."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class BlobRow(Base):
    """A blob in the store. ``verified_at``: when last read back; ``unheld_since`` starts its grace period."""

    __tablename__ = "blobs"

    digest: Mapped[str] = mapped_column(sa.String(71), primary_key=True)
    size: Mapped[int]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    damaged: Mapped[bool] = mapped_column(default=False)
    unheld_since: Mapped[datetime | None] = mapped_column(index=True)


class GrantRow(Base):
    """A holder's right to read a blob, and the reason the blob is kept.

    ``holder_id`` is the repository whose blob it will be, None for the account's own. ``received`` bytes lie flushed in
    a staging file; what lies behind them there does not count. With the last byte ``digest`` is set; ``completed_at``
    once the file is a blob and the holder has a grant on it.
    """

    __tablename__ = "grants"

    holder_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(sa.ForeignKey("blobs.digest"), primary_key=True, index=True)
    why: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    created_at: Mapped[datetime]


class UploadRow(Base):
    """A resumable upload, by tus or to the registry.

    ``holder_id`` is the repository whose blob it will be, None for the account's own. ``received`` bytes lie flushed in
    a staging file; what lies behind them there does not count. With the last byte ``digest`` is set; ``completed_at``
    once the file is a blob and the holder has a grant on it.
    """

    __tablename__ = "uploads"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    holder_id: Mapped[UUID | None]
    length: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)
    details: Mapped[dict[str, Any]]
    digest: Mapped[str | None] = mapped_column(sa.String(71))
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
