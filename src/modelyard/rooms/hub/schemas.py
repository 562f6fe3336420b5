"""What Hugging Face's client sends. It sends more than is named here, which is passed over."""

from typing import Literal

from pydantic import BaseModel, Field


class NewHubRepository(BaseModel):
    """``organization`` is the owner, None for the caller."""

    name: str
    organization: str | None = None
    type: Literal["model", "dataset", "space", "kernel", "bucket"] = "model"
    visibility: Literal["public", "private", "protected"] | None = None
    private: bool | None = None


class HubRepositoryName(BaseModel):
    """What is to be deleted."""

    name: str
    organization: str | None = None
    type: Literal["model", "dataset", "space", "kernel", "bucket"] = "model"


class PlannedFile(BaseModel):
    """A file that a commit is going to bring; ``size`` in bytes."""

    path: str = Field(max_length=4096)
    size: int = Field(0, ge=0)


class PlannedFiles(BaseModel):
    files: list[PlannedFile] = Field(max_length=1000)


class NewBranch(BaseModel):
    startingPoint: str | None = None  # noqa: N815 (the client's name)


class NewTag(BaseModel):
    tag: str = Field(min_length=1, max_length=200)
    message: str | None = None


class YamlText(BaseModel):
    content: str


class HubSettings(BaseModel):
    visibility: Literal["public", "private", "protected"] | None = None
    private: bool | None = None
