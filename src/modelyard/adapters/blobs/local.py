"""The content store in a local folder.

Layout: ``sha256/ab/cd/<64 hex digits>`` (read-only files), ``staging/``, ``damaged/``, ``locks/``. A blob appears by
rename of a file that was flushed to the disk, and its folders are flushed before ``put`` returns. The time of a file's
last modification is the moment of its last ``put``; a lock keeps ``put`` and ``delete`` of a digest apart, between
processes too.
"""

import fcntl
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from modelyard.adapters.blobs.staged import clean, fsync_folder, hex_of, missing, read, staged
from modelyard.rooms.content.errors import BlobMissing, storage_full
from modelyard.rooms.content.ports import StoredBlob

ALGORITHM = "sha256"


class LocalBlobStore:
    """Implements ``BlobStore``, ``LocalPaths`` and ``Quarantining`` in the folder ``root``.

    Only the server's user can enter the folder. Safe for several threads and processes on one machine. Opening it
    removes what crashed writers left.
    """

    def __init__(self, root: Path) -> None:
        self._blobs = root / ALGORITHM
        self._staging = root / "staging"
        self._damaged = root / "damaged"
        self._locks = root / "locks"
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self._blobs, self._staging, self._damaged, self._locks):
            folder.mkdir(mode=0o700, exist_ok=True)
        fsync_folder(root)
        clean(self._staging)

    def put(self, chunks: Iterable[bytes], *, expected: str | None = None) -> StoredBlob:
        with staged(self._staging, chunks, expected=expected) as file:
            self._place(file.path, file.blob.digest)
            return file.blob

    def open(self, digest: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        try:
            file = io.FileIO(self._file(digest))
        except FileNotFoundError as e:
            raise missing(digest) from e
        file.seek(offset)
        os.posix_fadvise(file.fileno(), offset, length or 0, os.POSIX_FADV_SEQUENTIAL)  # reads further ahead
        return read(file, length)

    def stat(self, digest: str) -> StoredBlob | None:
        try:
            return StoredBlob(digest, self._file(digest).stat().st_size)
        except (FileNotFoundError, BlobMissing):
            return None

    def delete(self, digest: str, *, put_before: datetime | None = None) -> bool:
        file = self._file(digest)
        with self._locked(digest):
            if put_before and file.exists() and _put_at(file) >= put_before:
                return False
            file.unlink(missing_ok=True)
        return True

    def list(self) -> Iterator[StoredBlob]:
        for folder in sorted(self._blobs.glob("*/*")):
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries]
            yield from filter(None, (self.stat(f"{ALGORITHM}:{name}") for name in names))

    def path(self, digest: str) -> Path:
        file = self._file(digest)
        if not file.exists():
            raise missing(digest)
        return file

    def staging(self) -> Path:
        return self._staging

    def adopt(self, file: Path, *, digest: str) -> StoredBlob:
        with storage_full(), io.FileIO(file) as opened:
            os.fchmod(opened.fileno(), 0o444)
            os.fsync(opened.fileno())
            size = os.fstat(opened.fileno()).st_size
            self._place(file, digest)
        file.unlink(missing_ok=True)
        return StoredBlob(digest, size)

    def quarantine(self, digest: str) -> None:
        file = self._file(digest)
        with self._locked(digest):
            if file.exists():
                file.rename(self._damaged / f"{file.name}-{file.stat().st_mtime_ns}")
                fsync_folder(self._damaged)

    def _place(self, file: Path, digest: str) -> None:
        """Gives a flushed file its name, unless the blob is held; then only the moment of the last ``put`` moves."""
        target = self._file(digest)
        with self._locked(digest):
            if target.exists():
                os.utime(target)
            else:
                os.utime(file)
                self._make_folders(target.parent)
                file.rename(target)
            fsync_folder(target.parent)

    def _make_folders(self, folder: Path) -> None:
        for each in (folder.parent, folder):
            if not each.exists():
                each.mkdir(mode=0o700, exist_ok=True)
                fsync_folder(each.parent)

    @contextmanager
    def _locked(self, digest: str) -> Iterator[None]:
        """One of 256 locks, by the digest's first byte."""
        with (self._locks / self._file(digest).name[:2]).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _file(self, digest: str) -> Path:
        name = hex_of(digest)
        return self._blobs / name[:2] / name[2:4] / name


def _put_at(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
