"""Unpacking one OCI layer into a folder, whatever its tar says.

Layer format: OCI image-spec, layer.md. What has no place in a sandbox is left out: devices, sockets, pipes, owners,
setuid bits, extended attributes. Files become readable by all and writable by nobody, executable where they were for
anybody, so that one unpacked copy serves containers of any user and is changed by none.
"""

import contextlib
import errno
import os
import shutil
import stat
import tarfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_NAME_ERRORS = (errno.ENOENT, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.ENOTDIR, errno.EISDIR, errno.EILSEQ)
_MAX_DEPTH = 100
"""Folders within folders; image builders stay below 30, and walking a tree must not exhaust the stack."""
_MAX_LINKS = 40
"""Symbolic links followed in one path, as Linux does."""


class LayerInvalid(Exception):
    """The layer cannot be unpacked; the text says why."""


@dataclass(slots=True)
class Unpacked:
    """``removed`` are paths that the layer deletes below it, ``opaque`` folders whose lower content it hides."""

    size: int = 0
    removed: list[str] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)


def unpack(archive: Path, root: Path) -> Unpacked:
    """Unpacks an uncompressed tar into the empty folder ``root``.

    Nothing is written outside ``root``, whatever names and links the archive holds. Raises ``LayerInvalid``; a full
    disk raises ``OSError``.
    """
    try:
        with archive.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:") as tar:
            return _Unpacking(root, raw.fileno()).run(tar)
    except (tarfile.TarError, UnicodeError, ValueError) as error:
        raise LayerInvalid(f"not a readable tar: {error}") from error
    except OSError as error:
        if error.errno not in _NAME_ERRORS:
            raise
        raise LayerInvalid(f"a name in it cannot be made: {error.strerror}") from error


class _Unpacking:
    def __init__(self, root: Path, source: int) -> None:
        self._root = str(root)
        self._source = source
        self._parents: dict[str, str] = {"": self._root}
        self._result = Unpacked()

    def run(self, tar: tarfile.TarFile) -> Unpacked:
        for member in tar:
            self._add(tar, member)
        close_folders(Path(self._root))
        return self._result

    def _add(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = _clean(member.name)
        if not name:
            return
        folder, _, base = name.rpartition("/")
        if base.startswith(_WHITEOUT):
            self._note_whiteout(folder, base)
            return
        parent = self._folder(folder)
        path = f"{parent}/{base}"
        if member.isdir():
            self._make_folder(path)
        elif member.issym():
            self._clear(path)
            os.symlink(member.linkname, path)
        elif member.islnk():
            self._link(member, path)
        elif member.isreg():
            self._clear(path)
            self._write(tar, member, path)

    def _note_whiteout(self, folder: str, base: str) -> None:
        if base == _OPAQUE:
            self._result.opaque.append(folder)
        elif not base.startswith(_WHITEOUT * 2):  # names of AUFS's own that mean nothing elsewhere
            self._result.removed.append(f"{folder}/{base.removeprefix(_WHITEOUT)}".lstrip("/"))

    def _make_folder(self, path: str) -> None:
        if os.path.isdir(path) and not os.path.islink(path):
            return
        self._clear(path)
        os.mkdir(path, 0o755)

    def _link(self, member: tarfile.TarInfo, path: str) -> None:
        folder, _, base = _clean(member.linkname).rpartition("/")
        target = f"{self._folder(folder)}/{base}"
        if not base or not os.path.lexists(target) or _is_folder(target):
            raise LayerInvalid(
                f"{member.name!r} is a hard link to {member.linkname!r}, which is not a file in this layer"
            )
        if target != path:
            self._clear(path)
            os.link(target, path, follow_symlinks=False)

    def _write(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            if member.issparse():
                self._copy_sparse(tar, member, descriptor)
            else:
                self._copy(member, descriptor)
            os.fchmod(descriptor, 0o555 if member.mode & 0o111 else 0o444)
            os.utime(descriptor, (member.mtime, member.mtime))
        finally:
            os.close(descriptor)
        self._result.size += member.size

    def _copy(self, member: tarfile.TarInfo, descriptor: int) -> None:
        """Straight from file to file in the kernel."""
        offset, left = member.offset_data, member.size
        while left:
            moved = os.sendfile(descriptor, self._source, offset, left)
            if not moved:
                raise LayerInvalid(f"the archive ends inside {member.name!r}")
            offset, left = offset + moved, left - moved

    def _copy_sparse(self, tar: tarfile.TarFile, member: tarfile.TarInfo, descriptor: int) -> None:
        content = tar.extractfile(member)
        if content is None:
            raise LayerInvalid(f"{member.name!r} has no content")
        with os.fdopen(os.dup(descriptor), "wb") as file:
            shutil.copyfileobj(content, file)

    def _clear(self, path: str) -> None:
        """Makes room: of two entries with one name the later counts."""
        if _is_folder(path):
            shutil.rmtree(path)
            self._parents = {"": self._root}
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def _folder(self, name: str) -> str:
        """The real folder for a name in the layer, made where it is missing; links are followed inside the root."""
        known = self._parents.get(name)
        if known is None or not _is_folder(known):
            known = self._parents[name] = self._resolve(name)
        return known

    def _resolve(self, name: str) -> str:
        waiting, done, links = name.split("/")[::-1], PurePosixPath(), 0
        while waiting:
            part = waiting.pop()
            if part in ("", "."):
                continue
            if part == "..":
                done = done.parent
                continue
            path = f"{self._root}/{done / part}"
            if os.path.islink(path):
                links += 1
                if links > _MAX_LINKS:
                    raise LayerInvalid(f"too many links in {name!r}")
                target = os.readlink(path)
                done = PurePosixPath() if target.startswith("/") else done
                waiting += target.split("/")[::-1]
                continue
            self._make_folder(path)
            done /= part
            if len(done.parts) > _MAX_DEPTH:
                raise LayerInvalid(f"folders are more than {_MAX_DEPTH} deep")
        return f"{self._root}/{done}" if done.parts else self._root


def close_folders(root: Path) -> None:
    """Makes every folder of a tree readable by all and writable by nobody; the tree itself can still be renamed."""
    for path, _, _ in os.walk(root):
        os.chmod(path, 0o555)  # noqa: S103 - what is shared by containers of any user
    root.chmod(0o755)


def remove_tree(folder: Path) -> None:
    """Removes a tree whose folders may be read-only; one that is not there is no error."""
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink(missing_ok=True)
        return
    for path, _, _ in os.walk(folder):
        os.chmod(path, 0o700)
    shutil.rmtree(folder)


def _clean(name: str) -> str:
    """A relative path without empty parts; one that climbs is refused."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in name:
        raise LayerInvalid(f"the name {name!r} leads outside")
    return "/".join(parts)


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
