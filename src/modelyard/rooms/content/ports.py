"""Where the bytes of blobs lie, and what the configuration says about uploads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob as the store sees it: its digest (``sha256:<64 hex digits>``) and its size in bytes."""

    digest: str
    size: int


class BlobStore(Protocol):
    """Keeps byte strings under their SHA-256. What ``put`` has returned survives a power cut.

    All verbs may block and are thread-safe. A digest that is not held raises ``errors.BlobMissing``; a full disk or
    bucket raises ``kit.errors.StorageFull``; a store that does not answer raises ``kit.errors.Unavailable``.
    """

    def put(self, chunks: Iterable[bytes], *, expected: str | None = None) -> StoredBlob:
        """Stores a stream in constant memory and returns its digest and size.

        Storing what is already held changes nothing but the moment of its last ``put`` (see ``delete``). With
        ``expected``, a stream of another digest raises ``errors.DigestMismatch`` and leaves nothing behind.
        """
        ...

    def open(self, digest: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yields the bytes from ``offset``, ``length`` of them at most, in chunks of at most 1 MiB.

        Whether the blob is held is found out by the call, not by the first chunk.
        """
        ...

    def stat(self, digest: str) -> StoredBlob | None:
        """The blob, or None where it is not held."""
        ...

    def delete(self, digest: str, *, put_before: datetime | None = None) -> bool:
        """Forgets a blob; one that is not held is no error.

        With ``put_before``, a blob that was last ``put`` at that moment or later stays. Returns whether the store
        holds nothing under the digest now.
        """
        ...

    def list(self) -> Iterator[StoredBlob]:
        """Every blob held, in no particular order. Partial writes are not listed."""
        ...


@runtime_checkable
class Adopting(Protocol):
    """Optional power of a store: takes over files, so that a large stream need not be copied."""

    def staging(self) -> Path:
        """A local folder for files that are to be adopted (on the store's file system, where it has one)."""
        ...

    def adopt(self, file: Path, *, digest: str) -> StoredBlob:
        """Takes over a complete file in ``staging()`` after the caller computed its digest; the file is gone then."""
        ...


@runtime_checkable
class LocalPaths(Adopting, Protocol):
    """Optional power of a store whose blobs are files: hands out their paths; adopts by rename."""

    def path(self, digest: str) -> Path:
        """The file that holds the blob, to be read only; raises ``errors.BlobMissing``."""
        ...


@runtime_checkable
class Quarantining(Protocol):
    """Optional power of a store: puts damaged bytes aside, so that good ones can be stored in their place."""

    def quarantine(self, digest: str) -> None:
        """The store holds nothing under the digest afterwards; the bytes stay where an administrator finds them."""
        ...


class StorageBounds(Protocol):
    """How much accounts may hold; implemented by the room of usage."""

    def require_room(self, account_id: UUID, size: int) -> None:
        """Raises a ``QuotaExceeded`` unless the account may hold ``size`` bytes more. May block."""
        ...

    def room(self, account_id: UUID) -> int | None:
        """How many bytes more the account may hold; None for no bound. May block."""
        ...


@dataclass(frozen=True, slots=True)
class ContentOptions:
    """``upload_lifetime`` counts from the last byte received. ``gc_grace``: how long a blob without grants is kept.

    ``upload_stall``: how long a request may send nothing before its upload is free for another request.
    """

    max_upload_bytes: int = 100 * 1024**3
    upload_lifetime: timedelta = timedelta(days=2)
    upload_stall: timedelta = timedelta(seconds=30)
    gc_grace: timedelta = timedelta(hours=24)
