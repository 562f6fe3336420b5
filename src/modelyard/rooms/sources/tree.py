"""The files of a source folder that belong to a push, checked one by one."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from modelyard.rooms.sources.errors import LinkRefused, SourceTooLarge
from modelyard.rooms.sources.names import PathBook, check_path, is_junk

MAX_FILES = 20_000
MAX_BYTES = 10 * 1024**3


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One file; ``path`` is relative, with ``/`` between its parts."""

    path: str
    size: int
    is_executable: bool


def read_bounded(path: Path) -> bytes:
    """The bytes of a small file, one more than any of them may have at most."""
    with path.open("rb") as file:
        return file.read(1024**2)


def list_files(root: Path, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> list[TreeFile]:
    """Every file under ``root`` in the order of its path, caches and ``.git`` left out.

    Raises ``LinkRefused``, ``PathUnsafe``, ``PathCollision`` and ``SourceTooLarge``. Follows no link.
    """
    found: list[TreeFile] = []
    book, total = PathBook(), 0
    pending = [""]
    while pending:
        for entry in os.scandir(root / (prefix := pending.pop())):
            path = f"{prefix}/{entry.name}" if prefix else entry.name
            if is_junk(path):
                continue
            check_path(path)
            if entry.is_dir(follow_symlinks=False):
                pending.append(path)
                continue
            found.append(_read_entry(entry, path))
            book.add_file(path)
            total += found[-1].size
            if len(found) > max_files or total > max_bytes:
                raise SourceTooLarge(f"The source has more than {max_files} files or {max_bytes} bytes.")
    return sorted(found, key=lambda file: file.path)


def _read_entry(entry: "os.DirEntry[str]", path: str) -> TreeFile:
    status = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        what = "a link" if entry.is_symlink() else "a special file"
        raise LinkRefused(f"{path} is {what}.", remedy="Put the file itself into the source.")
    return TreeFile(path, status.st_size, bool(status.st_mode & stat.S_IXUSR))
