"""The ledger of what was used, its sums per day, quotas, and what meters stood at when they were last read."""

import datetime as dt
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class RecordRow(Base):
    """One entry of the ledger; never changed nor deleted, which triggers of migration 0008 see to.

    ``at`` decides the day and month it counts for; ``began_at`` and ``ended_at`` are the period it covers, where it has
    one. ``source`` says where it came from and is unique among those of its ``kind``, so that what is told again is
    known. No foreign keys: what was used stays, whoever goes.
    """

    __tablename__ = "usage_records"
    __table_args__ = (
        sa.UniqueConstraint("source", "kind"),
        sa.Index("ix_usage_records_account_id", "account_id", "at", "id"),
        sa.Index("ix_usage_records_at", "at", "id"),
        sa.Index(
            "ix_usage_records_run_id",
            "run_id",
            sqlite_where=sa.text("run_id IS NOT NULL"),
            postgresql_where=sa.text("run_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    account_id: Mapped[UUID]
    repository_id: Mapped[UUID | None]
    version: Mapped[int | None]
    run_id: Mapped[UUID | None]
    attempt: Mapped[int | None]
    kind: Mapped[str] = mapped_column(sa.String(30))
    quantity: Mapped[float]
    source: Mapped[str] = mapped_column(sa.String(200))


class DayRow(Base):
    """The sum of the records of a day (UTC), written with them. Without a repository: the nil UUID; a version: 0."""

    __tablename__ = "usage_days"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(sa.String(30), primary_key=True)
    repository_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    quantity: Mapped[float]


class NameRow(Base):
    """What a repository was called that is deleted now."""

    __tablename__ = "usage_names"

    repository_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200))


class QuotaRow(Base):
    """A quota that an administrator set for an account; ``amount`` None: without bound, whatever the site's default."""

    __tablename__ = "usage_quotas"

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(30), primary_key=True)
    amount: Mapped[float | None]


class MeterRow(Base):
    """What a meter that only grows stood at when it was last read, such as the CPU seconds of a box."""

    __tablename__ = "usage_meters"

    name: Mapped[str] = mapped_column(sa.String(150), primary_key=True)
    at: Mapped[datetime]
    value: Mapped[float]
