"""Who tried which version, and what they say about it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class UseRow(Base):
    """An account downloaded or ran a version, first at ``at``. ``declined``: it is not to be asked for feedback."""

    __tablename__ = "uses"

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    repository_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    how: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    at: Mapped[datetime]
    declined: Mapped[bool] = mapped_column(default=False)


class FeedbackRow(Base):
    """What an account says of a version: one of each ``type``."""

    __tablename__ = "feedback"
    __table_args__ = (
        sa.UniqueConstraint("repository_id", "account_id", "version", "type"),
        sa.Index("ix_feedback_account_id", "account_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"))
    version: Mapped[int]
    type: Mapped[str] = mapped_column(sa.String(20))
    category: Mapped[str] = mapped_column(sa.String(20))
    rating: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ReplyRow(Base):
    """An answer to feedback by somebody who may change the repository."""

    __tablename__ = "feedback_replies"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    feedback_id: Mapped[UUID] = mapped_column(sa.ForeignKey("feedback.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
