"""The files of a push to a dataset, brought together in a folder: a zip or single files, alone or over others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelyard.rooms.datasets import rules
from modelyard.rooms.datasets.errors import DatasetFileRefused
from modelyard.rooms.datasets.schemas import Collected, PlacedFile
from modelyard.rooms.sources import service as sources

README_LIMIT = 1024**2


def collect_archive(zip_path: Path, tree: Path, *, kept: dict[str, tuple[str, int]]) -> Collected:
    """Unpacks a zip over what ``tree`` holds. One folder that holds everything in the zip is left out of the names.

    ``kept``: large files that are there already, by path. Raises the errors of ``sources`` for archives and paths.
    """
    unpacked = sources.unpack(zip_path, tree.with_name("unpacked"))
    root = unpacked.top_folder or unpacked.root
    paths = [file.relative_to(root).as_posix() for file in sorted(root.rglob("*")) if file.is_file()]
    large = _without(kept, paths)
    rules.check_paths(sorted({*_paths(tree), *paths}))
    for path in paths:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).replace(tree / path)
    return _collected(tree, large, unpacked.notes)


def collect_files(
    files: Sequence[PlacedFile], tree: Path, *, kept: dict[str, tuple[str, int]], small: dict[str, Path]
) -> Collected:
    """Puts single files over what ``tree`` holds: those in ``small`` as they lie there, the others as large ones."""
    paths = [file.path for file in files]
    if len(set(paths)) < len(paths):
        raise DatasetFileRefused("Two of the files have the same path.", remedy="Rename one.", field="files")
    rules.check_paths(sorted({*_paths(tree), *paths}))
    large = _without(kept, paths)
    for file in files:
        target = tree / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(small[file.path].read_bytes() if file.path in small else b"")
        if file.path not in small:
            large[file.path] = (file.digest, file.size)
    return _collected(tree, large, ())


def remove_files(tree: Path, paths: Sequence[str]) -> None:
    """Raises ``DatasetFileRefused`` for one that is not there."""
    there = set(_paths(tree))
    for path in paths:
        if path not in there:
            raise DatasetFileRefused(f"There is no {path} to remove.", remedy="Look at the files.", field="remove")
        (tree / path).unlink()


def _paths(tree: Path) -> list[str]:
    files = (file.relative_to(tree).as_posix() for file in tree.rglob("*") if file.is_file())
    return [path for path in files if path not in rules.HIDDEN]


def _without(kept: dict[str, tuple[str, int]], paths: Sequence[str]) -> dict[str, tuple[str, int]]:
    new = set(paths)
    return {path: held for path, held in kept.items() if path not in new}


def _collected(tree: Path, large: dict[str, tuple[str, int]], notes: tuple[str, ...]) -> Collected:
    paths = sorted(_paths(tree))
    large = {path: held for path, held in large.items() if path in paths}
    card: dict[str, Any] = {}
    said: tuple[str, ...] = ()
    name = sources.find_readme(paths)
    if name is not None and name not in large:
        with (tree / name).open("rb") as file:
            read, said = sources.read_readme(file.read(README_LIMIT))
        card = read.to_json()
    return Collected(large, tuple(paths), card, rules.data_types(paths), (*notes, *said))
