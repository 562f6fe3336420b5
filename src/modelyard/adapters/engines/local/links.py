"""Building one tree out of layers by hard links, where whiteouts, kernel or missing namespaces rule overlays out."""

import contextlib
import errno
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelyard.adapters.engines.local.untar import remove_tree


@dataclass(frozen=True, slots=True)
class Layer:
    """An unpacked layer and what it takes away from those below it."""

    digest: str
    path: Path
    size: int
    removed: Sequence[str] = ()
    opaque: Sequence[str] = ()

    @property
    def takes_away(self) -> bool:
        return bool(self.removed or self.opaque)


def merge(layers: Sequence[Layer], root: Path) -> None:
    """Puts the layers, base first, into the empty folder ``root``: folders are made, everything else is linked."""
    for layer in layers:
        _take_away(layer, root)
        _add(str(layer.path), str(root))


def _take_away(layer: Layer, root: Path) -> None:
    for name in layer.removed:
        if _inside(root, name):
            remove_tree(root / name)
    for name in layer.opaque:
        if _inside(root, f"{name}/x") and (root / name).is_dir():
            for entry in list((root / name).iterdir()):
                remove_tree(entry)


def _inside(root: Path, name: str) -> bool:
    """Whether the folder of ``name`` is reached without links, so that nothing outside the root is touched."""
    path = root
    for part in name.split("/")[:-1]:
        path /= part
        if path.is_symlink() or not path.is_dir():
            return False
    return True


def _add(source: str, target: str) -> None:
    with os.scandir(source) as entries:
        for entry in entries:
            path = f"{target}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                _make_folder(path)
                _add(entry.path, path)
            else:
                link(entry.path, path)


def _make_folder(path: str) -> None:
    if os.path.islink(path) or not os.path.isdir(path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        os.mkdir(path)
        os.chmod(path, 0o755)  # noqa: S103 - whatever the umask, containers of other users read it


def link(source: str, target: str) -> None:
    """Hard-links a file or symbolic link over what is at ``target``; copies it when its inode has no links left."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        remove_tree(Path(target))
        link(source, target)
    except OSError as error:
        if error.errno not in (errno.EMLINK, errno.EXDEV, errno.EPERM):
            raise
        shutil.copy2(source, target, follow_symlinks=False)
