"""Reads a folder of a push into one ``Project``: with ``modelyard.yaml``, or as MLflow wrote it."""

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelyard.rooms.signatures.schemas import Target
from modelyard.rooms.sources.archives import unpack
from modelyard.rooms.sources.card import README, find_readme, merge_cards, read_readme, write_readme
from modelyard.rooms.sources.config import MANIFEST, Manifest, read_manifest_text, write_manifest
from modelyard.rooms.sources.errors import ConfigInvalid, PathUnsafe, ProjectIncomplete
from modelyard.rooms.sources.frameworks import Framework, check_framework, needed_requirements
from modelyard.rooms.sources.mlmodel import MLMODEL, read_mlmodel
from modelyard.rooms.sources.names import check_path, is_junk
from modelyard.rooms.sources.operations import KINDS
from modelyard.rooms.sources.requirements import Requirements, parse_requirements
from modelyard.rooms.sources.schemas import Card, Project
from modelyard.rooms.sources.tree import list_files, read_bounded
from modelyard.rooms.sources.weights import label_weights, weight_files

REQUIREMENTS = "requirements.txt"


def read_archive(zip_path: Path, *, workdir: Path) -> Project:
    """A zip of a folder with ``modelyard.yaml`` or ``MLmodel``, unpacked under ``workdir``, which the caller
    removes."""
    unpacked = unpack(zip_path, fresh_folder(workdir))
    inner = unpacked.top_folder
    is_nested = inner is not None and any((inner / name).is_file() for name in (MANIFEST, MLMODEL))
    project = read_directory(inner if inner is not None and is_nested else unpacked.root)
    return replace(project, notes=(*unpacked.notes, *project.notes))


def read_directory(path: Path) -> Project:
    """A folder with ``modelyard.yaml`` or ``MLmodel``, read where it is; raises the errors of this room."""
    files = {file.path for file in list_files(path)}
    if MANIFEST not in files and MLMODEL in files:
        return _read_mlflow(path, Manifest(framework="mlflow"), files)
    if MANIFEST not in files:
        other = next((name for name in ("modelyard.yml", "modelyard.json") if name in files), None)
        remedy = f"Rename {other} to {MANIFEST}." if other else f"Write a {MANIFEST} that names what predicts or runs."
        raise ProjectIncomplete(f"There is no {MANIFEST} at the top of the source.", remedy=remedy, field=MANIFEST)
    manifest = read_manifest_text(read_bounded(path / MANIFEST))
    if manifest.framework == "mlflow":
        return _read_mlflow(path, manifest, files)
    artifact = path / _named_file(manifest.artifact, "artifact", files) if manifest.artifact is not None else None
    needed = _requirements_of(path, manifest, files, artifact)
    readme, notes = _readme_of(path, files)
    project = Project(
        target=target_of(manifest),
        framework=framework_of(manifest, artifact),
        operation=operation_of(manifest),
        source=path,
        artifact=artifact,
        artifact_path=manifest.artifact,
        notes=(*needed.notes, *notes),
    )
    return with_settings(project, manifest, needed, merge_cards(dict(manifest.card), readme))


def target_of(manifest: Manifest) -> Target:
    """What the box calls: the named function, or its own adapter for the framework."""
    framework = manifest.to_framework()
    if framework is not None:
        return framework.target
    target = manifest.predict or manifest.run
    assert target is not None  # a manifest has one of the three
    return target


def operation_of(manifest: Manifest) -> str | None:
    """The kind of operation that a manifest describes; None for a model."""
    return (manifest.kind or KINDS[0]) if manifest.run else None


def framework_of(manifest: Manifest, artifact: Path | None) -> Framework | None:
    """The framework that a manifest names, checked; raises ``ConfigInvalid`` and ``ProjectIncomplete``."""
    framework = manifest.to_framework()
    if framework is not None:
        check_framework(framework, has_artifact=artifact is not None)
    return framework


