"""Who belongs to what, and answers to requests that carried an ``Idempotency-Key``."""

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


class RepositoryMemberRow(Base):
    """An account has a role in one repository. ``expires_at`` is when that ends, None for never.

    Its primary key begins with the account: lists ask what is hers.
    """

    __tablename__ = "repository_members"

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    repository_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(sa.String(20))
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class OrganisationMemberRow(Base):
    """An account has a role in an organisation, and so in all its repositories."""

    __tablename__ = "organisation_members"

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(sa.String(20))
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
