"""Asking for runs, as the API speaks of it."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from modelyard.rooms.runs.schemas import Label, Purpose, Resources

FilePath = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")]
Address = Annotated[
    str, StringConstraints(max_length=160, pattern=r"^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*(@v[1-9]\d{0,8})?$")
]


class UploadedFile(BaseModel):
    """A finished upload, and where it goes below the input; empty: under its own name."""

    model_config = ConfigDict(extra="forbid")

    upload: UUID
    path: FilePath = ""


class InputSource(BaseModel):
    """Where an input comes from: a dataset's version, files another run left, or uploads; just one of them.

    ``path`` chooses one file, or with a slash at its end all below a folder. ``input`` goes with ``run``: what that run
    was given under this name, which it holds for as long as it is known, instead of what it left.
    """

    model_config = ConfigDict(extra="forbid")

    dataset: Address | None = Field(None, description="`owner/name@v2`; without `@v2` the newest version.")
    run: UUID | None = Field(None, description="A run of yours.")
    uploads: list[UploadedFile] = Field(default_factory=list, max_length=1000)
    path: FilePath = ""
    input: Annotated[str, StringConstraints(max_length=100)] = Field(
        "", description="With `run`: the input of that name, as that run was given it."
    )

    @model_validator(mode="after")
    def just_one(self) -> "InputSource":
        if sum((self.dataset is not None, self.run is not None, bool(self.uploads))) != 1:
            raise ValueError("give either dataset or run or uploads")
        if self.uploads and self.path:
            raise ValueError("path goes with dataset or run")
        if self.input and (self.run is None or self.path):
            raise ValueError("input goes with run, without path")
        return self


class WantedResources(BaseModel):
    """What a run may take; what is left out is as its version asks for, or the site's default."""

    model_config = ConfigDict(extra="forbid")

    memory_bytes: int | None = Field(None, ge=16 * 1024**2, le=2**50)
    cpus: float | None = Field(None, gt=0, le=1024, allow_inf_nan=False)
    disk_bytes: int | None = Field(None, ge=1024**2, le=2**50)
    gpus: int | None = Field(None, ge=0, le=64)
    timeout_seconds: float | None = Field(None, gt=0, le=30 * 86_400, allow_inf_nan=False)


class KeepAs(BaseModel):
    """The dataset, of the caller's, that the outputs become a new version of when the run succeeds."""

    model_config = ConfigDict(extra="forbid")

    dataset: Annotated[str, StringConstraints(max_length=150, pattern=r"^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*$")]
    message: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] = ""


class NewRun(BaseModel):
    """A run to be asked for. ``version``: the newest one by default. Higher ``priority`` goes first.

    ``max_attempts``: how often it is tried when it fails. ``labels``: those that its runner must have.
    """

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(None, ge=1, le=2**31 - 1)
    parameters: dict[str, Any] = Field(default_factory=dict)
    inputs: dict[Annotated[str, StringConstraints(max_length=100)], InputSource] = Field(default_factory=dict)
    resources: WantedResources = Field(default_factory=WantedResources)
    priority: int = Field(0, ge=-10, le=10)
    max_attempts: int = Field(1, ge=1, le=10)
    labels: list[Label] = Field(default_factory=list, max_length=20)
    title: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    experiment_id: UUID | None = None
    keep_as: KeepAs | None = None


class InputField(BaseModel):
    """An input of the form. ``kind``: `file`, `image` and `table` are one file, `files` any number."""

    name: str
    kind: str
    title: str
    description: str
    required: bool


class Form(BaseModel):
    """What a version's runs are asked for with: ``parameters`` is a JSON Schema, ``resources`` what it gets."""

    version: int
    purpose: Purpose
    inputs: list[InputField]
    parameters: dict[str, Any]
    resources: Resources


class SameOutput(BaseModel):
    """A file of both runs, or of one: ``same`` when both have it with the same bytes."""

    path: str
    same: bool
    first: str | None = Field(None, description="Its digest in the first run.")
    second: str | None = Field(None, description="Its digest in the run that did it again.")


class RunComparison(BaseModel):
    """A run and the one that it does again. ``identical``: both succeeded, and every output has the same bytes."""

    first: UUID
    second: UUID
    identical: bool
    outputs: list[SameOutput]