def with_settings(project: Project, manifest: Manifest, needed: Requirements, card: Card) -> Project:
    if project.artifact is not None and project.artifact.stat().st_size == 0:
        raise ProjectIncomplete(
            f"{project.artifact_path} is empty.", remedy="Upload the model again.", field="artifact"
        )
    return replace(
        project,
        requirements=needed.text,
        python=manifest.python,
        system_packages=manifest.system_packages,
        batch=manifest.batch,
        resources=manifest.resources,
        card=card,
        weights=_weights_of(project),
    )


def _weights_of(project: Project) -> dict[str, Any] | None:
    files = dict(weight_files(project.source, (file.path for file in list_files(project.source))))
    if project.artifact is not None and project.artifact_path is not None:
        files[project.artifact_path] = project.artifact
    return label_weights(files.items())


def commit_texts(
    source: Path, manifest: Manifest, needed: Requirements
) -> tuple[Card, dict[str, str], tuple[str, ...]]:
    """The card, and the files that make a clone of the commit complete.

    Where the author wrote no README one is made from the card's fields, which then stand there alone.
    """
    generated = {REQUIREMENTS: needed.text}
    if name := find_readme(entry.name for entry in source.iterdir() if entry.is_file()):
        readme, notes = read_readme(read_bounded(source / name))
        generated[MANIFEST] = write_manifest(manifest)
        return merge_cards(dict(manifest.card), readme), generated, notes
    text = write_readme(merge_cards(dict(manifest.card), Card()), subject=_subject(manifest))
    generated |= {MANIFEST: write_manifest(manifest.model_copy(update={"card": {}})), README: text}
    card, _ = read_readme(text.encode())
    return card, generated, ()


def _read_mlflow(path: Path, manifest: Manifest, files: set[str]) -> Project:
    """A folder that MLflow wrote. Where it has no ``modelyard.yaml`` one is made, so that a clone says what it is."""
    if MLMODEL not in files or manifest.artifact is not None:
        raise ProjectIncomplete(
            f"framework: mlflow needs the folder that MLflow wrote, with {MLMODEL} at its top, and no artifact.",
            remedy="Push that folder as it is.",
            field=MLMODEL,
        )
    found = read_mlmodel(lambda name: read_bounded(path / name) if name in files else None)
    needed = found.requirements
    if isinstance(manifest.requirements, tuple):
        needed = parse_requirements("\n".join(manifest.requirements))
    manifest = manifest.model_copy(
        update={"requirements": REQUIREMENTS, "python": manifest.python or found.python or None}
    )
    card, generated, notes = commit_texts(path, manifest, needed)
    if card.example is None and found.example is not None:
        card = card.model_copy(update={"example": found.example})
    project = Project(
        target=target_of(manifest),
        framework=framework_of(manifest, None),
        signature=found.signature,
        source=path,
        generated=generated,
        notes=(*needed.notes, *found.notes, *notes),
    )
    return with_settings(project, manifest, needed, card)


def _subject(manifest: Manifest) -> str:
    return str(manifest.predict or manifest.run or manifest.artifact or manifest.framework)


def _readme_of(path: Path, files: Iterable[str]) -> tuple[Card, tuple[str, ...]]:
    name = find_readme(files)
    return read_readme(read_bounded(path / name)) if name else (Card(), ())


def _requirements_of(path: Path, manifest: Manifest, files: set[str], artifact: Path | None) -> Requirements:
    """The lines in the manifest, or those of the file it names, or of ``requirements.txt`` if there is one.

    Where there are none, those that a framework's file itself names.
    """
    if isinstance(manifest.requirements, tuple):
        return parse_requirements("\n".join(manifest.requirements))
    name = manifest.requirements
    if name is None and REQUIREMENTS not in files:
        framework = framework_of(manifest, artifact)
        if framework is None:
            return Requirements()
        lines, notes = needed_requirements(framework, artifact)
        return replace(parse_requirements(lines), notes=notes)
    file = _named_file(REQUIREMENTS if name is None else name, "requirements", files)
    return parse_requirements(read_bounded(path / file))


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


def fresh_folder(workdir: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix="unpacked-", dir=workdir)) / "tree"
