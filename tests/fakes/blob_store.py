"""A content store in memory, held to the same contract as the real ones."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from modelyard.rooms.content.errors import BlobMissing, DigestMismatch
from modelyard.rooms.content.ports import StoredBlob

CHUNK = 1024**2


class MemoryBlobStore:
    """Implements ``BlobStore`` and ``Quarantining``. ``blobs`` may be changed by a test, to damage what is stored."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.put_at: dict[str, datetime] = {}
        self.damaged: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, chunks: Iterable[bytes], *, expected: str | None = None) -> StoredBlob:
        data = b"".join(chunks)
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        if expected not in (None, digest):
            raise DigestMismatch(f"Announced {expected}, found {digest}.")
        with self._lock:
            self.blobs.setdefault(digest, data)
            self.put_at[digest] = datetime.now(UTC)
        return StoredBlob(digest, len(data))

    def open(self, digest: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        if digest not in self.blobs:
            raise BlobMissing(f"{digest} is not held.")
        data = self.blobs[digest][offset:][:length]
        return (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))

    def stat(self, digest: str) -> StoredBlob | None:
        data = self.blobs.get(digest)
        return None if data is None else StoredBlob(digest, len(data))

    def delete(self, digest: str, *, put_before: datetime | None = None) -> bool:
        with self._lock:
            if put_before and digest in self.blobs and self.put_at[digest] >= put_before:
                return False
            self.blobs.pop(digest, None)
        return True

    def list(self) -> Iterator[StoredBlob]:
        return iter([StoredBlob(digest, len(data)) for digest, data in self.blobs.items()])

    def quarantine(self, digest: str) -> None:
        with self._lock:
            if digest in self.blobs:
                self.damaged[digest] = self.blobs.pop(digest)
