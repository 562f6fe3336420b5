"""The log's one table."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class AuditEventRow(Base):
    """What was done. Ids sort by time. No foreign keys: an event stays when what it tells of is gone.

    ``owner_id`` is the account that the thing belonged to, ``repository_id`` the repository, where there was one.
    """

    __tablename__ = "audit_events"
    __table_args__ = tuple(
        sa.Index(f"ix_audit_events_{column}_id", column, "id") for column in ("owner_id", "repository_id", "actor")
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor: Mapped[str | None] = mapped_column(sa.String(39))
    via: Mapped[str] = mapped_column(sa.String(20))
    credential: Mapped[str | None] = mapped_column(sa.String(100))
    address: Mapped[str | None] = mapped_column(sa.String(100))
    action: Mapped[str] = mapped_column(sa.String(40))
    owner_id: Mapped[UUID | None]
    repository_id: Mapped[UUID | None]
    subject: Mapped[str] = mapped_column(sa.String(200))
    details: Mapped[dict[str, Any]]
