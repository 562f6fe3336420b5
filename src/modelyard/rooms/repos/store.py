"""Every query of the repositories room."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.access import service as access
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.repos.tables import RepositoryRow, StarRow


def insert(session: Session, values: dict[str, Any]) -> bool:
    """False where the owner has a repository of this name already."""
    return db.insert_or_ignore(session, RepositoryRow, values)


def get(session: Session, id: UUID) -> RepositoryRow | None:
    return session.get(RepositoryRow, id)


def require(session: Session, id: UUID) -> RepositoryRow:
    """Raises ``RepositoryMissing``."""
    row = get(session, id)
    if row is None:
        raise RepositoryMissing
    return row


def find(session: Session, *, owner_id: UUID, name: str) -> RepositoryRow | None:
    query = sa.select(RepositoryRow).where(RepositoryRow.owner_id == owner_id, RepositoryRow.name == name)
    return session.scalar(query.where(RepositoryRow.deleting.is_(False)))


def name_taken(session: Session, *, owner_id: UUID, name: str) -> bool:
    query = sa.select(RepositoryRow.id).where(RepositoryRow.owner_id == owner_id, RepositoryRow.name == name)
    return session.scalar(query) is not None


def get_for_update(session: Session, id: UUID) -> RepositoryRow | None:
    return session.scalar(db.lock_row(sa.select(RepositoryRow).where(RepositoryRow.id == id)))


def require_present(session: Session, repository_id: UUID) -> None:
    """Keeps the repository from being erased until this transaction ends; raises ``RepositoryMissing``."""
    row = get_for_update(session, repository_id)
    if row is None or row.deleting:
        raise RepositoryMissing


def reserve_number(session: Session, id: UUID) -> int | None:
    """Takes the next version number; numbers are never given twice. None where the repository is gone."""
    query = (
        sa.update(RepositoryRow)
        .where(RepositoryRow.id == id, RepositoryRow.deleting.is_(False))
        .values(next_version=RepositoryRow.next_version + 1)
        .returning(RepositoryRow.next_version)
    )
    following = session.execute(query).scalar_one_or_none()
    return None if following is None else following - 1


def page(
    session: Session,
    *,
    allowed: sa.ColumnElement[bool],
    kind: str | None,
    owner_id: UUID | None,
    text: str | None,
    tag: str | None,
    visibility: str | None,
    before: UUID | None,
    limit: int,
) -> list[RepositoryRow]:
    """The newest repositories first (ids sort by time), ``limit`` at most, older than ``before``."""
    query = sa.select(RepositoryRow).where(allowed, RepositoryRow.deleting.is_(False))
    if kind:
        query = query.where(RepositoryRow.kind == kind)
    if visibility:
        query = query.where(RepositoryRow.visibility == visibility)
    if owner_id:
        query = query.where(RepositoryRow.owner_id == owner_id)
    if tag:
        query = query.where(db.holds(session, RepositoryRow.tags, tag))
    if text:
        columns = (
            RepositoryRow.name,
            RepositoryRow.title,
            RepositoryRow.description,
            sa.cast(RepositoryRow.tags, sa.Text),
        )
        query = query.where(sa.or_(*(db.contains(column, text) for column in columns)))
    if before:
        query = query.where(RepositoryRow.id < before)
    return list(session.scalars(query.order_by(RepositoryRow.id.desc()).limit(limit)))


def deleting(session: Session) -> list[RepositoryRow]:
    return list(session.scalars(sa.select(RepositoryRow).where(RepositoryRow.deleting.is_(True))))


def all_ids(session: Session) -> set[UUID]:
    """Those being deleted included."""
    return set(session.scalars(sa.select(RepositoryRow.id)))


def delete(session: Session, id: UUID) -> None:
    session.execute(sa.delete(RepositoryRow).where(RepositoryRow.id == id))


def owns_any(session: Session, owner_id: UUID) -> bool:
    """Also one that is being deleted: its row still names the owner."""
    return session.scalar(sa.select(RepositoryRow.id).where(RepositoryRow.owner_id == owner_id).limit(1)) is not None


def owners_of(session: Session, ids: Collection[UUID]) -> dict[UUID, UUID]:
    query = sa.select(RepositoryRow.id, RepositoryRow.owner_id).where(RepositoryRow.id.in_(ids))
    return {row.id: row.owner_id for row in session.execute(query)} if ids else {}


def set_git_bytes(session: Session, id: UUID, size: int) -> None:
    session.execute(sa.update(RepositoryRow).where(RepositoryRow.id == id).values(git_bytes=size))


def git_bytes(session: Session, account_id: UUID | None) -> dict[UUID, int]:
    """Owner → bytes, of one account or of all."""
    size = sa.cast(sa.func.sum(RepositoryRow.git_bytes), sa.BigInteger).label("bytes")
    query = sa.select(RepositoryRow.owner_id, size).group_by(RepositoryRow.owner_id)
    if account_id is not None:
        query = query.where(RepositoryRow.owner_id == account_id)
    return {row.owner_id: row.bytes for row in session.execute(query)}


def holders(account_id: UUID | None) -> sa.Subquery:
    """``holder_id`` and ``owner_id`` of what may hold content: each repository for its owner, each owner for itself;
    those of one account, or of all."""
    own = _repository_holders()
    if account_id is not None:
        itself = sa.select(sa.literal(account_id, sa.Uuid()), sa.literal(account_id, sa.Uuid()))
        return own.where(RepositoryRow.owner_id == account_id).union_all(itself).subquery()
    return own.union_all(accounts.ids()).subquery()


def holder(repository_id: UUID) -> sa.Subquery:
    """As ``holders``, one repository alone."""
    return _repository_holders().where(RepositoryRow.id == repository_id).subquery()


def _repository_holders() -> "sa.Select[UUID, UUID]":
    return sa.select(RepositoryRow.id.label("holder_id"), RepositoryRow.owner_id.label("owner_id"))


def present(
    session: Session, ids: Collection[UUID], *, allowed: sa.ColumnElement[bool] | None = None
) -> list[RepositoryRow]:
    """Those that are not being deleted (and are ``allowed``), in no particular order."""
    query = sa.select(RepositoryRow).where(RepositoryRow.id.in_(ids), RepositoryRow.deleting.is_(False))
    query = query if allowed is None else query.where(allowed)
    return list(session.scalars(query)) if ids else []


def readable(principal: Principal, *, require_sign_in: bool) -> sa.ColumnElement[bool]:
    """The clause for rows of repositories that the principal may read and that are not being deleted."""
    allowed = access.readable(
        principal,
        id=RepositoryRow.id,
        owner_id=RepositoryRow.owner_id,
        visibility=RepositoryRow.visibility,
        require_sign_in=require_sign_in,
    )
    return sa.and_(allowed, RepositoryRow.deleting.is_(False))


def readable_id(column: Any, principal: Principal, *, require_sign_in: bool, but_own: bool) -> sa.ColumnElement[bool]:
    """The same for rows of other rooms, whose ``column`` holds the id of a repository; with ``but_own``, of others."""
    query = sa.select(RepositoryRow.id).where(
        RepositoryRow.id == column, readable(principal, require_sign_in=require_sign_in)
    )
    if but_own:
        query = query.where(sa.not_(access.maintained(principal, id=RepositoryRow.id, owner_id=RepositoryRow.owner_id)))
    return query.correlate_except(RepositoryRow).exists()


def without_entry(session: Session, entered: sa.Select[tuple[UUID]], *, limit: int) -> list[RepositoryRow]:
    """Those that search does not know, though it should."""
    query = sa.select(RepositoryRow).where(RepositoryRow.id.not_in(entered), RepositoryRow.deleting.is_(False))
    return list(session.scalars(query.order_by(RepositoryRow.id).limit(limit)))


def add_star(session: Session, *, account_id: UUID, repository_id: UUID, at: datetime) -> bool:
    """False where it is there already."""
    values = {"account_id": account_id, "repository_id": repository_id, "created_at": at}
    return db.insert_or_ignore(session, StarRow, values)


def remove_star(session: Session, *, account_id: UUID, repository_id: UUID) -> bool:
    """False where there was none."""
    query = sa.delete(StarRow).where(StarRow.account_id == account_id, StarRow.repository_id == repository_id)
    return session.execute(query.returning(StarRow.account_id)).first() is not None


def starred(session: Session, account_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    query = sa.select(StarRow.repository_id).where(StarRow.account_id == account_id, StarRow.repository_id.in_(ids))
    return set(session.scalars(query))


def starred_page(
    session: Session, account_id: UUID, *, allowed: sa.ColumnElement[bool], before: UUID | None, limit: int
) -> list[RepositoryRow]:
    query = sa.select(RepositoryRow).join(StarRow, StarRow.repository_id == RepositoryRow.id)
    query = query.where(StarRow.account_id == account_id, allowed)
    if before:
        query = query.where(RepositoryRow.id < before)
    return list(session.scalars(query.order_by(RepositoryRow.id.desc()).limit(limit)))
