"""What the repositories room is told by the configuration, and what it and the rooms above tell others."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from uuid import UUID

from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.repos.schemas import Repository


class Pictures(Protocol):
    """Draws pictures that strangers sent anew; implemented by an adapter."""

    media_type: str

    def redraw(self, file: Path) -> bytes:
        """The picture in ``media_type``, small enough to be shown, without metadata. May take a second.

        Raises ``PictureInvalid`` for what is no picture, ``PictureTooLarge`` before it decodes what is too large.
        """
        ...


class Use(StrEnum):
    """How somebody tried a version."""

    DOWNLOAD = "download"
    RUN = "run"


class UseLog(Protocol):
    """Remembers who tried which version; implemented by the room of feedback."""

    def is_new(self, principal: Principal, *, repository_id: UUID, version: int, how: Use) -> bool:
        """Whether ``note`` has something to write, as far as is known at once; for callers that may not block."""
        ...

    def note(self, principal: Principal, *, repository_id: UUID, version: int, how: Use) -> None:
        """Once for each account, version and way; the anonymous leave no trace. May block for one small write, and
        never raises: what is being downloaded or answered matters more."""
        ...


class Traffic(Protocol):
    """Counts what leaves the site; implemented by the room of usage."""

    def count(self, size: int, *, repository_id: UUID, version: int | None = None) -> None:
        """``size`` bytes of a repository were sent, of a version where it is known which. Never blocks nor raises."""
        ...


@dataclass(frozen=True, slots=True)
class RefChange:
    """A ref (``refs/heads/…``, ``refs/tags/…``) that a push changed. ``old`` and ``new`` are object ids, zeros where
    there was or is none; that of an annotated tag is the tag's own."""

    ref: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class UnfinishedPush:
    """A push that has ended and of which the platform may not have heard."""

    repository_id: UUID
    account_id: UUID
    changes: tuple[RefChange, ...]


class PushedRefs(Protocol):
    """Does what follows from a push; implemented by the room of versions."""

    def refs_changed(self, principal: Principal, repository: Repository, changes: Sequence[RefChange]) -> Sequence[str]:
        """Called once the changes are durable, and again after a crash: it must not do a thing twice.

        Answers lines for the person who pushed. May take seconds; raises nothing for content that cannot be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class RepositoryOptions:
    """``root``: the folder of the bare Git repositories. Files of ``lfs_threshold`` bytes and more go to LFS.

    ``max_push_bytes`` bounds what one push by Git sends, ``max_file_bytes`` a file of it that LFS does not keep.
    """

    root: Path
    lfs_threshold: int = 1024**2
    max_push_bytes: int = 2 * 1024**3
    max_file_bytes: int = 100 * 1024**2
