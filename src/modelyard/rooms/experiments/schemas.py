"""Experiments as the API speaks of them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from modelyard.rooms.runs.schemas import MetricPoint, RunSummary

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
Column = Annotated[str, StringConstraints(max_length=220, pattern=r"^(parameters|metrics)\.[^\x00]+$")]
Address = Annotated[str, StringConstraints(max_length=150, pattern=r"^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*$")]
OutputPath = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")]


class NewExperiment(BaseModel):
    name: Name
    description: Text = ""


class ExperimentChange(BaseModel):
    """What is absent stays as it is; ``pinned`` null unpins."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    description: Text | None = None
    columns: list[Column] | None = Field(None, max_length=100)
    pinned: UUID | None = None


class Experiment(BaseModel):
    """A group of runs. ``columns`` of its table, such as `parameters.depth` and `metrics.loss`; none: all."""

    id: UUID
    name: str
    description: str
    columns: list[str]
    pinned: UUID | None
    runs: int = Field(description="How many runs it has.")
    created_at: datetime


class MetricSummary(BaseModel):
    """A metric of one run: its last value, the lowest and the highest."""

    last: float
    lowest: float
    highest: float


class ComparedRun(BaseModel):
    """A row of an experiment's table."""

    run: RunSummary
    parameters: dict[str, Any]
    metrics: dict[str, MetricSummary]
    inputs: dict[str, str] = Field(description="Where each input comes from.")
    seconds: float | None = Field(description="How long it was executed.")
    is_pinned: bool


class ExperimentTable(BaseModel):
    """All runs of an experiment beside each other; ``columns`` are all that there are."""

    columns: list[str]
    rows: list[ComparedRun]


class RunCurve(BaseModel):
    """A metric of one run over its steps."""

    run_id: UUID
    title: str
    points: list[MetricPoint]


class Promotion(BaseModel):
    """What becomes of files that a run left: the next version of a model of the caller's, which is made if need be.

    ``paths``: one file such as `model.onnx`, or a folder (with a slash at its end) with `modelyard.yaml` or `MLmodel`,
    or the files that make one. A file is taken without the folders that it is in, a folder as what is in it.
    """

    model_config = ConfigDict(extra="forbid")

    run: UUID
    paths: list[OutputPath] = Field(min_length=1, max_length=100)
    model: Address
    message: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] = ""
