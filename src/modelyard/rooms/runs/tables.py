"""Runs: container executions, their attempts, and what they left; and the runners that take them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base

QUEUED = sa.text("state = 'queued'")
DUE = sa.text("keep_due")


class RunnerRow(Base):
    """A place where runs go. ``cpus``, ``memory_bytes`` and ``gpus`` are what its runs may take together."""

    __tablename__ = "runners"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100), unique=True)
    labels: Mapped[list[str]]
    cpus: Mapped[float]
    memory_bytes: Mapped[int]
    gpus: Mapped[int] = mapped_column(default=0)
    isolation: Mapped[str] = mapped_column(sa.String(20))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class RunRow(Base):
    """One execution of one image. ``attempt`` fences late writers; ``purpose`` says what it is for.

    ``account_id`` asked for it and holds what it leaves; None where the repository does, as for the check of a version.
    ``address`` is the repository's at that time, kept where the repository goes. Until ``lease_expires_at`` the run is
    ``runner_id``'s. Those of lower ``place`` leave the queue first. ``keep_due``: it has succeeded, and its outputs are
    to become a version of the dataset in ``keep_as``. Usage is the sum of all attempts.
    """

    __tablename__ = "runs"
    __table_args__ = (
        sa.Index("ix_runs_account_id_id", "account_id", "id"),
        sa.Index("ix_runs_account_id_state_id", "account_id", "state", "id"),
        sa.Index("ix_runs_state_id", "state", "id"),
        sa.Index("ix_runs_repository_id_id", "repository_id", "id"),
        sa.Index("ix_runs_repository_id_state_id", "repository_id", "state", "id"),
        sa.Index("ix_runs_experiment_id_id", "experiment_id", "id"),
        sa.Index("ix_runs_place_id", "place", "id", sqlite_where=QUEUED, postgresql_where=QUEUED),
        sa.Index("ix_runs_keep_due", "keep_due", sqlite_where=DUE, postgresql_where=DUE),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"))
    repository_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("repositories.id", ondelete="SET NULL"))
    address: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    version: Mapped[int]
    purpose: Mapped[str] = mapped_column(sa.String(20))
    title: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    state: Mapped[str] = mapped_column(sa.String(20))
    attempt: Mapped[int] = mapped_column(default=1)
    max_attempts: Mapped[int] = mapped_column(default=1, server_default="1")
    losses: Mapped[int] = mapped_column(default=0, server_default="0")
    image_digest: Mapped[str] = mapped_column(sa.String(71))
    command: Mapped[list[str] | None] = mapped_column(sa.JSON())
    environment: Mapped[dict[str, Any] | None]
    parameters: Mapped[dict[str, Any] | None]
    inputs: Mapped[list[dict[str, Any]] | None]
    resources: Mapped[dict[str, Any] | None]
    labels: Mapped[list[str] | None]
    place: Mapped[int] = mapped_column(sa.SmallInteger(), default=0, server_default="0")
    experiment_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("experiments.id", ondelete="SET NULL"))
    reproduces: Mapped[UUID | None]
    keep_as: Mapped[dict[str, Any] | None]
    keep_due: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    runner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("runners.id", ondelete="SET NULL"))
    lease_expires_at: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    progress: Mapped[float | None]
    progress_text: Mapped[str | None] = mapped_column(sa.String(200))
    isolation: Mapped[str | None] = mapped_column(sa.String(20))
    exit_code: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(sa.Text)
    result: Mapped[dict[str, Any] | None]
    log_digest: Mapped[str | None] = mapped_column(sa.String(71))
    cpu_seconds: Mapped[float | None]
    memory_peak_bytes: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class AttemptRow(Base):
    """One try at executing a run: where, for how long, how it ended, and what it used.

    ``outcome``: succeeded, failed, cancelled, or lost (its runner or engine went away); None while it is under way.
    """

    __tablename__ = "run_attempts"

    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    runner_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("runners.id", ondelete="SET NULL"))
    outcome: Mapped[str | None] = mapped_column(sa.String(20))
    exit_code: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(sa.Text)
    log_digest: Mapped[str | None] = mapped_column(sa.String(71))
    cpu_seconds: Mapped[float | None]
    memory_peak_bytes: Mapped[int | None]
    memory_gb_seconds: Mapped[float | None]
    gpu_seconds: Mapped[float | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class OutputRow(Base):
    """A file that a run left under ``/out``; a blob that the run's account holds."""

    __tablename__ = "run_outputs"

    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(sa.String(1000), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(71))
    size: Mapped[int]
    crc32: Mapped[int]


class MetricRow(Base):
    """One number that an attempt reported. ``sequence`` counts up within the run."""

    __tablename__ = "run_metrics"

    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    name: Mapped[str] = mapped_column(sa.String(100))
    step: Mapped[int]
    value: Mapped[float]
    at: Mapped[datetime]
