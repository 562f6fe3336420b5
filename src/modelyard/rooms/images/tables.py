"""Which images a repository has, and under which tags the registry shows them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class ManifestRow(Base):
    """An OCI manifest or index of a repository; its bytes and what it refers to are blobs granted to the repository."""

    __tablename__ = "manifests"

    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(71), primary_key=True)
    media_type: Mapped[str] = mapped_column(sa.String(100))
    size: Mapped[int]
    refers_to: Mapped[list[dict[str, Any]]]
    created_at: Mapped[datetime]


class ImageTagRow(Base):
    """A registry tag (``v1``) of a repository."""

    __tablename__ = "image_tags"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["repository_id", "digest"], ["manifests.repository_id", "manifests.digest"], ondelete="CASCADE"
        ),
    )

    repository_id: Mapped[UUID] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(71))
    created_at: Mapped[datetime]
