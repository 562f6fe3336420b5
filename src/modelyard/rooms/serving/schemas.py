"""Deployments as the API speaks of them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from modelyard.rooms.serving.rules import PRODUCTION, Callers, ReplicaState, is_version


def _not_a_version(alias: str) -> str:
    if is_version(alias):
        raise ValueError("it would be taken for a version")
    return alias


AliasName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,38}$"), AfterValidator(_not_a_version)]
VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class DeploymentChange(BaseModel):
    """Settings of a deployment; what is absent stays as it is."""

    callers: Callers | None = None
    replicas: int | None = Field(None, ge=1, le=16, description="How many containers run when it is kept warm.")
    workers: int | None = Field(None, ge=1, le=16, description="Worker processes in each container.")
    keep_warm: bool | None = Field(None, description="Run without being asked; else start on the first request.")
    idle_stop_seconds: int | None = Field(None, ge=5, le=7 * 86400)
    keep_inputs: bool | None = Field(None, description="Keep the inputs and outputs of predictions, for the owner.")


class Deploy(DeploymentChange):
    """``version`` null: the newest that is ready."""

    version: VersionNumber | None = None
    alias: AliasName = PRODUCTION


class AliasTarget(BaseModel):
    version: VersionNumber


class Alias(BaseModel):
    """``answering`` is the version that answers now: ``previous`` until ``version`` is ready."""

    alias: str
    version: int
    previous: int | None
    answering: int
    updated_at: datetime


class Replica(BaseModel):
    id: UUID
    version: int
    state: ReplicaState
    isolation: str | None
    reason: str | None
    started_at: datetime
    ready_at: datetime | None
    ended_at: datetime | None
    dropped_predictions: int = Field(
        description="Predictions that it could not report, for its memory of them was full."
    )


class Deployment(BaseModel):
    """How a repository's model is served. ``url`` is where ``production`` answers."""

    owner: str
    name: str
    wanted: str = Field(description="`serving` or `stopped`")
    callers: Callers
    replicas: int
    workers: int
    keep_warm: bool
    idle_stop_seconds: int
    keep_inputs: bool
    aliases: list[Alias]
    running: list[Replica]
    url: str


class AliasChange(BaseModel):
    """One entry of a deployment's history; ``version`` null: the alias was removed."""

    alias: str
    version: int | None
    previous: int | None
    verb: str
    changed_by: str | None
    changed_at: datetime


class ServeToken(BaseModel):
    """A short-lived token that can call this one model and nothing else."""

    secret: str
    expires_at: datetime
