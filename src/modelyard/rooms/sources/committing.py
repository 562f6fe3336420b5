"""Writes a project as the files of a commit."""

import shutil
from pathlib import Path

from modelyard.rooms.sources.disk import full_disk_explained
from modelyard.rooms.sources.names import PathBook
from modelyard.rooms.sources.schemas import Project
from modelyard.rooms.sources.tree import list_files


def write_commit_tree(project: Project, target: Path) -> Path:
    """Writes the files of the commit into ``target``, which must not exist yet, and returns it.

    A clone of that commit reads back, with ``read_directory``, as the same project. Files are copied, never linked.
    """
    with full_disk_explained():
        target.mkdir(parents=True)
        _write_files(project, target)
    return target


def check_commit_names(project: Project) -> None:
    """Raises ``PathCollision`` when the parts and the source do not fit into one folder."""
    book = PathBook()
    added = {*project.generated, *([project.artifact_path] if project.artifact_path else [])}
    for path in {*added, *(file.path for file in list_files(project.source))}:
        book.add_file(path)


def _write_files(project: Project, target: Path) -> None:
    skipped = {*project.generated, project.artifact_path}
    for file in list_files(project.source):
        if file.path not in skipped:
            _copy(project.source / file.path, target / file.path, is_executable=file.is_executable)
    for path, text in project.generated.items():
        (target / path).write_text(text, encoding="utf-8")
    if project.artifact is not None and project.artifact_path is not None:
        _copy(project.artifact, target / project.artifact_path, is_executable=False)


def _copy(source: Path, target: Path, *, is_executable: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if is_executable else 0o644)
