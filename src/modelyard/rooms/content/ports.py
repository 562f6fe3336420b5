"""Where the bytes of blobs lie."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob as the store sees it: its digest (``sha256:<64 hex digits>``) and its size in bytes."""

    digest: str
    size: int


class BlobStore(Protocol):
    """Keeps byte strings under their SHA-256. What ``put`` has returned survives a power cut.

    All verbs may block and are thread-safe. A digest that is not held raises ``errors.BlobMissing``; a full disk or
    bucket raises ``kit.errors.StorageFull``.
    """

    def put(self, chunks: Iterable[bytes], *, expected: str | None = None) -> StoredBlob:
        """Stores a stream and returns its digest and size; storing what is already held changes nothing.

        With ``expected``, a stream of another digest raises ``errors.DigestMismatch`` and leaves nothing behind.
        """
        ...

    def open(self, digest: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yields the bytes from ``offset``, ``length`` of them at most, in chunks of at most 1 MiB."""
        ...

    def stat(self, digest: str) -> StoredBlob | None:
        """The blob, or None where it is not held."""
        ...

    def delete(self, digest: str) -> None:
        """Forgets a blob; one that is not held is no error."""
        ...

    def list(self) -> Iterator[StoredBlob]:
        """Every blob held, in no particular order. Partial writes are not listed."""
        ...


@runtime_checkable
class LocalPaths(Protocol):
    """Optional power of a store whose blobs are files: hands out their paths and takes files over."""

    def path(self, digest: str) -> Path:
        """The file that holds the blob, to be read only; raises ``errors.BlobMissing``."""
        ...

    def adopt(self, file: Path, *, digest: str) -> StoredBlob:
        """Takes over a complete file on the same file system, by rename, after the caller computed its digest."""
        ...

    def staging(self) -> Path:
        """A folder on the store's file system for files that are to be adopted."""
        ...
