"""Runs as the API and other rooms speak of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from modelyard.rooms.runs.ports import Image, Limits
from modelyard.rooms.runs.rules import Outcome, RunState


class Purpose(StrEnum):
    """What a run is for. ``check``: a version is loaded once before it is ready; ``describe``: its signature is read
    from the loaded model; ``prediction``: a model goes over many rows; the others are kinds of operations."""

    CHECK = "check"
    DESCRIBE = "describe"
    PREDICTION = "prediction"
    OPERATION = "operation"
    VISUALISATION = "visualisation"
    TRAINING = "training"


Label = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9._=/-]+$")]


class Resources(BaseModel):
    """What a run may take: bytes, cores, processes, seconds. ``network``: whether it gets one."""

    model_config = ConfigDict(extra="forbid")

    memory_bytes: int = Field(2 * 1024**3, ge=16 * 1024**2)
    cpus: float = Field(1.0, gt=0, le=1024, allow_inf_nan=False)
    disk_bytes: int = Field(1024**3, ge=1024**2)
    pids: int = Field(256, ge=1, le=100_000)
    gpus: int = Field(0, ge=0, le=64)
    timeout_seconds: float = Field(3600, gt=0, le=30 * 86_400, allow_inf_nan=False)
    network: bool = False

    def limits(self) -> Limits:
        return Limits(memory_bytes=self.memory_bytes, cpus=self.cpus, pids=self.pids, disk_bytes=self.disk_bytes)


class InputFile(BaseModel):
    """A blob that the run's account holds, and where it goes below the input's folder."""

    path: str
    digest: str
    size: int


class InputSnapshot(BaseModel):
    """Files of a dataset's version: all of them, or those below ``prefix``, or the one that is called so."""

    repository_id: UUID
    address: str
    number: int
    commit_id: str
    prefix: str = ""


class Input(BaseModel):
    """An input as it was found when the run was asked for: either ``files`` or a ``snapshot``.

    ``kind``: ``file``, ``image`` and ``table`` are exactly one file, ``files`` any number. ``source`` says in words
    where it comes from. ``digest`` is the same for the same files.
    """

    name: str
    kind: str
    source: str
    digest: str
    count: int
    size: int
    path: str = Field(description="Where the container finds it: a file, or a folder for kind `files`.")
    files: list[InputFile] = Field(default_factory=list)
    snapshot: InputSnapshot | None = None
    given: dict[str, Any] = Field(default_factory=dict, description="As the run was asked for.")


@dataclass(frozen=True, slots=True)
class RunOrder:
    """One thing to execute. ``id`` is chosen by the caller: ordering the same id again continues the same run.

    The container finds ``/out`` writable; the JSON object it leaves in ``/out/result.json`` becomes the run's result.
    ``timeout`` in seconds. It gets a network only where ``network`` says so. ``charged_to``: the account whose usage
    it is; None for nobody's.
    """

    id: UUID
    repository_id: UUID
    version: int
    purpose: Purpose
    image: Image
    charged_to: UUID | None = None
    command: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    timeout: float = 600.0
    network: bool = False


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A run to be queued, already checked. ``keep_as``: the dataset that its outputs become a version of."""

    id: UUID
    account_id: UUID
    repository_id: UUID
    address: str
    version: int
    purpose: Purpose
    image_digest: str
    parameters: Mapping[str, Any]
    inputs: Sequence[Input]
    resources: Resources
    command: Sequence[str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    priority: int = 0
    max_attempts: int = 1
    labels: Sequence[str] = ()
    experiment_id: UUID | None = None
    reproduces: UUID | None = None
    keep_as: Mapping[str, Any] | None = None


class RunInput(BaseModel):
    """An input: ``source`` is where it comes from, ``digest`` the same for the same files."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    kind: str
    source: str
    digest: str
    count: int = Field(description="How many files.")
    size: int = Field(description="Bytes of all of them.")


class Attempt(BaseModel):
    """One try. ``outcome`` is null while it is under way; ``lost``: its runner or engine went away."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    outcome: Outcome | None
    exit_code: int | None
    reason: str | None
    cpu_seconds: float | None
    memory_peak_bytes: int | None
    memory_gb_seconds: float | None
    gpu_seconds: float | None
    started_at: datetime
    ended_at: datetime | None


class RunSummary(BaseModel):
    """A run in a list. ``progress`` from 0 to 1, as the container said it."""

    id: UUID
    repository: str = Field(description="`owner/name` at the time.")
    version: int
    purpose: Purpose
    title: str
    account: str | None = Field(None, description="Who asked for it; null for checks of a version.")
    state: RunState
    attempt: int
    progress: float | None
    progress_text: str | None
    exit_code: int | None
    reason: str | None
    experiment_id: UUID | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class Run(RunSummary):
    """One execution. ``result`` is what it reported, ``reason`` why it failed; usage where the engine knows it.

    ``image_digest``, ``inputs`` and ``parameters`` are all that its outputs depend on.
    """

    repository_id: UUID | None
    image_digest: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    inputs: list[RunInput] = Field(default_factory=list)
    resources: Resources | None = None
    labels: list[str] = Field(default_factory=list)
    priority: int = 0
    max_attempts: int = 1
    reproduces: UUID | None = Field(None, description="The run that this one does again.")
    keep_as: dict[str, Any] | None = Field(None, description="The dataset that its outputs become a version of.")
    runner: str | None = None
    isolation: str | None
    result: dict[str, Any] | None
    cancelled: bool = Field(False, description="Whether its end was asked for.")
    cpu_seconds: float | None
    memory_peak_bytes: int | None
    attempts: list[Attempt] = Field(default_factory=list)


class Output(BaseModel):
    """A file that a run left. ``view``: how it is best looked at."""

    path: str
    size: int
    digest: str
    media_type: str
    view: str = Field(description="`image`, `table`, `report`, `text`, `json` or `file`.")


class MetricPoint(BaseModel):
    step: int
    value: float
    at: datetime


class MetricSeries(BaseModel):
    """The points of one metric, by their order; ``total`` where more were reported than are shown."""

    name: str
    points: list[MetricPoint]
    last: float
    total: int


class Runner(BaseModel):
    """A place where runs go; ``running`` of them are there now, and take ``cpus_taken`` and ``memory_taken``."""

    id: UUID
    name: str
    labels: list[str]
    cpus: float
    memory_bytes: int
    gpus: int
    isolation: str
    running: int
    cpus_taken: float
    memory_taken: int
    created_at: datetime
    seen_at: datetime
