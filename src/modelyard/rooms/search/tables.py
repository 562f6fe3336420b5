"""What can be found: one narrow row for sorting, one with the words, and one for each label that is counted."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class EntryRow(Base):
    """A repository as search sorts it; ``number`` is its name in the full-text index.

    ``rating`` is the mean of ``ratings`` accounts, None for none; ``score`` what is sorted by it and ``quality`` what
    equally relevant ones are sorted by (both from ``rules``). Each index holds all that walking along it asks.
    """

    __tablename__ = "search_entries"
    __table_args__ = tuple(
        sa.Index(f"ix_search_entries_{column}", column, "number", "visibility", "owner_id")
        for column in ("stars", "downloads", "score", "quality", "updated_at")
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), unique=True)
    owner_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(sa.String(20))
    visibility: Mapped[str] = mapped_column(sa.String(20))
    stars: Mapped[int] = mapped_column(default=0)
    downloads: Mapped[int] = mapped_column(default=0)
    rating: Mapped[float | None]
    ratings: Mapped[int] = mapped_column(default=0)
    score: Mapped[int] = mapped_column(default=0)
    quality: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime]


class TextRow(Base):
    """The words of an entry, normalised by ``rules.words``, one column for each weight of the full-text index."""

    __tablename__ = "search_texts"

    number: Mapped[int] = mapped_column(sa.ForeignKey("search_entries.number", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text)
    title: Mapped[str] = mapped_column(sa.Text)
    text: Mapped[str] = mapped_column(sa.Text)
    labels: Mapped[str] = mapped_column(sa.Text)


class LabelRow(Base):
    """A label that facets count: ``facet`` is ``tag`` or ``data``."""

    __tablename__ = "search_labels"

    number: Mapped[int] = mapped_column(sa.ForeignKey("search_entries.number", ondelete="CASCADE"), primary_key=True)
    facet: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    label: Mapped[str] = mapped_column(sa.String(50), primary_key=True)
