"""Reads a push of either form into one ``Project``, and writes a project as the files of a commit."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from modelyard.rooms.signatures.schemas import Target
from modelyard.rooms.sources.archives import Unpacked, unpack
from modelyard.rooms.sources.card import README, find_readme, merge_cards, read_readme, write_readme
from modelyard.rooms.sources.config import MANIFEST, Manifest, read_manifest_text, read_parts_config, write_manifest
from modelyard.rooms.sources.disk import full_disk_explained
from modelyard.rooms.sources.errors import ConfigInvalid, PathUnsafe, ProjectIncomplete
from modelyard.rooms.sources.names import PathBook, check_path, is_junk, safe_file_name
from modelyard.rooms.sources.requirements import Requirements, parse_requirements
from modelyard.rooms.sources.schemas import Card, Project
from modelyard.rooms.sources.tree import list_files

REQUIREMENTS = "requirements.txt"


def read_parts(
    source_zip: Path, artifact: Path | None, requirements: Path | None, config: Path, *, workdir: Path
) -> Project:
    """The four parts of a push: source zip, model file, requirements, JSON config.

    The source is unpacked into a new folder under ``workdir``, which the caller removes; the artifact stays where it
    is and is called by the name of its file. Raises the errors of this room.
    """
    manifest = read_parts_config(_read_bounded(config))
    needed = parse_requirements(_read_bounded(requirements) if requirements else b"")
    artifact_path = _artifact_name(artifact) if artifact else None
    unpacked = unpack(source_zip, _fresh_folder(workdir))
    source = _root_of_module(unpacked, manifest.predict)
    manifest = manifest.model_copy(update={"artifact": artifact_path, "requirements": REQUIREMENTS})
    card, generated, notes = _commit_texts(source, manifest, needed)
    project = Project(
        target=manifest.predict,
        source=source,
        artifact=artifact,
        artifact_path=artifact_path,
        generated=generated,
        notes=(*unpacked.notes, *needed.notes, *notes, *_replaced(source, generated, artifact_path)),
    )
    _check_commit_names(project)
    return _with_settings(project, manifest, needed, card)


def read_archive(zip_path: Path, *, workdir: Path) -> Project:
    """A zip of a folder with ``modelyard.yaml``, unpacked under ``workdir``, which the caller removes."""
    unpacked = unpack(zip_path, _fresh_folder(workdir))
    inner = unpacked.top_folder
    is_nested = inner is not None and (inner / MANIFEST).is_file()
    project = read_directory(inner if inner is not None and is_nested else unpacked.root)
    return replace(project, notes=(*unpacked.notes, *project.notes))


def read_directory(path: Path) -> Project:
    """A folder with ``modelyard.yaml``, read where it is; raises the errors of this room."""
    files = {file.path for file in list_files(path)}
    if MANIFEST not in files:
        other = next((name for name in ("modelyard.yml", "modelyard.json") if name in files), None)
        remedy = f"Rename {other} to {MANIFEST}." if other else f"Write a {MANIFEST} that names what predicts."
        raise ProjectIncomplete(f"There is no {MANIFEST} at the top of the source.", remedy=remedy, field=MANIFEST)
    manifest = read_manifest_text(_read_bounded(path / MANIFEST))
    needed = _requirements_of(path, manifest, files)
    name = find_readme(files)
    readme, notes = read_readme(_read_bounded(path / name)) if name else (Card(), ())
    project = Project(
        target=manifest.predict,
        source=path,
        artifact=path / _named_file(manifest.artifact, "artifact", files) if manifest.artifact is not None else None,
        artifact_path=manifest.artifact,
        notes=(*needed.notes, *notes),
    )
    return _with_settings(project, manifest, needed, merge_cards(dict(manifest.card), readme))


def write_commit_tree(project: Project, target: Path) -> Path:
    """Writes the files of the commit into ``target``, which must not exist yet, and returns it.

    A clone of that commit reads back, with ``read_directory``, as the same project. Files are copied, never linked.
    """
    with full_disk_explained():
        target.mkdir(parents=True)
        _write_files(project, target)
    return target


def _write_files(project: Project, target: Path) -> None:
    skipped = {*project.generated, project.artifact_path}
    for file in list_files(project.source):
        if file.path not in skipped:
            _copy(project.source / file.path, target / file.path, is_executable=file.is_executable)
    for path, text in project.generated.items():
        (target / path).write_text(text, encoding="utf-8")
    if project.artifact is not None and project.artifact_path is not None:
        _copy(project.artifact, target / project.artifact_path, is_executable=False)


def _with_settings(project: Project, manifest: Manifest, needed: Requirements, card: Card) -> Project:
    if project.artifact is not None and project.artifact.stat().st_size == 0:
        raise ProjectIncomplete(
            f"{project.artifact_path} is empty.", remedy="Upload the model again.", field="artifact"
        )
    return replace(
        project,
        requirements=needed.text,
        python=manifest.python,
        system_packages=manifest.system_packages,
        resources=manifest.resources,
        card=card,
    )


def _root_of_module(unpacked: Unpacked, target: Target) -> Path:
    """The folder that imports start from: inside the one top folder if the module is found there and not above it."""
    head = target.module.split(".")[0]
    inner = unpacked.top_folder
    if inner is None or _has_module(unpacked.root, head) or not _has_module(inner, head):
        return unpacked.root
    return inner


def _has_module(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()


def _commit_texts(
    source: Path, manifest: Manifest, needed: Requirements
) -> tuple[Card, dict[str, str], tuple[str, ...]]:
    """The card, and the files that make a clone of the commit complete.

    Where the author wrote no README one is made from the card's fields, which then stand there alone.
    """
    generated = {REQUIREMENTS: needed.text}
    if name := find_readme(entry.name for entry in source.iterdir() if entry.is_file()):
        readme, notes = read_readme(_read_bounded(source / name))
        generated[MANIFEST] = write_manifest(manifest)
        return merge_cards(dict(manifest.card), readme), generated, notes
    text = write_readme(merge_cards(dict(manifest.card), Card()), target=manifest.predict)
    generated |= {MANIFEST: write_manifest(manifest.model_copy(update={"card": {}})), README: text}
    card, _ = read_readme(text.encode())
    return card, generated, ()


def _replaced(source: Path, generated: dict[str, str], artifact_path: str | None) -> list[str]:
    """Notes on files of the zip that parts of the push stand over."""
    parts = [path for path in (*generated, artifact_path) if path and (source / path).exists()]
    return [f"The zip file's own {path} is replaced by what was uploaded with it." for path in parts]


def _check_commit_names(project: Project) -> None:
    """Raises ``PathCollision`` when the parts and the source do not fit into one folder."""
    book = PathBook()
    added = {*project.generated, *([project.artifact_path] if project.artifact_path else [])}
    for path in {*added, *(file.path for file in list_files(project.source))}:
        book.add_file(path)


def _requirements_of(path: Path, manifest: Manifest, files: set[str]) -> Requirements:
    """The lines in the manifest, or those of the file it names, or of ``requirements.txt`` if there is one."""
    if isinstance(manifest.requirements, tuple):
        return parse_requirements("\n".join(manifest.requirements))
    name = manifest.requirements
    if name is None and REQUIREMENTS not in files:
        return Requirements()
    file = _named_file(REQUIREMENTS if name is None else name, "requirements", files)
    return parse_requirements(_read_bounded(path / file))


def _named_file(name: str, key: str, files: set[str]) -> str:
    """A file of the source that the manifest names; raises ``ConfigInvalid`` or ``ProjectIncomplete``."""
    try:
        check_path(name)
    except PathUnsafe as e:
        raise ConfigInvalid(
            e.detail, remedy="Name a file of the source, with / between folders.", field=f"/{key}"
        ) from e
    if name not in files:
        left_out = " It is of a kind that is left out." if is_junk(name) else ""
        raise ProjectIncomplete(
            f"{MANIFEST} names {name}, which the source does not have.{left_out}",
            remedy="Add the file, or correct the name.",
            field=f"/{key}",
        )
    return name


def _artifact_name(artifact: Path) -> str:
    name = safe_file_name(artifact.name)
    if name in {MANIFEST, REQUIREMENTS, README} or is_junk(name):
        raise ConfigInvalid(f"The model's file cannot be called {name}.", remedy="Rename it.", field="artifact")
    return name


def _read_bounded(path: Path) -> bytes:
    """The bytes of a small file, one more than any of them may have at most."""
    with path.open("rb") as file:
        return file.read(1024**2)


def _fresh_folder(workdir: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix="unpacked-", dir=workdir)) / "tree"


def _copy(source: Path, target: Path, *, is_executable: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if is_executable else 0o644)
