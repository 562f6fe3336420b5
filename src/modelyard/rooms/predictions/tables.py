"""Predictions as their boxes report them."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class PredictionRow(Base):
    """``id`` is the box's, unique within its repository; ``seconds`` until the answer, ``size`` the bytes of inputs.

    ``inputs`` and ``output`` are JSON, None where they were not kept.
    """

    __tablename__ = "predictions"

    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    predicted_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int]
    seconds: Mapped[float]
    size: Mapped[int]
    input_digest: Mapped[str] = mapped_column(sa.String(71))
    inputs: Mapped[str | None] = mapped_column(sa.Text)
    output: Mapped[str | None] = mapped_column(sa.Text)
