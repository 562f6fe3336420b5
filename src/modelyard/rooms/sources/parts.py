"""Reads a push of separate files: source zip, model file, requirements, config; or a model's file alone."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from modelyard.rooms.signatures import service as signatures
from modelyard.rooms.signatures.schemas import Target
from modelyard.rooms.sources.archives import Unpacked, unpack
from modelyard.rooms.sources.card import README
from modelyard.rooms.sources.committing import check_commit_names
from modelyard.rooms.sources.config import MANIFEST, Manifest, read_parts_config
from modelyard.rooms.sources.errors import ConfigInvalid, ProjectIncomplete, SourceTooLarge
from modelyard.rooms.sources.frameworks import detect_framework, needed_requirements
from modelyard.rooms.sources.names import is_junk, safe_file_name
from modelyard.rooms.sources.operations import find_function, script_requirements
from modelyard.rooms.sources.project import (
    REQUIREMENTS,
    commit_texts,
    framework_of,
    fresh_folder,
    operation_of,
    target_of,
    with_settings,
)
from modelyard.rooms.sources.requirements import parse_requirements
from modelyard.rooms.sources.schemas import Project
from modelyard.rooms.sources.tree import read_bounded


def read_parts(
    source_zip: Path, artifact: Path | None, requirements: Path | None, config: Path, *, workdir: Path
) -> Project:
    """The four parts of a push: source zip, model file, requirements, JSON config.

    The source is unpacked into a new folder under ``workdir``, which the caller removes; the artifact stays where it
    is and is called by the name of its file. Raises the errors of this room.
    """
    manifest = read_parts_config(read_bounded(config))
    unpacked = unpack(source_zip, fresh_folder(workdir))
    module = manifest.predict or manifest.run or manifest.model
    source = _root_of_module(unpacked, module) if module else unpacked.root
    project = _read(manifest, source, artifact, requirements)
    return replace(project, notes=(*unpacked.notes, *project.notes))


def is_script(source: Path) -> bool:
    """Whether a source is one file of Python rather than a zip."""
    return source.suffix == ".py"


def read_script(
    script: Path, artifact: Path | None, requirements: Path | None, config: Path | None, *, workdir: Path
) -> Project:
    """A single file of Python in the place of a source zip.

    Without a config that names a target it is an operation: its one function that can be meant. Where there are no
    requirements they are those in its head (PEP 723). Raises the errors of this room.
    """
    name, data = safe_file_name(script.name), read_bounded(script)
    if len(data) < script.stat().st_size:
        raise SourceTooLarge(f"{name} is larger than 1 MiB.", remedy="Push a folder, with data in files of their own.")
    manifest = read_parts_config(read_bounded(config), is_alone=True) if config else Manifest()
    if manifest.predict is None and manifest.framework is None and manifest.run is None:
        module = name.removesuffix(".py")
        target = signatures.make_target(module, find_function(data, module=module), field="source")
        manifest = manifest.model_copy(update={"run": target})
    source = Path(tempfile.mkdtemp(prefix="source-", dir=workdir))
    shutil.copyfile(script, source / name)
    if requirements is None and (lines := script_requirements(data)) is not None:
        requirements = Path(tempfile.mkdtemp(prefix="needed-", dir=workdir)) / REQUIREMENTS
        requirements.write_text("\n".join(lines), encoding="utf-8")
    return _read(manifest, source, artifact, requirements)


def read_artifact(artifact: Path, requirements: Path | None, config: Path | None, *, workdir: Path) -> Project:
    """A model's file alone, perhaps with requirements and a config that has a card or names the framework.

    Where there are no requirements they are those that the file itself names. Raises the errors of this room.
    """
    manifest = read_parts_config(read_bounded(config), is_alone=True) if config else Manifest()
    if manifest.predict or manifest.run or manifest.kind or manifest.model:
        raise ProjectIncomplete(
            "The config names code, but there is no source.", remedy="Add the source as a zip.", field="source"
        )
    _empty_is_refused(artifact)
    if manifest.framework is None:
        manifest = manifest.model_copy(update={"framework": detect_framework(artifact).name})
    source = Path(tempfile.mkdtemp(prefix="source-", dir=workdir))
    return _read(manifest, source, artifact, requirements)


def _read(manifest: Manifest, source: Path, artifact: Path | None, requirements: Path | None) -> Project:
    if manifest.run is not None and artifact is not None:
        raise ConfigInvalid(
            "An operation has no model's file.", remedy="Put the file into the source.", field="artifact"
        )
    artifact_path = _artifact_name(artifact) if artifact else None
    if artifact is not None:
        _empty_is_refused(artifact)
    framework = framework_of(manifest, artifact)
    needed = parse_requirements(read_bounded(requirements) if requirements else b"")
    if framework is not None and requirements is None:
        lines, notes = needed_requirements(framework, artifact)
        needed = replace(parse_requirements(lines), notes=notes)
    manifest = manifest.model_copy(update={"artifact": artifact_path, "requirements": REQUIREMENTS})
    card, generated, notes = commit_texts(source, manifest, needed)
    project = Project(
        target=target_of(manifest),
        framework=framework,
        operation=operation_of(manifest),
        source=source,
        artifact=artifact,
        artifact_path=artifact_path,
        generated=generated,
        notes=(*needed.notes, *notes, *_replaced(source, generated, artifact_path)),
    )
    check_commit_names(project)
    return with_settings(project, manifest, needed, card)


def _root_of_module(unpacked: Unpacked, target: Target) -> Path:
    """The folder that imports start from: inside the one top folder if the module is found there and not above it."""
    head = target.module.split(".")[0]
    inner = unpacked.top_folder
    if inner is None or _has_module(unpacked.root, head) or not _has_module(inner, head):
        return unpacked.root
    return inner


def _has_module(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()


def _replaced(source: Path, generated: dict[str, str], artifact_path: str | None) -> list[str]:
    """Notes on files of the zip that parts of the push stand over."""
    parts = [path for path in (*generated, artifact_path) if path and (source / path).exists()]
    return [f"The zip file's own {path} is replaced by what was uploaded with it." for path in parts]


def _artifact_name(artifact: Path) -> str:
    name = safe_file_name(artifact.name)
    if name in {MANIFEST, REQUIREMENTS, README} or is_junk(name):
        raise ConfigInvalid(f"The model's file cannot be called {name}.", remedy="Rename it.", field="artifact")
    return name


def _empty_is_refused(artifact: Path) -> None:
    if artifact.stat().st_size == 0:
        raise ProjectIncomplete(f"{artifact.name} is empty.", remedy="Upload the model again.", field="artifact")
