"""Bundles as the rest of the program speaks of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelyard.kit.streams import PartStream
from modelyard.rooms.images.schemas import ArchivedImage


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What the texts of a bundle tell. ``architecture`` is OCI's word; ``network``: whether the model may have one.

    ``made_at`` in seconds (UTC): the time of every file in the archive. ``licence`` is the text that came with the
    source, None where there is none; ``readme`` likewise.
    """

    owner: str
    name: str
    number: int
    architecture: str
    card: Mapping[str, Any]
    memory_bytes: int
    network: bool
    made_at: int
    licence: str | None
    readme: str | None

    @property
    def file_name(self) -> str:
        return f"{self.name}-v{self.number}-{self.architecture}.tar"

    @property
    def platform(self) -> str:
        return f"linux/{self.architecture}"

    @property
    def model_image(self) -> str:
        return f"localhost/{self.owner}/{self.name}:v{self.number}"


@dataclass(frozen=True, slots=True)
class BundlePlan:
    """The part of a bundle that is the version's own."""

    facts: BundleFacts
    image: ArchivedImage


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that can be read: ``stream`` from any offset, under the strong ``etag`` (bare, without quotes)."""

    file_name: str
    etag: str
    texts: Sequence[tuple[str, bytes]]
    images: Sequence[ArchivedImage]
    made_at: int
    stream: PartStream
