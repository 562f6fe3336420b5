"""Packed datasets as other rooms speak of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

INDEX = "index.parquet"
PACKS = "packs"


class TableForm(StrEnum):
    """How a file holds a table."""

    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    JSON_LINES = "jsonl"

    @classmethod
    def named(cls, path: str) -> "TableForm | None":
        """By the name alone; None for what is no table."""
        return FORMS.get(path.rpartition("/")[2].rpartition(".")[2].casefold())


FORMS = {
    "csv": TableForm.CSV,
    "tsv": TableForm.TSV,
    "tab": TableForm.TSV,
    "parquet": TableForm.PARQUET,
    "jsonl": TableForm.JSON_LINES,
    "ndjson": TableForm.JSON_LINES,
}


@dataclass(frozen=True, slots=True)
class Pack:
    """A file that holds images: its digest, its size in bytes, and ``zip`` or ``tar``."""

    digest: str
    size: int
    suffix: str

    @property
    def path(self) -> str:
        """Its place in the commit."""
        return f"{PACKS}/{self.digest.removeprefix('sha256:')[:16]}.{self.suffix}"

    def to_json(self) -> dict[str, Any]:
        return {"digest": self.digest, "size": self.size, "suffix": self.suffix}


@dataclass(frozen=True, slots=True)
class PackedIndex:
    """The index of one commit and what is told of it: ``items`` good images, ``errors`` files that are none.

    ``summary``: ``counts`` (class → images), ``splits`` (split → images), ``duplicates``.
    """

    repository_id: UUID
    commit_id: str
    digest: str
    size: int
    items: int
    errors: int
    classes: tuple[str, ...]
    summary: Mapping[str, Any]
    packs: tuple[Pack, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """An archive that is to be read: a local file, its digest, the name that it was sent under."""

    path: Path
    digest: str
    name: str


@dataclass(frozen=True, slots=True)
class ReadingOrder:
    """What an import asks for. ``labels``: a table (file and name) of what the images show; ``base``: the index that is
    added to; ``shares``: of train, validation and test, where nothing else says it; ``fail``: on the first bad file;
    ``append``: images without a ``base`` are refused.

    ``staging`` is a folder for archives that have to be unpacked, ``target`` the file of the new index.
    """

    sources: Sequence[Source]
    staging: Path
    target: Path
    labels: tuple[Path, str] | None = None
    base: Path | None = None
    shares: Sequence[float] | None = None
    fail: bool = False
    append: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table to import: its path in the dataset, and the file; its digest, where it is a blob already."""

    path: str
    file: Path
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class ReadPack:
    """A pack that was read; ``file``: where it lies in staging, if it was made there."""

    pack: Pack
    file: Path | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of it: ``facts`` has ``items``, ``errors``, ``classes`` and what ``PackedIndex.summary`` has.

    ``tables``: where the archives hold nothing else, they were unpacked into staging, and there is no index.
    """

    packs: tuple[ReadPack, ...]
    facts: Mapping[str, Any]
    notes: tuple[str, ...] = field(default=())
    tables: tuple[Table, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class ErasingOrder:
    """``digests`` of images that go from ``indexes`` (file, and where it is to be written anew) and from those of the
    ``packs`` (digest → file) that hold them. ``staging``: a folder for new packs."""

    digests: Sequence[str]
    indexes: Sequence[tuple[Path, Path]]
    packs: Mapping[str, Path]
    staging: Path


@dataclass(frozen=True, slots=True)
class Erasing:
    """``packs`` that were written anew, by their old digest; None where nothing is left of one. ``facts`` go with the
    indexes: ``erased`` images, and what ``Reading.facts`` has."""

    packs: Mapping[str, ReadPack | None]
    facts: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Edits:
    """Rows of an index that get another label (None: none), and rows that go."""

    labels: Mapping[int, str | None]
    delete: frozenset[int]
