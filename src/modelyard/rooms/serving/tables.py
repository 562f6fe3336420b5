"""Deployments, their aliases, and the replicas that answer."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class DeploymentRow(Base):
    """How a repository's models are served. ``wanted`` is ``serving`` or ``stopped``; bounds in seconds and counts."""

    __tablename__ = "deployments"

    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True)
    wanted: Mapped[str] = mapped_column(sa.String(20))
    callers: Mapped[str] = mapped_column(sa.String(20))
    replicas: Mapped[int] = mapped_column(default=1)
    workers: Mapped[int] = mapped_column(default=1)
    keep_warm: Mapped[bool] = mapped_column(default=False)
    idle_stop_seconds: Mapped[int]
    keep_inputs: Mapped[bool] = mapped_column(default=False, server_default=sa.text("false"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AliasRow(Base):
    """An alias (``production``, ``candidate``) of a deployment and the version it points at.

    ``previous`` answers until ``version`` is ready to.
    """

    __tablename__ = "aliases"

    repository_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("deployments.repository_id", ondelete="CASCADE"), primary_key=True
    )
    alias: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    version: Mapped[int]
    previous: Mapped[int | None]
    updated_at: Mapped[datetime]


class AliasChangeRow(Base):
    """What an alias pointed at over time, so that it can be rolled back and explained."""

    __tablename__ = "alias_changes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    repository_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("deployments.repository_id", ondelete="CASCADE"), index=True
    )
    alias: Mapped[str] = mapped_column(sa.String(40))
    version: Mapped[int | None]
    previous: Mapped[int | None]
    verb: Mapped[str] = mapped_column(sa.String(20))
    changed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id", ondelete="SET NULL"))
    changed_at: Mapped[datetime]


class ReplicaRow(Base):
    """One container that answers for one version. ``container`` is its name in the engine."""

    __tablename__ = "replicas"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    repository_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("deployments.repository_id", ondelete="CASCADE"), index=True
    )
    version: Mapped[int]
    container: Mapped[str] = mapped_column(sa.String(63), unique=True)
    state: Mapped[str] = mapped_column(sa.String(20))
    isolation: Mapped[str | None] = mapped_column(sa.String(20))
    reason: Mapped[str | None] = mapped_column(sa.Text)
    started_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    log_digest: Mapped[str | None] = mapped_column(sa.String(71))
    dropped_predictions: Mapped[int] = mapped_column(default=0, server_default="0")
