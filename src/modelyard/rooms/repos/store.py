"""Every query of the repositories room."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.repos.tables import RepositoryRow


def insert(session: Session, values: dict[str, Any]) -> bool:
    """False where the owner has a repository of this name already."""
    return db.insert_or_ignore(session, RepositoryRow, values)


def get(session: Session, id: UUID) -> RepositoryRow | None:
    return session.get(RepositoryRow, id)


def find(session: Session, *, owner_id: UUID, name: str) -> RepositoryRow | None:
    query = sa.select(RepositoryRow).where(RepositoryRow.owner_id == owner_id, RepositoryRow.name == name)
    return session.scalar(query.where(RepositoryRow.deleting.is_(False)))


def name_taken(session: Session, *, owner_id: UUID, name: str) -> bool:
    query = sa.select(RepositoryRow.id).where(RepositoryRow.owner_id == owner_id, RepositoryRow.name == name)
    return session.scalar(query) is not None


def get_for_update(session: Session, id: UUID) -> RepositoryRow | None:
    return session.scalar(db.lock_row(sa.select(RepositoryRow).where(RepositoryRow.id == id)))


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
