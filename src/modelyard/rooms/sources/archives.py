"""Unpacks a zip file that nobody has vouched for: every check first, bounded memory, nothing left behind on refusal."""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from modelyard.rooms.sources.disk import full_disk_explained
from modelyard.rooms.sources.errors import ArchiveAmbiguous, ArchiveBomb, ArchiveUnreadable, LinkRefused
from modelyard.rooms.sources.names import PathBook, check_path, is_junk
from modelyard.rooms.sources.zip_structure import REMAKE, check_entries, entry_name, read_directory, shown

CHUNK = 1024**2
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OverflowError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Bounds of one archive. A ratio counts only above ``ratio_from_bytes``, so that small texts may shrink well."""

    entries: int = 20_000
    bytes: int = 10 * 1024**3
    ratio: int = 200
    ratio_from_bytes: int = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What came out. ``top_folder`` is the one folder that holds everything, where there is one."""

    root: Path
    top_folder: Path | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    info: zipfile.ZipInfo


def unpack(zip_path: Path, target: Path, *, limits: ArchiveLimits | None = None) -> Unpacked:
    """Unpacks into ``target``, which must not exist yet; removes it again when the archive is refused.

    Files get mode 644, or 755 where the archive says executable. Caches, ``.git`` and Finder's files are left out; an
    archive inside the archive stays a file. Raises the ``Archive…``, ``Path…`` and ``LinkRefused`` errors of this room,
    and ``StorageFull``.
    """
    limits = limits or ArchiveLimits()
    with zip_path.open("rb") as file, full_disk_explained(), _translated():
        directory = read_directory(file, max_entries=limits.entries)
        with zipfile.ZipFile(file) as archive:
            check_entries(file, directory, archive)
            entries, notes = _choose_entries(archive, limits)
            _write_entries(archive, entries, target)
    tops = {entry.path.split("/")[0] for entry in entries}
    has_top = len(tops) == 1 and all("/" in entry.path for entry in entries)
    return Unpacked(target, target / tops.pop() if has_top else None, notes)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except UNREADABLE as e:
        raise ArchiveUnreadable(
            f"The zip file is damaged: {str(e)[:200] or 'it ends too early'}.", remedy=REMAKE
        ) from e


def _choose_entries(archive: zipfile.ZipFile, limits: ArchiveLimits) -> tuple[list[_Entry], tuple[str, ...]]:
    """The files to write, after every check that needs no data."""
    book, files, nested = PathBook(), [], []
    for info in archive.infolist():
        name = entry_name(info)
        path = check_path(name.removesuffix("/"))
        _check_type(info, name)
        if is_junk(path) or is_junk(name):
            continue
        if name.endswith("/"):
            book.add_folder(path)
            continue
        book.add_file(path)
        files.append(_Entry(path, info))
        nested += [path] * path.lower().endswith((".zip", ".tar", ".tar.gz", ".tgz", ".7z"))
    _check_sizes([entry.info for entry in files], limits)
    if not files:
        raise ArchiveUnreadable("The zip file has no files in it.", remedy="Zip the folder with your source.")
    return files, tuple(f"{path} is an archive inside the zip file; it is kept as a file." for path in nested[:5])


def _check_type(info: zipfile.ZipInfo, name: str) -> None:
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        what = "a link" if stat.S_ISLNK(mode) else "a special file"
        raise LinkRefused(f"The entry {shown(info)} is {what}.", remedy="Put the file itself into the zip.")
    is_folder = name.endswith("/")
    if is_folder != (kind == stat.S_IFDIR) and kind != 0:
        raise ArchiveAmbiguous(f"The entry {shown(info)} is both a file and a folder.", remedy=REMAKE)
    if is_folder and info.file_size:
        raise ArchiveAmbiguous(f"The folder {shown(info)} has bytes in it.", remedy=REMAKE)


def _check_sizes(infos: list[zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    total = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if total > limits.bytes:
        raise ArchiveBomb(f"The zip file unpacks to {total} bytes; {limits.bytes} are allowed.")
    for size, small, what in [
        (total, packed, "The zip file"),
        *((i.file_size, i.compress_size, shown(i)) for i in infos),
    ]:
        if size > limits.ratio_from_bytes and size > limits.ratio * max(small, 1):
            raise ArchiveBomb(
                f"{what} unpacks to more than {limits.ratio} times its size.",
                remedy="Put such files into the zip without compression (zip -0).",
            )


def _write_entries(archive: zipfile.ZipFile, entries: list[_Entry], target: Path) -> None:
    target.mkdir(parents=True)
    try:
        for entry in entries:
            path = target / entry.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry.info) as source, path.open("xb") as file:
                _copy(source, file, entry)  # type: ignore[arg-type]
            path.chmod(0o755 if entry.info.external_attr >> 16 & stat.S_IXUSR else 0o644)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _copy(source: BinaryIO, file: BinaryIO, entry: _Entry) -> None:
    """Copies exactly the announced bytes; the reader checks the CRC when it reaches their end."""
    left = entry.info.file_size
    while chunk := source.read(min(CHUNK, left + 1)):
        left -= len(chunk)
        file.write(chunk)
    if left != 0:
        raise ArchiveUnreadable(
            f"The entry {shown(entry.info)} does not have the size it says.", remedy="Upload it again."
        )
