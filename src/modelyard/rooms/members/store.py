"""Every query of the members room."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit.db import lock_row
from modelyard.rooms.access.schemas import MemberScope
from modelyard.rooms.members.tables import MemberInvitationRow, TransferRow


def add_invitation(session: Session, row: MemberInvitationRow) -> None:
    session.add(row)
    session.flush()


def invitations_to(session: Session, scope: MemberScope, *, now: datetime) -> list[MemberInvitationRow]:
    """The open ones, newest first."""
    return _open(session, now, _leads_to(scope))


def invitations_for(session: Session, account_id: UUID, *, now: datetime) -> list[MemberInvitationRow]:
    """The open ones that name the account, newest first."""
    return _open(session, now, MemberInvitationRow.account_id == account_id)


def invitation(session: Session, id: UUID, *, now: datetime) -> MemberInvitationRow | None:
    """An open one; nobody else can use it before this transaction ends."""
    query = sa.select(MemberInvitationRow).where(MemberInvitationRow.id == id, MemberInvitationRow.expires_at > now)
    return session.scalars(lock_row(query)).one_or_none()


def invitation_with(session: Session, secret_hash: str, *, now: datetime) -> MemberInvitationRow | None:
    """The same by its secret."""
    query = sa.select(MemberInvitationRow).where(
        MemberInvitationRow.secret_hash == secret_hash, MemberInvitationRow.expires_at > now
    )
    return session.scalars(lock_row(query)).one_or_none()


def delete_invitation(session: Session, row: MemberInvitationRow) -> None:
    session.delete(row)
    session.flush()


def delete_invitations(session: Session, scope: MemberScope, *, to: UUID | None = None) -> None:
    """All to this; with ``to`` those that name the account."""
    query = sa.delete(MemberInvitationRow).where(_leads_to(scope))
    session.execute(query.where(MemberInvitationRow.account_id == to) if to else query)


def transfer(session: Session, repository_id: UUID, *, now: datetime) -> TransferRow | None:
    """The open offer of a repository, locked."""
    query = sa.select(TransferRow).where(TransferRow.repository_id == repository_id, TransferRow.expires_at > now)
    return session.scalars(lock_row(query)).one_or_none()


def put_transfer(session: Session, **values: Any) -> TransferRow:
    """Takes the place of an offer before it."""
    delete_transfer(session, values["repository_id"])
    row = TransferRow(**values)
    session.add(row)
    session.flush()
    return row


def transfers_to(session: Session, account_ids: Sequence[UUID], *, now: datetime) -> list[TransferRow]:
    query = sa.select(TransferRow).where(TransferRow.account_id.in_(account_ids), TransferRow.expires_at > now)
    return list(session.scalars(query.order_by(TransferRow.created_at.desc())))


def delete_transfer(session: Session, repository_id: UUID) -> None:
    session.execute(sa.delete(TransferRow).where(TransferRow.repository_id == repository_id))


def delete_expired(session: Session, *, now: datetime) -> int:
    over = (sa.delete(table).where(table.expires_at <= now) for table in (MemberInvitationRow, TransferRow))
    return sum(session.execute(statement).rowcount for statement in over)  # type: ignore[attr-defined]


def _open(session: Session, now: datetime, *where: sa.ColumnElement[bool]) -> list[MemberInvitationRow]:
    query = sa.select(MemberInvitationRow).where(*where, MemberInvitationRow.expires_at > now)
    return list(session.scalars(query.order_by(MemberInvitationRow.id.desc())))


def _leads_to(scope: MemberScope) -> sa.ColumnElement[bool]:
    if scope.is_organisation:
        return MemberInvitationRow.organisation_id == scope.id
    return MemberInvitationRow.repository_id == scope.id
