"""Which commits are packed datasets."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class PackedDatasetRow(Base):
    """The index of one commit: ``items`` good images, ``errors`` files that are listed as bad. ``summary`` has the
    counts of classes and splits, ``duplicates``, and ``packs`` (digest, size, suffix)."""

    __tablename__ = "packed_datasets"

    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True)
    commit_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    index_digest: Mapped[str] = mapped_column(sa.String(71))
    index_size: Mapped[int]
    items: Mapped[int]
    errors: Mapped[int]
    classes: Mapped[list[str]]
    summary: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
