"""Every query of the content room."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit.db import insert_or_ignore, lock_row
from modelyard.rooms.content.tables import BlobRow, GrantRow, UploadRow


def get_blob(session: Session, digest: str) -> BlobRow | None:
    return session.get(BlobRow, digest)


def lock_blob(session: Session, digest: str) -> BlobRow | None:
    """The row as it is now, kept from changing until this transaction ends."""
    statement = lock_row(sa.select(BlobRow).where(BlobRow.digest == digest))
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def insert_blob(session: Session, *, digest: str, size: int, at: datetime, unheld_since: datetime | None) -> bool:
    """False where the row is there already."""
    values = {"digest": digest, "size": size, "created_at": at, "damaged": False, "unheld_since": unheld_since}
    return insert_or_ignore(session, BlobRow, values)


def delete_blob(session: Session, row: BlobRow) -> None:
    session.delete(row)
    session.flush()


def known_digests(session: Session, digests: Sequence[str]) -> set[str]:
    return set(session.scalars(sa.select(BlobRow.digest).where(BlobRow.digest.in_(digests))))


def mark_unheld(session: Session, *, at: datetime) -> int:
    """Starts the grace period of blobs that have no grant; says how many those are."""
    statement = sa.update(BlobRow).where(BlobRow.unheld_since.is_(None), ~_granted()).values(unheld_since=at)
    return _count(session.execute(statement.execution_options(synchronize_session=False)))


def unheld_before(session: Session, moment: datetime, *, limit: int, after: str) -> list[str]:
    """Digests whose grace period began at ``moment`` or earlier, in order, from behind ``after``."""
    statement = sa.select(BlobRow.digest).where(BlobRow.unheld_since <= moment, BlobRow.digest > after)
    return list(session.scalars(statement.order_by(BlobRow.digest).limit(limit)))


def unverified_since(session: Session, moment: datetime, *, limit: int, after: str) -> list[str]:
    """Digests of good blobs that no scrub has read since ``moment``, in order, from behind ``after``."""
    stale = sa.or_(BlobRow.verified_at.is_(None), BlobRow.verified_at <= moment)
    statement = sa.select(BlobRow.digest).where(stale, ~BlobRow.damaged, BlobRow.digest > after)
    return list(session.scalars(statement.order_by(BlobRow.digest).limit(limit)))


def damaged_blobs(session: Session) -> list[BlobRow]:
    return list(session.scalars(sa.select(BlobRow).where(BlobRow.damaged).order_by(BlobRow.digest)))


def insert_grant(session: Session, *, holder_id: UUID, digest: str, why: str, at: datetime) -> bool:
    """False where the grant is there already."""
    values = {"holder_id": holder_id, "digest": digest, "why": why, "created_at": at}
    return insert_or_ignore(session, GrantRow, values)


def copy_grants(session: Session, *, source: UUID, target: UUID, why: str, at: datetime) -> None:
    """Gives ``target``, which holds nothing for that reason yet, what ``source`` holds for it."""
    held = sa.select(
        sa.literal(target, GrantRow.holder_id.type),
        GrantRow.digest,
        GrantRow.why,
        sa.literal(at, GrantRow.created_at.type),
    ).where(GrantRow.holder_id == source, GrantRow.why == why)
    session.execute(sa.insert(GrantRow).from_select(["holder_id", "digest", "why", "created_at"], held))
    copied = sa.select(GrantRow.digest).where(GrantRow.holder_id == target, GrantRow.why == why)
    statement = sa.update(BlobRow).where(BlobRow.digest.in_(copied), BlobRow.unheld_since.is_not(None))
    session.execute(statement.values(unheld_since=None).execution_options(synchronize_session=False))


def delete_grants(
    session: Session, *, holder_id: UUID, why: str | None, prefix: str | None, digest: str | None = None
) -> int:
    statement = sa.delete(GrantRow).where(GrantRow.holder_id == holder_id)
    if why is not None:
        statement = statement.where(GrantRow.why == why)
    if prefix is not None:
        statement = statement.where(GrantRow.why.startswith(prefix, autoescape=True))
    if digest is not None:
        statement = statement.where(GrantRow.digest == digest)
    return _count(session.execute(statement))


def held_sizes(session: Session, *, holder_id: UUID, digests: Sequence[str]) -> dict[str, int]:
    held = sa.exists().where(GrantRow.holder_id == holder_id, GrantRow.digest == BlobRow.digest)
    query = sa.select(BlobRow.digest, BlobRow.size).where(BlobRow.digest.in_(digests), held)
    return {row.digest: row.size for row in session.execute(query)}


def reasons(session: Session, *, holder_id: UUID, digest: str) -> list[str]:
    query = sa.select(GrantRow.why).where(GrantRow.holder_id == holder_id, GrantRow.digest == digest)
    return list(session.scalars(query.order_by(GrantRow.why)))


def is_granted(session: Session, digest: str) -> bool:
    return bool(session.scalar(sa.select(sa.exists().where(GrantRow.digest == digest))))


def find_grant(session: Session, *, holder_id: UUID, digest: str, why: str | None = None) -> bool:
    wanted = sa.and_(GrantRow.holder_id == holder_id, GrantRow.digest == digest)
    if why is not None:
        wanted = sa.and_(wanted, GrantRow.why == why)
    return bool(session.scalar(sa.select(sa.exists().where(wanted))))


def grants_on_damaged(session: Session) -> list[GrantRow]:
    statement = sa.select(GrantRow).join(BlobRow, BlobRow.digest == GrantRow.digest).where(BlobRow.damaged)
    return list(session.scalars(statement.order_by(GrantRow.digest, GrantRow.holder_id, GrantRow.why)))


def grants_with_prefix(session: Session, prefix: str) -> list[GrantRow]:
    return list(session.scalars(sa.select(GrantRow).where(GrantRow.why.startswith(prefix, autoescape=True))))


def bytes_held(session: Session, owners: sa.Subquery) -> dict[UUID, int]:
    """Bytes of the blobs that each owner's holders have, each blob once per owner; ``owners`` has ``holder_id`` and
    ``owner_id``."""
    held = (
        sa.select(owners.c.owner_id, GrantRow.digest)
        .join_from(owners, GrantRow, GrantRow.holder_id == owners.c.holder_id)
        .distinct()
        .subquery()
    )
    size = sa.cast(sa.func.sum(BlobRow.size), sa.BigInteger).label("bytes")
    query = sa.select(held.c.owner_id, size).join_from(held, BlobRow, BlobRow.digest == held.c.digest)
    return {row.owner_id: row.bytes for row in session.execute(query.group_by(held.c.owner_id))}


def insert_upload(session: Session, values: dict[str, Any]) -> UploadRow:
    row = UploadRow(**values)
    session.add(row)
    session.flush()
    return row


def get_upload(session: Session, upload_id: UUID) -> UploadRow | None:
    return session.get(UploadRow, upload_id)


def lock_upload(session: Session, upload_id: UUID) -> UploadRow | None:
    statement = lock_row(sa.select(UploadRow).where(UploadRow.id == upload_id))
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def delete_upload(session: Session, row: UploadRow) -> None:
    session.delete(row)
    session.flush()


def expired_uploads(session: Session, *, now: datetime) -> list[UploadRow]:
    return list(session.scalars(sa.select(UploadRow).where(UploadRow.expires_at <= now)))


def existing_uploads(session: Session) -> set[UUID]:
    return set(session.scalars(sa.select(UploadRow.id)))


def unsettled_uploads(session: Session) -> list[UploadRow]:
    """Uploads whose last byte came but whose blob was not recorded."""
    return list(
        session.scalars(sa.select(UploadRow).where(UploadRow.digest.is_not(None), UploadRow.completed_at.is_(None)))
    )


def update_upload(session: Session, upload_id: UUID, values: dict[str, Any]) -> bool:
    """False where the upload is gone or its last byte came before."""
    statement = sa.update(UploadRow).where(UploadRow.id == upload_id, UploadRow.digest.is_(None))
    return _count(session.execute(statement.values(values))) == 1


def _granted() -> sa.ColumnElement[bool]:
    return sa.exists().where(GrantRow.digest == BlobRow.digest)


def _count(result: sa.Result[Any]) -> int:
    return cast("sa.CursorResult[Any]", result).rowcount
