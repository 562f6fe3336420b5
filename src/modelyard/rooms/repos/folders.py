"""Bare Git repositories as folders on disk: made, found, removed, and cleared of what a crash left."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pygit2

QUARANTINES = ("tmp_objdir-*", "incoming-*")
LEFT_FILES = ("*.lock", "refs/**/*.lock", "objects/pack/*.keep", "objects/pack/tmp_*", "objects/??/tmp_obj_*")


def create(path: Path) -> None:
    """Makes an empty bare repository; one that exists is left as it is."""
    if not (path / "HEAD").exists():
        make_draft(path)
        keep_draft(path)


def make_draft(path: Path) -> Path:
    """An empty repository beside ``path`` that is none yet: what a crash leaves half made is never taken for one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    repository = pygit2.init_repository(str(draft), bare=True, initial_head="main")
    repository.config["http.receivepack"] = False
    shutil.rmtree(draft / "hooks", ignore_errors=True)
    return draft


def keep_draft(path: Path) -> None:
    """Makes the draft beside ``path`` the repository."""
    path.with_suffix(".new").rename(path)


def delete(path: Path) -> None:
    """Removes a repository; first out of sight by a rename, so that no half of one is ever served. May be repeated."""
    doomed = path.with_suffix(".deleted")
    if path.exists():
        path.rename(doomed)
    if doomed.exists():
        shutil.rmtree(doomed)
    Path(f"{path}.lock").unlink(missing_ok=True)


def clear_remains(root: Path) -> list[Path]:
    """Removes the lock files that a crash left in repositories, which Git would honour for ever, what pushes left in
    quarantine, and drafts.

    To be called while nobody writes: at start-up. Returns what was removed.
    """
    folders = [*root.glob("*/*.new"), *(path for name in QUARANTINES for path in root.glob(f"*/*.git/objects/{name}"))]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    files = [file for pattern in LEFT_FILES for file in root.glob(f"*/*.git/{pattern}")]
    for file in files:
        file.unlink(missing_ok=True)
    return folders + files


def repositories(root: Path) -> Iterator[tuple[UUID, Path]]:
    """Every repository on disk by its id."""
    for path in root.glob("*/*.git"):
        yield UUID(path.stem), path
