"""A tar's members where they lie, and a compressed tar unpacked into one that is not. Nothing is ever extracted.

Links, devices, sparse files and names that leave the folder are refused with the archive, so none of the ways around
extraction filters has anything to work on.
"""

import gzip
import hashlib
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import zstandard

from modelyard.adapters.packs.entries import Entries
from modelyard.adapters.packs.naming import is_plain, shown
from modelyard.rooms.sources.errors import ArchiveBomb, ArchiveUnreadable, LinkRefused
from modelyard.rooms.sources.names import check_path

CHUNK = 1024**2
MAX_HEADER_BYTES = 1024**2
PLAIN_TYPES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE})
REMAKE = "Make the tar again with another program, or use a zip."
BROKEN = (tarfile.TarError, EOFError, OSError, ValueError, OverflowError, UnicodeError, lzma.LZMAError, zlib.error)


def read_tar(descriptor: int, number: int, into: Entries, *, max_entries: int) -> None:
    """Adds the files of an uncompressed tar, source ``number``; raises the errors of ``sources``."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        before, length = len(into), file.seek(0, os.SEEK_END)
        file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                _read_members(archive, number, into, length, max_entries)
        except BROKEN as e:
            if len(into) == before:
                raise ArchiveUnreadable("It is neither a zip nor a tar that can be read.", remedy=REMAKE) from e
            raise ArchiveUnreadable(f"The tar is damaged: {str(e)[:200]}.", remedy=REMAKE) from e


def unpack_stream(compression: str, source: Path, target: Path, *, limit: int, on_bytes: Callable[[int], None]) -> str:
    """Writes what a compressed tar holds as a plain one; returns its digest. Raises ``ArchiveBomb`` past ``limit``."""
    hasher, written = hashlib.sha256(), 0
    try:
        with source.open("rb") as packed, target.open("wb") as file:
            stream = _decompressed(compression, packed)
            while chunk := stream.read(CHUNK):
                written += len(chunk)
                if written > limit:
                    raise ArchiveBomb(f"The tar unpacks to more than {limit:,} bytes.", remedy="Split it.")
                hasher.update(chunk)
                file.write(chunk)
                on_bytes(written)
            file.flush()
            os.fsync(file.fileno())
    except (*BROKEN, zstandard.ZstdError) as e:
        raise ArchiveUnreadable(f"The compressed tar is damaged: {str(e)[:200]}.", remedy=REMAKE) from e
    return f"sha256:{hasher.hexdigest()}"


def _decompressed(compression: str, packed: BinaryIO) -> BinaryIO:
    if compression == "gz":
        return gzip.GzipFile(fileobj=packed)  # type: ignore[return-value]  # it reads as one
    if compression == "xz":
        return lzma.LZMAFile(packed)  # type: ignore[return-value]
    return zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(packed, read_across_frames=True)


def _read_members(archive: tarfile.TarFile, number: int, into: Entries, length: int, max_entries: int) -> None:
    seen = 0
    while member := archive.next():
        archive.members = []  # type: ignore[attr-defined]  # they would all be kept
        seen += 1
        if seen > max_entries:
            raise ArchiveBomb(f"The tar has more than {max_entries:,} entries.", remedy="Split it.")
        _check(member, length)
        if member.isdir():
            continue
        into.paths.append(member.name)
        into.sources.append(number)
        into.starts.append(member.offset_data)
        into.packed.append(member.size)
        into.sizes.append(member.size)
        into.methods.append(0)
        into.flags.append(0)
        into.crcs.append(0)
        into.names.append(0)


def _check(member: tarfile.TarInfo, length: int) -> None:
    is_sparse = member.issparse() or any(key.startswith("GNU.sparse") for key in member.pax_headers)
    if (member.type not in PLAIN_TYPES and not member.isdir()) or is_sparse:
        what = "a link" if member.issym() or member.islnk() else "a sparse or special file"
        raise LinkRefused(f"The entry {shown(member.name)} is {what}.", remedy="Put the file itself into the tar.")
    name = member.name.removeprefix("./").removesuffix("/")
    if member.isdir() and name in ("", "."):
        return
    if not is_plain(name):
        check_path(name)
    member.name = name
    if member.size < 0 or member.offset_data + member.size > length:
        raise ArchiveUnreadable(f"The tar is cut off in {shown(name)}.", remedy=REMAKE)
