"""From a wheel file to the entries of a layer (the wheel format, PEP 427, and its installation)."""

import configparser
import lzma
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from modelyard.rooms.images.bytecode import Interpreter, Source, compile_sources, is_wanted
from modelyard.rooms.images.errors import SourceRefused, WheelRefused
from modelyard.rooms.images.tars import CHUNK, Content, Entry, check_path, file_entry

WHEEL_FORMAT = 1
"""Part of every wheel layer's key: raise it when the same wheel is to give other bytes."""
MAX_UNPACKED_BYTES = 16 * 1024**3
INLINE_BYTES = 1024**2
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a wheel's parts go inside the image, relative to its root, and the interpreter that its scripts name."""

    site: str
    prefix: str
    interpreter: str

    @property
    def bin(self) -> str:
        return f"{self.prefix}/bin"


def wheel_entries(file: Path, layout: Layout, interpreter: Interpreter) -> list[Entry]:
    """Everything that the wheel installs, with bytecode. Contents are read from ``file`` when they are written.

    Raises ``WheelRefused`` for what is not a wheel, is damaged, or has paths that leave its folder.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_size(file, archive)
            entries = [_entry(file, archive, info, layout) for info in archive.infolist() if not info.is_dir()]
            scripts = list(_console_scripts(archive, layout))
            sources = [_source(entry) for entry in entries if _is_source(entry, layout)]
    except (*_DAMAGE, SourceRefused, ValueError) as e:
        raise WheelRefused(f"{file.name} cannot be unpacked: {e}") from e
    return [*entries, *scripts, *compile_sources(sources, interpreter)]


def _check_size(file: Path, archive: zipfile.ZipFile) -> None:
    size = sum(info.file_size for info in archive.infolist())
    if size > MAX_UNPACKED_BYTES:
        raise WheelRefused(f"{file.name} would unpack to {size} bytes.")


def _entry(file: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, layout: Layout) -> Entry:
    path = _installed_path(check_path(info.filename), layout)
    mode = 0o755 if (info.external_attr >> 16) & 0o111 or path.startswith(f"{layout.bin}/") else 0o644
    if path.startswith(f"{layout.bin}/"):
        return file_entry(path, _with_interpreter(archive.read(info), layout), mode=mode)
    content: Content = archive.read(info) if info.file_size <= INLINE_BYTES else _reader(file, info.filename)
    return Entry(path, mode=mode, content=content, size=info.file_size)


def _installed_path(path: str, layout: Layout) -> str:
    """Where a member goes: ``NAME.data/KIND/…`` is spread by kind, everything else is the site folder's."""
    match = re.match(r"[^/]+\.data/([^/]+)/(.+)$", path)
    if not match:
        return f"{layout.site}/{path}"
    kind, rest = match.groups()
    folders = {
        "purelib": layout.site,
        "platlib": layout.site,
        "scripts": layout.bin,
        "data": layout.prefix,
        "headers": f"{layout.prefix}/include",
    }
    if kind not in folders:
        raise ValueError(f"{path} is of no kind that wheels have")
    return f"{folders[kind]}/{rest}"


def _reader(file: Path, member: str) -> Callable[[], Iterator[bytes]]:
    def read() -> Iterator[bytes]:
        try:
            with zipfile.ZipFile(file) as archive, archive.open(member) as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        except _DAMAGE as e:
            raise WheelRefused(f"{file.name} cannot be unpacked: {e}") from e

    return read


def _with_interpreter(script: bytes, layout: Layout) -> bytes:
    """A script's ``#!python`` line names the image's interpreter ("Recommended installer features")."""
    return re.sub(rb"\A#!pythonw?(?=[\s])", b"#!" + layout.interpreter.encode(), script)


def _console_scripts(archive: zipfile.ZipFile, layout: Layout) -> Iterator[Entry]:
    for name in archive.namelist():
        if re.fullmatch(r"[^/]+\.dist-info/entry_points\.txt", name):
            parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
            parser.optionxform = str  # type: ignore[assignment,method-assign]  # names are case-sensitive
            try:
                parser.read_string(archive.read(name).decode())
            except configparser.Error as e:
                raise ValueError(f"{name} cannot be read") from e
            for section in ("console_scripts", "gui_scripts"):
                if parser.has_section(section):
                    for script, reference in parser.items(section):
                        yield _console_script(script, reference, layout)


def _console_script(name: str, reference: str, layout: Layout) -> Entry:
    match = re.fullmatch(r"([\w.]+)\s*:\s*([\w.]+)\s*(?:\[.*\])?", reference)
    if not match or "/" in name or name in (".", ".."):
        raise ValueError(f"the script {name!r} cannot be made from {reference!r}")
    module, attribute = match.groups()
    text = (
        f"#!{layout.interpreter}\n"
        "import sys\n"
        f"from {module} import {attribute.split('.')[0]}\n"
        'if __name__ == "__main__":\n'
        f"    sys.exit({attribute}())\n"
    )
    return file_entry(f"{layout.bin}/{name}", text.encode(), mode=0o755)


def _is_source(entry: Entry, layout: Layout) -> bool:
    return isinstance(entry.content, bytes) and posixpath.dirname(entry.path) != layout.bin and is_wanted(entry.path)


def _source(entry: Entry) -> Source:
    assert isinstance(entry.content, bytes)
    return Source(entry.path, entry.content)
