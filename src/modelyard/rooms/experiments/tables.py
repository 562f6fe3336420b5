"""Experiments: groups of runs."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class ExperimentRow(Base):
    """A group of an account's runs. ``columns`` are those of its table; ``pinned_id`` is the best run so far."""

    __tablename__ = "experiments"
    __table_args__ = (
        sa.UniqueConstraint("account_id", "name"),
        sa.Index("ix_experiments_account_id_id", "account_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(200))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    columns: Mapped[list[str]]
    pinned_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
