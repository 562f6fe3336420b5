"""The file in which an upload's bytes gather, and their digest so far. Everything here blocks: call it in a thread."""

import fcntl
import hashlib
import io
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from modelyard.rooms.content import rules
from modelyard.rooms.content.errors import storage_full

PREFIX = "upload-"
READ_SIZE = 1024**2


def path_of(folder: Path, upload_id: UUID) -> Path:
    return folder / f"{PREFIX}{upload_id}"


def size_of(folder: Path, upload_id: UUID) -> int:
    """Bytes in the upload's file; 0 where there is none yet."""
    try:
        return path_of(folder, upload_id).stat().st_size
    except FileNotFoundError:
        return 0


def found_in(folder: Path) -> Iterator[UUID]:
    """The uploads that have a file in the folder."""
    for path in folder.glob(f"{PREFIX}*"):
        yield UUID(path.name.removeprefix(PREFIX))


def remove(folder: Path, upload_id: UUID) -> None:
    path_of(folder, upload_id).unlink(missing_ok=True)


class StagedUpload:
    """An upload's file, open for writing behind ``position``, where ``hasher`` stands too.

    Bytes behind ``position`` in the file, which no answer has acknowledged, are cut off at opening. Without a
    ``hasher`` (after a restart) the bytes before it are read and hashed. Raises ``UploadBusy`` while anybody has the
    file open. Verbs of one object may be called from several threads.
    """

    def __init__(self, file: Path, *, position: int, hasher: Any, checksum: rules.Checksum | None) -> None:
        self._file = _open_locked(file)
        self._lock = threading.Lock()
        self._checksum = checksum
        self._check_hasher = checksum.hasher() if checksum else None
        self.start = self.position = position
        try:
            os.ftruncate(self._file.fileno(), position)
            self.start_hasher = hasher or _hash_prefix(self._file)
            self.hasher = self.start_hasher.copy()
            self._file.seek(position)
        except BaseException:
            self._file.close()
            raise

    @property
    def has_checksum(self) -> bool:
        return self._checksum is not None

    def write(self, chunks: Iterable[bytes]) -> None:
        """Appends; raises ``StorageFull`` after keeping what fitted."""
        with self._lock, storage_full():
            for chunk in chunks:
                self._append(chunk)

    def flush(self) -> int:
        """Makes the bytes durable and returns up to where they are."""
        position = self.position
        with storage_full():
            os.fdatasync(self._file.fileno())
        return position

    def check(self) -> None:
        """Raises ``UploadChecksumMismatch`` where what was written has another checksum than announced."""
        if self._checksum and self._check_hasher:
            self._checksum.require(self._check_hasher.digest())

    def digest(self) -> str:
        return f"sha256:{self.hasher.hexdigest()}"

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _append(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        finally:
            done = memoryview(chunk)[: len(chunk) - len(rest)]
            self.hasher.update(done)
            if self._check_hasher:
                self._check_hasher.update(done)
            self.position += len(done)


def _open_locked(path: Path) -> io.FileIO:
    is_new = not path.exists()
    with storage_full():
        file = io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_new:
            _flush_folder(path.parent)
    except BaseException as e:
        file.close()
        if isinstance(e, BlockingIOError):
            raise rules.busy() from e
        raise
    return file


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hash_prefix(file: io.FileIO) -> Any:
    hasher, buffer = hashlib.sha256(), bytearray(READ_SIZE)
    view = memoryview(buffer)
    file.seek(0)
    while size := file.readinto(buffer):
        hasher.update(view[:size])
    return hasher
