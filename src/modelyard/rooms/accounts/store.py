"""Every query of the accounts room."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit.db import contains, lock_row
from modelyard.rooms.accounts.schemas import AccountKind, Role
from modelyard.rooms.accounts.tables import AccountRow, InvitationRow, SessionRow, SiteSettingRow, TokenRow

_MADE_BY_SITE = TokenRow.only_repository.is_not(None)


def account(session: Session, account_id: UUID) -> AccountRow | None:
    return session.get(AccountRow, account_id)


def account_named(session: Session, username: str) -> AccountRow | None:
    return session.scalar(sa.select(AccountRow).where(AccountRow.username == username))


def account_for_update(session: Session, account_id: UUID) -> AccountRow | None:
    return session.scalar(lock_row(sa.select(AccountRow).where(AccountRow.id == account_id)))


def accounts_page(session: Session, *, query: str, after: str | None, limit: int) -> list[AccountRow]:
    """People's accounts in the order of their user names, those after ``after``, one more than ``limit``."""
    people = sa.select(AccountRow).where(AccountRow.kind == AccountKind.PERSON.value)
    statement = people.order_by(AccountRow.username).limit(limit + 1)
    if query:
        statement = statement.where(
            sa.or_(contains(AccountRow.username, query), contains(AccountRow.display_name, query))
        )
    if after is not None:
        statement = statement.where(AccountRow.username > after)
    return list(session.scalars(statement))


def count_accounts(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(AccountRow)) or 0


def usernames(session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    rows = session.execute(sa.select(AccountRow.id, AccountRow.username).where(AccountRow.id.in_(set(ids))))
    return {row.id: row.username for row in rows}


def accounts_of(session: Session, ids: Iterable[UUID]) -> list[AccountRow]:
    return list(session.scalars(sa.select(AccountRow).where(AccountRow.id.in_(set(ids)))))


def ids() -> sa.Select[UUID, UUID]:
    """The id of each account, twice: an account holds what is its own."""
    return sa.select(AccountRow.id, AccountRow.id.label("owner_id"))


def lock_administrators(session: Session) -> set[UUID]:
    """The administrators who can sign in, held until the transaction ends so that two cannot demote each other."""
    enabled = sa.select(AccountRow).where(AccountRow.role == Role.ADMINISTRATOR.value, AccountRow.disabled.is_(False))
    return {row.id for row in session.scalars(lock_row(enabled.order_by(AccountRow.id)))}


def session_with_account(session: Session, secret_hash: str) -> tuple[SessionRow, AccountRow] | None:
    found = session.execute(
        sa.select(SessionRow, AccountRow)
        .join(AccountRow, AccountRow.id == SessionRow.account_id)
        .where(SessionRow.secret_hash == secret_hash)
    ).one_or_none()
    return (found[0], found[1]) if found else None


def token_with_account(session: Session, secret_hash: str) -> tuple[TokenRow, AccountRow] | None:
    found = session.execute(
        sa.select(TokenRow, AccountRow)
        .join(AccountRow, AccountRow.id == TokenRow.account_id)
        .where(TokenRow.secret_hash == secret_hash)
    ).one_or_none()
    return (found[0], found[1]) if found else None


def delete_sessions(session: Session, account_id: UUID, *, but: UUID | None = None) -> None:
    statement = sa.delete(SessionRow).where(SessionRow.account_id == account_id)
    session.execute(statement.where(SessionRow.id != but) if but else statement)


def delete_session(session: Session, session_id: UUID) -> None:
    session.execute(sa.delete(SessionRow).where(SessionRow.id == session_id))


def tokens_of(session: Session, account_id: UUID) -> list[TokenRow]:
    """The account's own tokens, newest first; not those that the site made for one repository."""
    return list(session.scalars(_own_tokens(account_id).order_by(TokenRow.id.desc())))


def delete_token(session: Session, row: TokenRow) -> None:
    session.delete(row)


def own_token(session: Session, account_id: UUID, token_id: UUID) -> TokenRow | None:
    return session.scalars(_own_tokens(account_id).where(TokenRow.id == token_id)).one_or_none()


def note_token_uses(session: Session, uses: dict[UUID, datetime]) -> None:
    for token_id, used_at in sorted(uses.items()):  # sorted: two processes lock the rows in one order
        session.execute(sa.update(TokenRow).where(TokenRow.id == token_id).values(last_used_at=used_at))


def invitation_for(session: Session, secret_hash: str, *, lock: bool) -> InvitationRow | None:
    """The invitation; with ``lock`` nobody else can use it before this transaction ends."""
    found = sa.select(InvitationRow).where(InvitationRow.secret_hash == secret_hash)
    return session.scalars(lock_row(found) if lock else found).one_or_none()


def open_invitations(session: Session, *, now: datetime) -> list[InvitationRow]:
    """Those that can still be used, newest first."""
    unused = sa.select(InvitationRow).where(InvitationRow.used_by.is_(None), InvitationRow.expires_at > now)
    return list(session.scalars(unused.order_by(InvitationRow.id.desc())))


def delete_invitation(session: Session, invitation_id: UUID) -> bool:
    result = session.execute(sa.delete(InvitationRow).where(InvitationRow.id == invitation_id))
    return bool(result.rowcount)  # type: ignore[attr-defined]


def delete_expired(session: Session, *, now: datetime, keep_tokens: timedelta) -> int:
    """Removes what is over, people's own tokens only after ``keep_tokens`` (they want to see what expired)."""
    long_over = sa.and_(TokenRow.only_repository.is_(None), TokenRow.expires_at <= now - keep_tokens)
    over = (
        sa.delete(SessionRow).where(SessionRow.expires_at <= now),
        sa.delete(InvitationRow).where(InvitationRow.expires_at <= now),
        sa.delete(TokenRow).where(sa.or_(long_over, sa.and_(_MADE_BY_SITE, TokenRow.expires_at <= now))),
    )
    return sum(session.execute(statement).rowcount for statement in over)  # type: ignore[attr-defined]


def site_setting(session: Session, name: str) -> dict[str, Any] | None:
    row = session.get(SiteSettingRow, name)
    return row.value if row else None


def set_site_setting(session: Session, name: str, value: dict[str, Any], *, now: datetime) -> None:
    session.merge(SiteSettingRow(name=name, value=value, changed_at=now))


def _own_tokens(account_id: UUID) -> sa.Select[Any]:
    return sa.select(TokenRow).where(TokenRow.account_id == account_id, TokenRow.only_repository.is_(None))
