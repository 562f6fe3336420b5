"""Versions as the API speaks of them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from modelyard.rooms.versions.rules import StageState, VersionState

Platform = Annotated[str, StringConstraints(pattern=r"^linux/(amd64|arm64)$")]


def _each_once(platforms: list[str]) -> list[str]:
    return list(dict.fromkeys(platforms))


MAX_EDITS = 100_000
"""So many images are edited at a time."""


class Parts(BaseModel):
    """The parts of a model or an operation, each the id of a finished upload: all four (A3), the file of a trained
    model alone, or a script (``.py``) as the source.
    """

    source: UUID | None = Field(None, description="A zip of the source code, or one `.py` file.")
    artifact: UUID | None = Field(None, description="The trained model, such as a pickle.")
    requirements: UUID | None = Field(None, description="A requirements.txt.")
    config: UUID | None = Field(
        None,
        description=(
            'JSON: {"predict": {"module": …, "class": …, "function": …}}, {"framework": …}, or of an operation '
            '{"run": {"module": …, "function": …}, "kind": …}; a zip as source needs it.'
        ),
    )

    @model_validator(mode="after")
    def code_or_model(self) -> "Parts":
        if self.source is None and self.artifact is None:
            raise ValueError("give a source, or the artifact of a framework's model")
        return self


class NewFile(BaseModel):
    """A file of a dataset: where it goes, and the id of its finished upload."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
    upload: UUID


class NewVersion(BaseModel):
    """Of a model: either ``parts``, or ``archive``: the upload of a zip of a directory with ``modelyard.yaml`` or
    ``MLmodel``. Of a dataset: ``files``, or ``archive``: the upload of a zip of them. Of an operation: ``image``.
    """

    parts: Parts | None = None
    archive: UUID | None = None
    files: list[NewFile] = Field(default_factory=list, max_length=1000)
    keep: bool = Field(False, description="Datasets: the files of the newest push stay, unless they are replaced.")
    remove: list[Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")]] = Field(
        default_factory=list, max_length=1000, description="Datasets, with `keep`: paths of files that go."
    )
    image: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = Field(
        None, description="Operations: an image of another registry to import, such as `ghcr.io/team/tool:1.2`."
    )
    message: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    platforms: Annotated[list[Platform], AfterValidator(_each_once)] = Field(
        default_factory=list, max_length=8, description="Default: the server's own."
    )

    @model_validator(mode="after")
    def one_source(self) -> "NewVersion":
        given = [self.parts is not None, self.archive is not None, bool(self.files), self.image is not None]
        if sum(given) > 1 or not (any(given) or self.remove):
            raise ValueError("give either parts or archive or files or image")
        if self.remove and not self.keep:
            raise ValueError("remove goes with keep")
        return self


class NewImport(BaseModel):
    """What a dataset's next version is made of: archives of images, single images, or plain tables (CSV, TSV,
    JSON Lines, Parquet), alone or in archives."""

    uploads: list[UUID] = Field(default_factory=list, max_length=100, description="Ids of finished uploads.")
    urls: list[Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[^\x00\s]+$")]] = Field(
        default_factory=list, max_length=1000, description="Addresses of images, archives or tables to fetch."
    )
    labels: UUID | None = Field(None, description="The upload of a table (CSV, JSON, Parquet) that names the classes.")
    split: list[Annotated[float, Field(ge=0, le=1)]] | None = Field(
        None, min_length=3, max_length=3, description="Shares of train, validation and test, which sum to 1."
    )
    on_bad: Literal["skip", "fail"] = Field("skip", description="What becomes of it when a file is no good image.")
    append: bool = Field(False, description="Add to the images or files that there are.")
    message: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] = ""

    @model_validator(mode="after")
    def something_to_import(self) -> "NewImport":
        if not self.uploads and not self.urls:
            raise ValueError("give uploads or urls")
        if self.split and abs(sum(self.split) - 1) > 1e-6:
            raise ValueError("the shares of split have to sum to 1")
        return self


class ItemErasure(BaseModel):
    """Images to erase, by their content: copies of them go too."""

    digests: list[Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]] = Field(
        min_length=1, max_length=10_000
    )


