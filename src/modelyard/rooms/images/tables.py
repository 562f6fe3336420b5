"""Which images a repository has, and under which tags the registry shows them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class ManifestRow(Base):
    """An OCI manifest or index of a repository; its bytes and what it refers to are blobs granted to the repository.

    ``refers_to`` are the digests of an index's manifests. ``subject`` is the digest of the manifest that it is about
    (a signature, say), which need not be there; with its ``artifact_type`` and ``annotations`` it is listed there.
    """

    __tablename__ = "manifests"

    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(71), primary_key=True)
    media_type: Mapped[str] = mapped_column(sa.String(100))
    size: Mapped[int]
    refers_to: Mapped[list[str]]
    subject: Mapped[str | None] = mapped_column(sa.String(71), index=True)
    artifact_type: Mapped[str | None] = mapped_column(sa.Text)
    annotations: Mapped[dict[str, Any] | None]
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


class RegistryCredentialRow(Base):
    """How an account signs in to a registry elsewhere, ``host`` or ``host:port``. ``secret`` is encrypted."""

    __tablename__ = "registry_credentials"
    __table_args__ = (sa.UniqueConstraint("account_id", "host"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    host: Mapped[str] = mapped_column(sa.String(255))
    username: Mapped[str] = mapped_column(sa.String(255))
    secret: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime]
