"""Single images become a pack: an uncompressed tar that is the same for the same images."""

import tarfile
from collections.abc import Sequence
from pathlib import Path

from modelyard.rooms.packs.schemas import Source

TAR_MARK_AT = 257
STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
SUFFIXES = (".zip", ".tar", ".tgz", ".txz", ".tar.gz", ".tar.xz", ".tar.zst")


def is_archive(file: Path, name: str) -> bool:
    """By its first bytes, or by the name under which it was sent."""
    with file.open("rb") as opened:
        start = opened.read(512)
    is_tar = start[TAR_MARK_AT : TAR_MARK_AT + 5] == b"ustar"
    return start.startswith(STARTS) or is_tar or name.casefold().endswith(SUFFIXES)


def gather(images: Sequence[Source], target: Path) -> None:
    """Writes images into a tar under the names that they were sent with; one that comes again gets a number."""
    taken: set[str] = set()
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for image in images:
            name = _free(image.name, taken)
            taken.add(name)
            member = tarfile.TarInfo(name)
            member.size = image.path.stat().st_size
            with image.path.open("rb") as file:
                archive.addfile(member, file)


def _free(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{stem}-{number}{dot}{suffix}"
    return free
