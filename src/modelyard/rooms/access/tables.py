"""Answers to requests that carried an ``Idempotency-Key``."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class KeptAnswerRow(Base):
    """What was answered, so that the same request again gets the same answer and does nothing.

    It is written in the transaction of the request's own changes: there is an answer exactly when they were made.
    ``body`` is null for an answer that held a secret.
    """

    __tablename__ = "idempotency_keys"

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    request_hash: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int] = mapped_column(sa.Integer)
    media_type: Mapped[str | None] = mapped_column(sa.String(200))
    location: Mapped[str | None] = mapped_column(sa.String(1000))
    body: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
