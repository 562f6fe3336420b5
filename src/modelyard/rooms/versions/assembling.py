"""One build's image: assembled, and where its signature is not known, described by a run and assembled once more."""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid5

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.dvc.service import DvcTools
from modelyard.rooms.images import service as images
from modelyard.rooms.images.schemas import Artifact, AssemblyRequest, Lock
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.ports import Image
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import Purpose
from modelyard.rooms.runs.service import RunOrder, RunTools
from modelyard.rooms.signatures import service as signatures
from modelyard.rooms.signatures.errors import SignatureUnsupported
from modelyard.rooms.versions import building, rules, store
from modelyard.rooms.versions.building import Build
from modelyard.rooms.versions.errors import BuildOutdated, CheckFailed, PartsInvalid
from modelyard.rooms.versions.reporting import Reporter

RESULT_VARIABLE = "MODELYARD_CHECK_RESULT"


@dataclass(frozen=True, slots=True)
class BuildTools:
    """What a build needs; provided to workflows by the app. ``python`` is the site's default version; ``imports`` reads
    other registries.

    ``trusted_creators``: accounts whose code may be executed where isolation is below namespaces. ``site_url``: where
    the site is reached.
    """

    database: Database
    blobs: BlobStore
    repositories: RepositoryOptions
    supplies: images.Supplies
    runs: RunTools
    scratch: Path
    clock: Clock
    python: str
    imports: images.ImportTools
    trusted_creators: tuple[str, ...] = ()
    site_url: str = "http://localhost"

    @property
    def dvc(self) -> DvcTools:
        return DvcTools(self.database, self.blobs, self.repositories, self.clock, self.site_url)


def assemble(tools: BuildTools, build: Build) -> None:
    """Makes the image and shows it in the registry. May be repeated: what was done before is found again."""
    reporter = Reporter(tools.database, build, clock=tools.clock)
    build = _assemble(tools, build, reporter.say)
    reporter.finish()
    if not rules.is_described(build.project):
        _assemble(tools, _describe(tools, build), lambda _stage, _text: None)


def require_trust(tools: BuildTools, build: Build) -> None:
    """Raises ``IsolationTooWeak`` where the pusher's code may not be executed on this machine."""
    with tools.database.read() as session:
        pusher = accounts.get_account(session, build.pushed_by) if build.pushed_by else None
    runs.require_trust(tools.runs.engine, pusher, trusted=tools.trusted_creators)


def loading_order(tools: BuildTools, build: Build, purpose: Purpose) -> RunOrder:
    """A run of the build's image that loads the model and reports what it found."""
    image = images.find_image(tools.blobs, _required(build.image_digest))
    return RunOrder(
        id=uuid5(build.version_id, f"{purpose}-{build.attempt}"),
        repository_id=build.repository_id,
        version=build.number,
        purpose=purpose,
        image=Image(digest=image.digest, config=image.config, layers=image.layers),
        charged_to=build.pushed_by,
        command=(*image.config["config"]["Entrypoint"], str(purpose)),
        env={RESULT_VARIABLE: "/out/result.json"},
        limits=rules.limits_of(build.project),
        timeout=rules.check_timeout(build.project),
        network=rules.wants_network(build.project),
    )


def _describe(tools: BuildTools, build: Build) -> Build:
    """Reads the signature from the model, loaded in a run, and keeps it with the version."""
    reporter = Reporter(tools.database, build, clock=tools.clock)
    reporter.say("check", "reading what the model takes and gives")
    require_trust(tools, build)
    run = runs.execute(tools.runs, loading_order(tools, build, Purpose.DESCRIBE), on_log=reporter.log)
    if run.state is not RunState.SUCCEEDED:
        reporter.fail()
        raise rules.failure_of(run)
    signature = _accepted(run.result or {})
    with tools.database.write() as session:
        building.record_signature(session, build, signature=signature)
        if store.latest_numbers(session, [build.repository_id])[build.repository_id] == build.number:
            repos.describe_data(session, build.repository_id, data_types=rules.data_types_of(signature))
    return replace(build, signature=signature)


def _accepted(result: dict[str, Any]) -> dict[str, Any]:
    try:
        return signatures.accept_signature(result.get("signature")).to_json()
    except SignatureUnsupported as e:
        raise CheckFailed(e.detail, remedy=e.remedy) from e


def _assemble(tools: BuildTools, build: Build, on_stage: images.OnStage) -> Build:
    """One assembly, recorded; returns the build with its image."""
    folder = Path(tempfile.mkdtemp(prefix="build-", dir=tools.scratch))
    try:
        pointers = repos.checkout(tools.repositories, build.repository_id, build.commit_id, folder)
        request = _request(tools, build, folder, pointers)
        image = images.assemble(request, supplies=tools.supplies, on_stage=on_stage)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lock, stored = image.lock.to_text(), content.find_stored(tools.blobs, image.blobs)
    with tools.database.write() as session:
        images.forget_tag(session, repository_id=build.repository_id, tag=f"v{build.number}")
        images.record_image(
            session,
            image,
            stored=stored,
            repository_id=build.repository_id,
            tag=f"v{build.number}",
            clock=tools.clock,
        )
        building.record_image(session, build, digest=image.digest, size=image.size, lock=lock)
    content.require_held(tools.blobs, image.blobs)
    return replace(build, image_digest=image.digest, lock=lock)


def _request(tools: BuildTools, build: Build, folder: Path, pointers: dict[str, LfsPointer]) -> AssemblyRequest:
    """The commit as an order for an image: files kept by LFS are written back, the artifact stays a blob."""
    artifact_path = build.project.get("artifact")
    artifact = None
    for path, pointer in pointers.items():
        _require_own(tools, build, path, pointer)
        if path == artifact_path:
            artifact = Artifact(name=Path(path).name, digest=f"sha256:{pointer.oid}")
            continue
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            for chunk in tools.blobs.open(f"sha256:{pointer.oid}"):
                file.write(chunk)
    if artifact_path and artifact is None:  # small enough for Git itself
        artifact = Artifact(name=Path(artifact_path).name, digest=_digest(folder / artifact_path))
    return AssemblyRequest(
        source=folder,
        target=build.project["target"],
        signature=build.signature,
        card=build.card,
        framework=build.project.get("framework"),
        batch=build.project.get("batch"),
        operation=(build.project.get("operation") or {}).get("kind"),
        requirements=build.project["requirements"],
        artifact=artifact,
        exclude=frozenset({artifact_path} if artifact_path else ()),
        system_packages=tuple(build.project.get("system_packages", ())),
        python=build.project.get("python") or tools.python,
        platforms=build.platforms,
        lock=Lock.from_text(build.lock) if build.lock else None,
    )


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def _require_own(tools: BuildTools, build: Build, path: str, pointer: LfsPointer) -> None:
    """A pointer gives nothing by itself: the repository must hold what it points at."""
    with tools.database.read() as session:
        held = content.holds(session, holder_id=build.repository_id, digest=f"sha256:{pointer.oid}")
    if not held:
        raise PartsInvalid(
            f"{path} is a Git LFS pointer to a file that this repository does not hold.",
            remedy="Run `git lfs pull` in your clone, so that the file itself is pushed.",
            field=path,
        )


def _required(digest: str | None) -> str:
    if digest is None:
        raise BuildOutdated
    return digest
