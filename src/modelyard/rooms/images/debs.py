"""From Debian packages to the entries of a layer, without root, chroot or maintainer scripts."""

import gzip
import lzma
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, BinaryIO, cast

import zstandard
from debian.arfile import ArError, ArFile, ArMember
from debian.deb822 import Deb822
from debian.debfile import DebError, DebFile

from modelyard.rooms.images.alternatives import Alternative, read_alternatives
from modelyard.rooms.images.errors import UnknownSystemPackage
from modelyard.rooms.images.tars import CHUNK, Content, Entry, file_entry, read_entries

MERGED = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
"""Top folders that are links into ``/usr``: packages that still ship files there are unpacked into ``/usr``."""
INLINE_BYTES = 64 * 1024
_UNWANTED = re.compile(
    r"usr/share/(?:man|info|locale|lintian|bug|doc-base|pixmaps|applications|menu|gtk-doc|help|bash-completion)(?:/|$)"
    r"|usr/share/doc/(?![^/]+/copyright$)"
    r"|usr/lib/python3[.\d]*/.*\.pyc$"
)


@dataclass(frozen=True, slots=True)
class UnpackedPackage:
    """A package's files, its entry in the package database, and the alternatives that it would have registered."""

    entries: list[Entry]
    status: str
    alternatives: list[Alternative]


def unpack_package(deb: Path, workspace: Path) -> UnpackedPackage:
    """Unpacks ``NAME.deb``. File contents are read from ``workspace`` later, so it must stay until they are written.

    Documentation other than licences is left out. Raises ``UnknownSystemPackage`` for a file that is no package.
    """
    try:
        tar = workspace / f"{deb.name}.tar"
        with tar.open("wb") as output:
            member = _data_member(deb)
            _decompress(member.name, cast(IO[bytes], member), output)
        entries = list(_entries(tar))
        with DebFile(str(deb)) as package:
            script = package.control.scripts().get("postinst", b"")
            status = _status(package)
        return UnpackedPackage(entries, status, list(read_alternatives(script.decode(errors="replace"))))
    except (ArError, DebError, tarfile.TarError, lzma.LZMAError, zstandard.ZstdError, zlib.error) as e:
        raise UnknownSystemPackage(f"{deb.name} is not a Debian package that can be read.") from e


def status_entry(package: UnpackedPackage) -> Entry:
    """The package's own file in the package database, as scanners of such images expect it."""
    name = Deb822(package.status)["Package"]
    return file_entry(f"var/lib/dpkg/status.d/{name}", package.status.encode())


def _data_member(deb: Path) -> ArMember:
    try:
        return next(member for member in ArFile(str(deb)).getmembers() if member.name.startswith("data.tar"))
    except (OSError, StopIteration) as e:
        raise ArError(str(e)) from e


def _decompress(name: str, member: IO[bytes], output: BinaryIO) -> None:
    suffix = name.rpartition(".")[2]
    if suffix == "zst":
        zstandard.ZstdDecompressor().copy_stream(member, output)
    elif suffix == "xz":
        with lzma.open(member) as stream:
            shutil.copyfileobj(stream, output, CHUNK)
    else:
        shutil.copyfileobj(gzip.GzipFile(fileobj=member) if suffix == "gz" else member, output, CHUNK)


def _entries(tar: Path) -> Iterator[Entry]:
    with tarfile.open(tar, "r:") as archive:
        for entry in read_entries(archive, lambda info: _content(tar, info)):
            path = _merged(entry.path)
            if path in MERGED or _UNWANTED.match(path):
                continue
            target = _merged(entry.target) if entry.kind == "hardlink" else entry.target
            yield replace(entry, path=path, target=target, mode=entry.mode & 0o1777)


def _merged(path: str) -> str:
    return f"usr/{path}" if path.partition("/")[0] in MERGED and "/" in path else path


def _content(tar: Path, info: tarfile.TarInfo) -> Content:
    if info.size > INLINE_BYTES:
        return slice_reader(tar, info.offset_data, info.size)
    return b"".join(slice_reader(tar, info.offset_data, info.size)())


def slice_reader(file: Path, offset: int, size: int) -> Callable[[], Iterator[bytes]]:
    """A content that reads ``size`` bytes of a file from ``offset``."""

    def read() -> Iterator[bytes]:
        remaining = size
        with file.open("rb") as stream:
            stream.seek(offset)
            while remaining and (chunk := stream.read(min(CHUNK, remaining))):
                remaining -= len(chunk)
                yield chunk

    return read


def _status(package: DebFile) -> str:
    control = package.debcontrol()
    control["Status"] = "install ok installed"
    control.pop("Description", None)
    return str(control.dump())


def left_out_status(architecture: str, *, wanted: Iterable[str], installed: str = "") -> str:
    """Package database entries that make the resolver leave out what only maintainer scripts and shells need.

    A package that is ``wanted`` by name, or ``installed`` in truth, is not among them.
    """
    present = set(re.findall(r"^Package: (\S+)$", installed, re.MULTILINE))
    names = [name for name in LEFT_OUT if name not in present and name not in set(wanted)]
    return "\n".join(_left_out(name, architecture) for name in names)


LEFT_OUT = {
    "adduser": "",
    "debconf": "debconf-2.0",
    "dpkg": "",
    "init-system-helpers": "",
    "install-info": "",
    "mawk": "awk",
    "openssl": "",
    "perl": "",
    "perl-base": "perlapi-5.36.0, perlapi-5.40.0, libfile-temp-perl, libio-socket-ip-perl",
    "readline-common": "",
    "sensible-utils": "",
    "ucf": "",
}


def _left_out(name: str, architecture: str) -> str:
    provides = f"Provides: {LEFT_OUT[name]}\n" if LEFT_OUT[name] else ""
    return (
        f"Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\nMulti-Arch: foreign\n"
        f"Version: 99:0\n{provides}Maintainer: none <none@example.org>\nDescription: left out\n"
    )
