"""Every query of the images room."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.images.tables import ImageTagRow, ManifestRow, RegistryCredentialRow


def insert_manifest(session: Session, values: dict[str, Any]) -> None:
    """Adds a manifest; one that is there already is left as it is."""
    db.insert_or_ignore(session, ManifestRow, values)


def manifest(session: Session, repository_id: UUID, digest: str) -> ManifestRow | None:
    return session.get(ManifestRow, (repository_id, digest))


def set_tag(session: Session, repository_id: UUID, tag: str, digest: str, at: datetime) -> None:
    session.execute(sa.delete(ImageTagRow).where(ImageTagRow.repository_id == repository_id, ImageTagRow.tag == tag))
    session.add(ImageTagRow(repository_id=repository_id, tag=tag, digest=digest, created_at=at))
    session.flush()


def tag(session: Session, repository_id: UUID, name: str) -> ImageTagRow | None:
    return session.get(ImageTagRow, (repository_id, name))


def tags(session: Session, repository_id: UUID, *, after: str | None, limit: int) -> Sequence[str]:
    query = sa.select(ImageTagRow.tag).where(ImageTagRow.repository_id == repository_id)
    if after:
        query = query.where(ImageTagRow.tag > after)
    return session.scalars(query.order_by(ImageTagRow.tag).limit(limit)).all()


def delete_tag(session: Session, repository_id: UUID, name: str) -> None:
    session.execute(sa.delete(ImageTagRow).where(ImageTagRow.repository_id == repository_id, ImageTagRow.tag == name))


def manifests(session: Session, repository_id: UUID) -> Sequence[ManifestRow]:
    return session.scalars(sa.select(ManifestRow).where(ManifestRow.repository_id == repository_id)).all()


def delete_manifest(session: Session, repository_id: UUID, digest: str) -> None:
    session.execute(
        sa.delete(ManifestRow).where(ManifestRow.repository_id == repository_id, ManifestRow.digest == digest)
    )


def tags_of(session: Session, repository_id: UUID, digest: str) -> list[str]:
    """The tags that point at a manifest."""
    query = sa.select(ImageTagRow.tag).where(ImageTagRow.repository_id == repository_id, ImageTagRow.digest == digest)
    return list(session.scalars(query.order_by(ImageTagRow.tag)))


def referrers(session: Session, repository_id: UUID, subject: str) -> list[ManifestRow]:
    """What is about a manifest, oldest first."""
    query = sa.select(ManifestRow).where(ManifestRow.repository_id == repository_id, ManifestRow.subject == subject)
    return list(session.scalars(query.order_by(ManifestRow.created_at, ManifestRow.digest)))


def manifests_among(session: Session, repository_id: UUID, digests: Sequence[str]) -> dict[str, ManifestRow]:
    query = sa.select(ManifestRow).where(ManifestRow.repository_id == repository_id, ManifestRow.digest.in_(digests))
    return {row.digest: row for row in session.scalars(query)}


def insert_credential(session: Session, values: dict[str, Any]) -> RegistryCredentialRow:
    row = RegistryCredentialRow(**values)
    session.add(row)
    session.flush()
    return row


def credentials(session: Session, account_id: UUID) -> Sequence[RegistryCredentialRow]:
    query = sa.select(RegistryCredentialRow).where(RegistryCredentialRow.account_id == account_id)
    return session.scalars(query.order_by(RegistryCredentialRow.host)).all()


def credential(session: Session, account_id: UUID, *, host: str) -> RegistryCredentialRow | None:
    query = sa.select(RegistryCredentialRow).where(RegistryCredentialRow.account_id == account_id)
    return session.scalar(query.where(RegistryCredentialRow.host == host))


def delete_credential(session: Session, account_id: UUID, **which: Any) -> bool:
    """By ``id`` or ``host``; False where there was none."""
    query = sa.delete(RegistryCredentialRow).where(RegistryCredentialRow.account_id == account_id)
    return session.execute(query.filter_by(**which).returning(RegistryCredentialRow.id)).first() is not None