class Relabel(BaseModel):
    """`label` null: the image has none afterwards."""

    model_config = ConfigDict(extra="forbid")

    row: Annotated[int, Field(ge=0)]
    label: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")] | None


class NewEdit(BaseModel):
    """What a new version does otherwise; images are named by their rows in the version that is edited."""

    model_config = ConfigDict(extra="forbid")

    relabel: Annotated[list[Relabel], Field(max_length=MAX_EDITS)] = []
    delete: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=MAX_EDITS)] = []
    message: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] = ""


class VersionContents(BaseModel):
    """What a dataset's version holds: ``files`` of ``size`` bytes together."""

    files: int
    size: int


class PackedContents(BaseModel):
    """What the packs of a dataset hold: ``items`` good images of so many ``classes``, ``duplicates`` of them exact
    copies of others; ``errors`` files are listed as bad. ``counts`` and ``splits``: how many images each has."""

    items: int
    errors: int
    classes: int
    duplicates: int
    counts: dict[str, int]
    splits: dict[str, int]


class BuildStage(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    state: StageState
    text: str
    started_at: datetime | None
    ended_at: datetime | None


class WeightsFinding(BaseModel):
    """What was seen in one file of weights; ``detail`` is empty where there is nothing to say of it."""

    path: str
    label: str
    detail: str


class Weights(BaseModel):
    """What the format of a version's weights can do, and what was seen in them: a label, never a promise.

    ``label`` is data, known-code, other-code, unreadable or suspicious; ``meaning`` says it in a sentence.
    """

    format: str
    label: str
    meaning: str
    findings: list[WeightsFinding]


class VersionImage(BaseModel):
    """``digest`` of the manifest or index; ``size`` in bytes of all that it refers to."""

    digest: str
    size: int


class OperationKind(StrEnum):
    """What a version that takes runs does with data: makes data of data, shows data, or trains a model."""

    OPERATION = "operation"
    VISUALISATION = "visualisation"
    TRAINER = "trainer"


class Origin(StrEnum):
    """What a version that takes runs was made from: a typed script, an image that follows the contract, or Cog's."""

    SCRIPT = "script"
    IMAGE = "image"
    COG = "cog"


class Operation(BaseModel):
    """How a version takes runs. ``options``: parameters are command-line options too, because the image asks for it.

    ``published``: others find and run it. ``outdated``: its script was changed after the newest published version.
    """

    kind: OperationKind
    origin: Origin
    options: bool = False
    published: bool = True
    outdated: bool = False


class Version(BaseModel):
    """A version of a repository. ``signature`` and ``card`` are known from the push on, the image when it is
    ready. A ``framework``'s model may have a signature that accepts anything until it was loaded once in a run.
    ``notes`` are sentences for the author, of the push and of the load check.
    """

    number: int
    state: VersionState
    attempt: int
    message: str
    commit_id: str
    pushed_by: str | None
    platforms: list[str] = Field(description="What the image is made for: at least one, such as `linux/amd64`.")
    target: str
    signature: dict[str, Any]
    card: dict[str, Any]
    notes: list[str]
    framework: str | None
    weights: Weights | None
    image: VersionImage | None
    contents: VersionContents | None = Field(None, description="Of a dataset, when it has been imported.")
    packed: PackedContents | None = Field(None, description="Of a dataset of packed images.")
    operation: Operation | None = Field(None, description="Of a version that takes runs.")
    reason: str | None
    remedy: str | None
    created_at: datetime
    ready_at: datetime | None
    stages: list[BuildStage]


class CardField(BaseModel):
    """A field of a card: what to write there (``about``) and what is written; the README's text is not repeated."""

    name: str
    label: str
    about: str
    value: Any = None
    is_filled: bool


class ShownCard(BaseModel):
    """A version's card. ``share`` of its fields are filled, from 0 to 1; ``next`` is the one to fill first.

    ``html`` is the README's text, rendered and sanitised: no script, no style, no form.
    """

    fields: list[CardField]
    filled: int
    total: int
    share: float
    next: str | None
    tags: list[str]
    text: str
    html: str
