"""Datasets as the API speaks of them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from modelyard.kit.archives import ArchiveFormat


class DatasetFile(BaseModel):
    """A file of a version: ``size`` in bytes, ``digest`` of its content."""

    model_config = ConfigDict(from_attributes=True)

    path: str
    size: int
    digest: str = Field(description="`sha256:` and 64 hexadecimal digits.")


class ArchiveInfo(BaseModel):
    """An archive that can be downloaded: how large it is, and its ETag, are known beforehand."""

    format: ArchiveFormat
    size: int
    etag: str
    url: str


class DatasetContents(BaseModel):
    """What a version holds: ``files`` of ``size`` bytes together."""

    files: int
    size: int
    digest: str = Field(description="Of the list of all files; the same for the same content.")
    archives: list[ArchiveInfo]


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A file of a push: where it goes, and which blob it is."""

    path: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Collected:
    """The files of a push, in a folder; those in ``large`` are empty there: path → (digest, size)."""

    large: dict[str, tuple[str, int]]
    paths: tuple[str, ...]
    card: dict[str, Any]
    data_types: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A file of a snapshot; ``stored``: its bytes are a blob, else Git holds them."""

    path: str
    size: int
    digest: str
    crc32: int
    stored: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a commit holds; ``size`` is that of all files together."""

    id: UUID
    repository_id: UUID
    commit_id: str
    files: int
    size: int
    digest: str
