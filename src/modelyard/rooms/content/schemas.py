"""What the content room tells other rooms."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

SITE = UUID(int=0)
"""The holder of what belongs to the site as a whole, such as base layers."""


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """A recorded blob; ``size`` in bytes. ``verified_at``: when a scrub last read it back, None for never."""

    digest: str
    size: int
    damaged: bool
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenBlob:
    """A blob to be read: its whole ``size``, and the chunks of the range that was asked for."""

    digest: str
    size: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload under way or complete. ``received`` and ``length`` in bytes; ``details`` as the client sent them.

    ``holder_id``: whom its blob is for, None for the account itself.
    """

    id: UUID
    account_id: UUID
    holder_id: UUID | None
    length: int
    received: int
    details: dict[str, str]
    digest: str | None
    complete: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedUpload:
    """A complete upload; ``filename`` is a bare name (``upload`` where the client gave none)."""

    id: UUID
    digest: str
    size: int
    filename: str
    details: dict[str, str]


@dataclass(frozen=True, slots=True)
class Collected:
    """What a garbage collection did. ``orphans``: stored bytes without a record, which now have a grace period too."""

    blobs: int = 0
    size: int = 0
    orphans: int = 0


@dataclass(frozen=True, slots=True)
class DamagedBlob:
    """A blob whose bytes are not what they were, and who is hit: pairs of holder and reason."""

    digest: str
    size: int
    holders: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class ScrubReport:
    """How many blobs and bytes were read back, and what was found now or is still damaged from before."""

    checked: int
    size: int
    damaged: tuple[DamagedBlob, ...]
