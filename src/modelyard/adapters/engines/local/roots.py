"""The root of a container on disk: mount points, hard-linked trees, devices, mounts where none can be made."""

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from modelyard.adapters.engines.local import sandbox
from modelyard.adapters.engines.local.links import Layer, link, merge
from modelyard.rooms.runs.errors import EngineRefused
from modelyard.rooms.runs.ports import ContainerSpec, Mount

_STAGES = ("/mnt", "/srv", "/media", "/opt", "/tmp")  # noqa: S108 - covered for one process, not written to
_DEVICE_NUMBERS = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}


class Stage:
    """Names under which a container's user reaches the server's files; without ``at``, their own paths."""

    def __init__(self, at: str | None) -> None:
        self.at = at
        self.binds: list[list[str]] = []

    def add(self, source: Path) -> str:
        """The path to use for ``source``."""
        if self.at is None:
            return str(source)
        name = f"s{len(self.binds)}"
        self.binds.append([str(source), name])
        return f"{self.at}/{name}"

    def add_program(self, program: Path) -> str:
        """The same for a program with the libraries that its wheel keeps two folders above it."""
        if self.at is None or not (program.parents[1].parent / f"{program.parents[1].name}.libs").is_dir():
            return str(program)
        return f"{self.add(program.parents[2])}/{program.relative_to(program.parents[2])}"


def stage_folder() -> str:
    """A folder to cover with the stage; one of these exists everywhere."""
    return next(folder for folder in _STAGES if os.path.isdir(folder) and not os.path.islink(folder))


def make_mount_points(root: Path, spec: ContainerSpec) -> Path:
    """Makes in ``root`` what bubblewrap mounts over, where it is missing: it could not make it in a read-only root."""
    root.mkdir(exist_ok=True)
    root.chmod(0o755)
    for folder in ("/proc", "/tmp", "/dev/shm", sandbox.working_folder(spec)):  # noqa: S108 - inside
        make_folder(root, folder)
    for name, target in sandbox.DEVICE_LINKS.items():
        if not os.path.lexists(root / "dev" / name):
            (root / "dev" / name).symlink_to(target)
    files = [f"/dev/{name}" for name in sandbox.DEVICES]
    files += [file for file in sandbox.NETWORK_FILES if spec.network and Path(file).exists()]
    files += [mount.target for mount in spec.mounts if not mount.source.is_dir()]
    for file in files:
        _make_file(root, file)
    for mount in spec.mounts:
        if mount.source.is_dir():
            make_folder(root, mount.target)
    if not spec.network:
        _write_hosts(root, spec.name)
    return root


def make_farm(root: Path, layers: Sequence[Layer]) -> Path:
    """A tree of hard links to the files of the layers, for one container."""
    root.mkdir()
    root.chmod(0o755)
    merge(layers, root)
    return root


def make_folder(root: Path, inside: str) -> Path:
    """Makes a folder and those above it; links on the way are replaced, since they may lead anywhere."""
    path = root
    for part in inside.split("/"):
        if part in ("", "."):
            continue
        path /= part
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            path.unlink()
        if not path.is_dir():
            path.mkdir()
            path.chmod(0o755)
    return path


def make_writable(folder: Path, uid: int) -> Path:
    """A folder that the container's user may write to."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if folder.is_symlink():
            folder.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    os.chown(folder, uid, uid)
    folder.chmod(0o1777)
    return folder


def make_devices(root: Path) -> None:
    """Device nodes, where this root may make them; elsewhere there are none."""
    folder = make_folder(root, "/dev")
    for name, number in _DEVICE_NUMBERS.items():
        path = folder / name
        path.unlink(missing_ok=True)
        try:
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(*number))
        except PermissionError:
            continue
        path.chmod(0o666)


def hand_over(mounts: Sequence[Mount], uid: int) -> None:
    """Makes the mounts usable for a container of another user; raises ``EngineRefused`` where that cannot be."""
    for mount in mounts:
        if mount.read_only:
            _check_readable(mount)
        else:
            give(mount.source, uid)


def _check_readable(mount: Mount) -> None:
    """A mount that is only read stays its owner's, so others must be able to read it."""
    needed = 0o005 if mount.source.is_dir() else 0o004
    if mount.source.stat().st_mode & needed != needed:
        raise EngineRefused(
            f"What is to be mounted at {mount.target} can be read by its owner only, who is not the container's user.",
            field="mounts",
        )


def give(source: Path, uid: int) -> None:
    """Makes a writable mount the container user's, but files that have other names elsewhere."""
    os.chown(source, uid, uid, follow_symlinks=False)
    if not source.is_dir():
        return
    for folder, names, files in os.walk(source):
        for name in (*names, *files):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            if stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1):
                os.chown(path, uid, uid, follow_symlinks=False)


def bring_in(mount: Mount, root: Path, uid: int) -> None:
    """Puts a mount into a root where nothing can be mounted.

    What is only read is linked, or copied where its user could not read it. A folder to be written moves in, and a
    link takes its place as long as the container lives.
    """
    inside = os.path.normpath(mount.target)
    target = make_folder(root, os.path.dirname(inside)) / os.path.basename(inside)
    if mount.read_only:
        _copy_in(mount.source, target)
        return
    if target.exists() and not mount.source.is_dir():
        target.unlink()
    try:
        _move_in(mount.source, target, uid)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        raise EngineRefused(
            f"The mount at {mount.target} must be on the file system of the engine's folder: at isolation level chroot "
            "nothing can be mounted.",
            field="mounts",
        ) from error


def _move_in(source: Path, target: Path, uid: int) -> None:
    give(source, uid)
    if not source.is_dir():
        os.link(source, target)
        return
    if target.is_dir():
        target.rmdir()
    source.rename(target)
    source.symlink_to(target)


def _copy_in(source: Path, target: Path) -> None:
    if not source.is_dir():
        _copy_file(source, target)
        return
    target.mkdir(exist_ok=True)
    target.chmod(0o755)
    for entry in os.scandir(source):
        if entry.is_symlink():
            link(entry.path, str(target / entry.name))
        elif entry.is_dir() or entry.is_file():
            _copy_in(Path(entry.path), target / entry.name)


def _copy_file(source: Path, target: Path) -> None:
    """A link where the file can be read and not written by anybody, else a copy of which that is true."""
    mode = source.stat().st_mode
    if mode & 0o444 == 0o444 and not mode & 0o022:
        link(str(source), str(target))
        return
    with contextlib.suppress(FileNotFoundError):
        target.unlink()
    shutil.copyfile(source, target)
    target.chmod(0o555 if mode & 0o111 else 0o444)


def _write_hosts(root: Path, name: str) -> None:
    """Names of the loopback, which images leave to their engine."""
    path = make_folder(root, "/etc") / "hosts"
    path.unlink(missing_ok=True)  # it may be a link to that of a layer
    path.write_text(f"127.0.0.1\tlocalhost {name}\n")
    path.chmod(0o644)


def _make_file(root: Path, inside: str) -> None:
    path = make_folder(root, os.path.dirname(inside)) / os.path.basename(inside)
    if not os.path.lexists(path):
        path.touch()
        path.chmod(0o644)
