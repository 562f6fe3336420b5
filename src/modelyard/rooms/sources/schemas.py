"""What a push comes to: the project, its card, and what it asks of a machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from modelyard.rooms.signatures.schemas import Signature, Target
from modelyard.rooms.sources.frameworks import Framework
from modelyard.rooms.sources.rules import read_line, read_prose, read_size

Line = Annotated[str, Field(max_length=300), AfterValidator(read_line)]
Tag = Annotated[str, Field(min_length=1, max_length=50), AfterValidator(read_line)]
Prose = Annotated[str, Field(max_length=20_000), AfterValidator(read_prose)]
Size = Annotated[int, BeforeValidator(read_size)]


class Card(BaseModel):
    """What people should know of a model before they use it. An empty text means that nothing was said.

    ``example`` holds inputs by name, with which a version is tried before it is ready; None means that there are none.
    ``text`` is the README without its front matter.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    title: Line = Field(default="", description="A short name for people.")
    description: Prose = Field(default="", description="One or two sentences: what it does.")
    tags: tuple[Tag, ...] = Field(default=(), max_length=30, strict=False)
    license: Line = Field(default="", description="SPDX identifier, such as Apache-2.0.")
    purpose: Prose = Field(default="", description="What it is for, and what it is not for.")
    outcome: Prose = Field(default="", description="What in the world it predicts.")
    output: Prose = Field(default="", description="What it returns, and how to read it.")
    action: Prose = Field(default="", description="What its output should trigger.")
    target_population: Prose = Field(default="", description="Whom or what it may be used on.")
    time_of_prediction: Prose = Field(default="", description="When in the process the prediction is made.")
    input_source: Prose = Field(default="", description="Where its inputs come from.")
    input_type: Prose = Field(default="", description="What kind of data its inputs are.")
    training_details: Prose = Field(default="", description="Data, method and measured quality.")
    model_type: Line = Field(default="", description="The kind of model, such as random forest.")
    version_control: Prose = Field(default="", description="Where its history is kept and how versions differ.")
    release_terms: Prose = Field(default="", description="Who may use it, and under which terms.")
    example: dict[str, Any] | None = Field(default=None, description="Inputs by name for a prediction that works.")
    text: str = Field(default="", max_length=100_000)

    def to_json(self) -> dict[str, Any]:
        """The fields that say something."""
        return self.model_dump(mode="json", exclude_defaults=True)


class Resources(BaseModel):
    """What the model asks of a machine; None means the site's default. Sizes in bytes, times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory_bytes: Size | None = Field(default=None, ge=16 * 1024**2, le=16 * 1024**4, alias="memory")
    cpus: float | None = Field(default=None, gt=0, le=1024, allow_inf_nan=False)
    disk_bytes: Size | None = Field(default=None, ge=1024**2, le=16 * 1024**4, alias="disk")
    pids: int | None = Field(default=None, ge=1, le=100_000)
    timeout_seconds: float | None = Field(default=None, gt=0, le=86_400, allow_inf_nan=False, alias="timeout")
    network: bool = False

    def to_json(self) -> dict[str, Any]:
        """The fields that were given, by their names in Python."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def to_config(self) -> dict[str, Any]:
        """The fields that were given, by their names in ``modelyard.yaml``."""
        return self.model_dump(mode="json", exclude_defaults=True, by_alias=True)


class Batching(BaseModel):
    """The author's word that rows of several calls may be put together; how many, and how long to wait for them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_size: int = Field(default=64, ge=2, le=1024)
    max_wait_ms: float = Field(default=0, ge=0, le=10_000, allow_inf_nan=False)

    @classmethod
    def read(cls, value: Any) -> Any:
        """``true`` is an object of defaults, and ``false`` is nothing said."""
        return {} if value is True else None if value is False else value

    def to_json(self) -> dict[str, Any] | bool:
        """As it is written: ``true``, or what differs from the defaults."""
        return self.model_dump(mode="json", exclude_defaults=True) or True


@dataclass(frozen=True, slots=True)
class Project:
    """A push, read and checked. ``source`` is the folder with the author's files.

    ``artifact`` is the model's file, None where the code needs none; ``artifact_path`` is its path in the commit.
    ``requirements`` has one normalised requirement a line. ``generated`` are files of the commit that the author did
    not write, by path; they stand over files of the same path in ``source``. ``notes`` are sentences for the author.
    ``framework`` is given where no function predicts; ``target`` is then an adapter of the box. ``operation`` is the
    kind of an operation, whose ``target`` takes runs; None for a model. ``signature`` is known
    where the files say it. ``weights`` is the label of the model's files, None where there are none.
    """

    target: Target
    source: Path
    framework: Framework | None = None
    operation: str | None = None
    signature: Signature | None = None
    weights: Mapping[str, Any] | None = None
    artifact: Path | None = None
    artifact_path: str | None = None
    requirements: str = ""
    python: str | None = None
    system_packages: tuple[str, ...] = ()
    batch: Batching | None = None
    resources: Resources = field(default_factory=Resources)
    card: Card = field(default_factory=Card)
    generated: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What is kept with a version: everything but the card and where the files lie at the moment."""
        return {
            "target": self.target.to_json(),
            "framework": self.framework.to_json() if self.framework else None,
            "operation": {"kind": self.operation, "origin": "script"} if self.operation else None,
            "is_described": self.framework is None or self.signature is not None,
            "weights": dict(self.weights) if self.weights else None,
            "artifact": self.artifact_path,
            "requirements": self.requirements,
            "python": self.python,
            "system_packages": list(self.system_packages),
            "batch": self.batch.to_json() if self.batch else None,
            "resources": self.resources.to_json(),
            "notes": list(self.notes),
        }
