"""Repositories. Their content is in Git; this holds what lists and access need."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class RepositoryRow(Base):
    """A repository ``owner/name``. The bare Git repository is named by ``id``, so that a rename moves no bytes.

    ``git_bytes`` is what Git held of it after the last commit or push.
    ``picture`` is the digest of its picture, None for none. ``forked_from`` is the id of what it was copied from,
    which may be gone.
    """

    __tablename__ = "repositories"
    __table_args__ = (sa.UniqueConstraint("owner_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(sa.String(100))
    kind: Mapped[str] = mapped_column(sa.String(20), index=True)
    visibility: Mapped[str] = mapped_column(sa.String(20))
    title: Mapped[str] = mapped_column(sa.String(200), default="")
    description: Mapped[str] = mapped_column(sa.Text, default="")
    tags: Mapped[list[str]]
    picture: Mapped[str | None] = mapped_column(sa.String(71))
    forked_from: Mapped[UUID | None] = mapped_column()
    next_version: Mapped[int] = mapped_column(default=1)
    git_bytes: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"), default=0, server_default="0"
    )
    deleting: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime] = mapped_column(index=True)


class StarRow(Base):
    """An account likes a repository."""

    __tablename__ = "stars"

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    repository_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime]
