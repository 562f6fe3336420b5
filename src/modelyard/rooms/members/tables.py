"""Open invitations and transfers; what has ended is in the audit log."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class MemberInvitationRow(Base):
    """An offer to belong to a repository or an organisation (one of the two ids).

    It is for ``account_id``, or for whoever shows the secret, of which only the SHA-256 is kept. ``member_until``: when
    the membership will end, None for never.
    """

    __tablename__ = "member_invitations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    repository_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), index=True)
    organisation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    role: Mapped[str] = mapped_column(sa.String(20))
    member_until: Mapped[datetime | None]
    created_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class TransferRow(Base):
    """A repository is offered to another account; at most one offer at a time."""

    __tablename__ = "transfers"

    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
