"""Snapshots: what a commit of a dataset holds, file by file."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class SnapshotRow(Base):
    """The files of one commit, counted once; ``digest`` is that of the list of files (``rules.listing_digest``)."""

    __tablename__ = "snapshots"
    __table_args__ = (sa.UniqueConstraint("repository_id", "commit_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), index=True)
    commit_id: Mapped[str] = mapped_column(sa.String(64))
    files: Mapped[int]
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(sa.String(71))
    created_at: Mapped[datetime]


class SnapshotFileRow(Base):
    """One file: ``size`` in bytes, ``digest`` (``sha256:…``) and ``crc32`` of its content.

    ``stored``: its bytes are a blob of the content store, else Git holds them.
    """

    __tablename__ = "snapshot_files"

    snapshot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("snapshots.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(sa.String(1000), primary_key=True)
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(sa.String(71))
    crc32: Mapped[int]
    stored: Mapped[bool]
