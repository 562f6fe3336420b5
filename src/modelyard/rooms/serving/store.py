"""Every query of the serving room."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.rooms.serving.tables import AliasChangeRow, AliasRow, DeploymentRow, ReplicaRow

ALIVE = ("starting", "ready")


def insert_deployment(session: Session, values: dict[str, Any]) -> None:
    db.insert_or_ignore(session, DeploymentRow, values)


def deployment(session: Session, repository_id: UUID, *, lock: bool = False) -> DeploymentRow | None:
    query = sa.select(DeploymentRow).where(DeploymentRow.repository_id == repository_id)
    return session.scalars(db.lock_row(query) if lock else query).one_or_none()


def deployments(session: Session) -> Sequence[DeploymentRow]:
    return session.scalars(sa.select(DeploymentRow)).all()


def deployments_of(session: Session, repository_ids: Sequence[UUID]) -> Sequence[DeploymentRow]:
    return session.scalars(sa.select(DeploymentRow).where(DeploymentRow.repository_id.in_(repository_ids))).all()


def alias(session: Session, repository_id: UUID, name: str) -> AliasRow | None:
    return session.get(AliasRow, (repository_id, name))


def add_alias(session: Session, row: AliasRow) -> None:
    session.add(row)
    session.flush()


def delete_alias(session: Session, row: AliasRow) -> None:
    session.delete(row)
    session.flush()


def aliases(session: Session, repository_ids: Sequence[UUID]) -> Sequence[AliasRow]:
    query = sa.select(AliasRow).where(AliasRow.repository_id.in_(repository_ids))
    return session.scalars(query.order_by(AliasRow.alias.desc())).all()


def add_change(session: Session, values: dict[str, Any]) -> None:
    session.add(AliasChangeRow(**values))
    session.flush()


def changes(session: Session, repository_id: UUID, *, limit: int, alias: str | None = None) -> Sequence[AliasChangeRow]:
    """The newest first."""
    query = sa.select(AliasChangeRow).where(AliasChangeRow.repository_id == repository_id)
    if alias is not None:
        query = query.where(AliasChangeRow.alias == alias)
    return session.scalars(query.order_by(AliasChangeRow.id.desc()).limit(limit)).all()


def add_replica(session: Session, values: dict[str, Any]) -> None:
    session.add(ReplicaRow(**values))
    session.flush()


def replica(session: Session, id: UUID) -> ReplicaRow | None:
    return session.get(ReplicaRow, id)


def lock_replica(session: Session, id: UUID) -> ReplicaRow | None:
    """The row as it is now, kept from changing until this transaction ends."""
    query = db.lock_row(sa.select(ReplicaRow).where(ReplicaRow.id == id))
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def alive_replicas(session: Session) -> Sequence[ReplicaRow]:
    return session.scalars(sa.select(ReplicaRow).where(ReplicaRow.state.in_(ALIVE))).all()


def replicas(
    session: Session, repository_ids: Sequence[UUID], *, since: datetime | None = None
) -> Sequence[ReplicaRow]:
    """Those that live, and with ``since`` those that ended after it, newest first."""
    query = sa.select(ReplicaRow).where(ReplicaRow.repository_id.in_(repository_ids))
    alive = ReplicaRow.state.in_(ALIVE)
    query = query.where(sa.or_(alive, ReplicaRow.ended_at > since) if since else alive)
    return session.scalars(query.order_by(ReplicaRow.id.desc())).all()


def replicas_of_version(
    session: Session, repository_id: UUID, version: int | None, *, limit: int
) -> Sequence[ReplicaRow]:
    """The newest first, those that ended included."""
    query = sa.select(ReplicaRow).where(ReplicaRow.repository_id == repository_id)
    if version is not None:
        query = query.where(ReplicaRow.version == version)
    return session.scalars(query.order_by(ReplicaRow.id.desc()).limit(limit)).all()


def ended_beyond(session: Session, repository_id: UUID, *, keep: int) -> Sequence[ReplicaRow]:
    """Ended replicas but the newest ``keep``."""
    query = sa.select(ReplicaRow).where(ReplicaRow.repository_id == repository_id, ReplicaRow.state.not_in(ALIVE))
    return session.scalars(query.order_by(ReplicaRow.id.desc()).offset(keep)).all()


def delete_replica(session: Session, row: ReplicaRow) -> None:
    session.delete(row)
    session.flush()
