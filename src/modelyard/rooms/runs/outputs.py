"""Keeping what a container left under ``/out``: a stranger's files, so no link is followed out of there."""

import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs.errors import OutputRefused

MAX_FILES = 100_000
MAX_PATH = 1000
MAX_DEPTH = 64
CHUNK = 1024**2


@dataclass(frozen=True, slots=True)
class LeftFile:
    """A file that was left, and is a blob now."""

    path: str
    digest: str
    size: int
    crc32: int


@dataclass(frozen=True, slots=True)
class Left:
    """What was left; ``refused`` says why some of it could not be kept."""

    files: tuple[LeftFile, ...]
    refused: str | None = None


def collect_outputs(blobs: BlobStore, out: Path) -> Left:
    """Stores every file below ``out``, by path. Its container has ended, so nothing changes meanwhile.

    Links that stay inside are kept as what they lead to; one that leads out, a device, a pipe or a name that is no
    text is refused, and the rest kept.
    """
    if not out.is_dir():
        return Left(())
    kept: list[LeftFile] = []
    refused = None
    for path in _walk(out):
        name = path.relative_to(out).as_posix()
        try:
            _check_name(name)
            if len(kept) >= MAX_FILES:
                raise OutputRefused(f"It left more than {MAX_FILES} files.", remedy="Pack them into one.")
            kept.append(_store(blobs, _inside(out, path), name))
        except OutputRefused as e:
            refused = refused or e.detail
            if len(kept) >= MAX_FILES:
                break
    return Left(tuple(kept), refused)


def _walk(folder: Path, depth: int = 0) -> Iterator[Path]:
    """Everything that is no folder, sorted; links to folders are what they are."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir(follow_symlinks=False) and depth < MAX_DEPTH:
            _let_us_in(Path(entry.path))
            yield from _walk(Path(entry.path), depth + 1)
        else:
            yield Path(entry.path)


def _let_us_in(folder: Path) -> None:
    """A folder that its maker closed; where it is not ours either, it cannot be read."""
    try:
        folder.chmod(0o755)
    except OSError:
        return


def _check_name(name: str) -> None:
    try:
        length = len(name.encode())
    except UnicodeEncodeError as e:
        raise OutputRefused(f"It left a file whose name is no text: {name!a}.") from e
    if length > MAX_PATH or any(ord(letter) < 32 for letter in name):
        raise OutputRefused(f"It left a file with a name that cannot be kept: {ascii(name)[:100]}.")


def _inside(out: Path, path: Path) -> Path:
    """The file itself; raises ``OutputRefused`` for what is none, or lies elsewhere."""
    if not path.is_symlink():
        return path
    target = str(path.readlink())
    seen_from_here = out / target[len("/out/") :] if target.startswith("/out/") else path.parent / target
    real = seen_from_here.resolve()
    if not real.is_relative_to(out.resolve()):
        raise OutputRefused(f"It left a link that leads out of /out: {path.relative_to(out)} → {target}.")
    if not real.is_file():
        raise OutputRefused(f"It left a link to no file: {path.relative_to(out)} → {target}.")
    return real


def _store(blobs: BlobStore, path: Path, name: str) -> LeftFile:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as e:
        raise OutputRefused(f"It left {name}, which cannot be read: {e.strerror}.") from e
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OutputRefused(f"It left {name}, which is no file.")
        checksum = _Checksum()
        stored = blobs.put(checksum.of(iter(lambda: file.read(CHUNK), b"")))
    return LeftFile(name, stored.digest, stored.size, checksum.value)


class _Checksum:
    """The CRC-32 of a stream, on its way."""

    def __init__(self) -> None:
        self.value = 0

    def of(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.value = zlib.crc32(chunk, self.value)
            yield chunk
