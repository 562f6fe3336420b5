"""A blob store of plain files without any durability, for tests of what reads blobs."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from modelyard.rooms.content.errors import BlobMissing, DigestMismatch
from modelyard.rooms.content.ports import StoredBlob


class FolderBlobs:
    """Implements ``BlobStore``; ``LocalFolderBlobs`` adds ``LocalPaths``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def put(self, chunks: Iterable[bytes], *, expected: str | None = None) -> StoredBlob:
        data = b"".join(chunks)
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        if expected not in (None, digest):
            raise DigestMismatch(f"expected {expected}, got {digest}")
        staged = self.root / f".{uuid.uuid4().hex}"
        staged.write_bytes(data)
        staged.rename(self._file(digest))
        return StoredBlob(digest, len(data))

    def open(self, digest: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        data = self._held(digest).read_bytes()
        end = len(data) if length is None else offset + length
        for start in range(offset, min(end, len(data)), 1024**2):
            yield data[start : min(start + 1024**2, end)]

    def stat(self, digest: str) -> StoredBlob | None:
        file = self._file(digest)
        return StoredBlob(digest, file.stat().st_size) if file.is_file() else None

    def delete(self, digest: str) -> None:
        self._file(digest).unlink(missing_ok=True)

    def list(self) -> Iterator[StoredBlob]:
        for file in self.root.glob("[!.]*"):
            yield StoredBlob(f"sha256:{file.name}", file.stat().st_size)

    def _held(self, digest: str) -> Path:
        file = self._file(digest)
        if not file.is_file():
            raise BlobMissing(f"{digest} is not held")
        return file

    def _file(self, digest: str) -> Path:
        return self.root / digest.removeprefix("sha256:")


class LocalFolderBlobs(FolderBlobs):
    """The same with the power to hand out paths."""

    def path(self, digest: str) -> Path:
        return self._held(digest)

    def adopt(self, file: Path, *, digest: str) -> StoredBlob:
        file.rename(self._file(digest))
        return StoredBlob(digest, self._file(digest).stat().st_size)

    def staging(self) -> Path:
        return self.root
