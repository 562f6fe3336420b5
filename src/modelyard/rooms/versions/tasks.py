"""Building a version, durably: base → lock → layers → manifest → load check → ready.

Each step may be repeated after a crash and then does what is left. An outdated attempt stops at its next write.
"""

import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid5

from modelyard.kit import durable
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.kit.durable import part, step, workflow
from modelyard.kit.errors import ModelyardError
from modelyard.kit.faults import fault_of
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
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
from modelyard.rooms.versions import building, rules, store
from modelyard.rooms.versions.building import Build
from modelyard.rooms.versions.errors import BuildOutdated, PartsInvalid
from modelyard.rooms.versions.reporting import Reporter

log = logging.getLogger("modelyard.versions")

QUEUE = "builds"


@dataclass(frozen=True, slots=True)
class BuildTools:
    """What a build needs; provided to workflows by the app. ``python`` is the site's default version.

    ``trusted_creators``: accounts whose code may be executed where isolation is below namespaces.
    """

    database: Database
    blobs: BlobStore
    repositories: RepositoryOptions
    supplies: images.Supplies
    runs: RunTools
    scratch: Path
    clock: Clock
    python: str
    trusted_creators: tuple[str, ...] = ()


def enqueue_build(version_id: str, attempt: int) -> None:
    """Starts a build, once; to be called after the commit. One that cannot be started is left to the sweep."""
    with durable.left_to_sweep(f"build of {version_id}"):
        durable.enqueue(QUEUE, build_version, version_id, attempt, id=_identity(version_id, attempt))


def resume_build(version_id: str, attempt: int) -> None:
    """For the sweep: starts the build of an unfinished version; one that was broken off for good has failed."""
    if durable.has_ended(_identity(version_id, attempt)):
        problem = {"reason": "The build was broken off and cannot be continued.", "remedy": "Retry it."}
        _settle(part(BuildTools), version_id, attempt, problem)
    else:
        durable.enqueue(QUEUE, build_version, version_id, attempt, id=_identity(version_id, attempt))


@workflow(name="build_version")
def build_version(version_id: str, attempt: int) -> None:
    """Brings a queued version to ``ready`` or ``failed``."""
    for stage in (assemble_image, check_model, publish_version):
        problem = stage(version_id, attempt)
        if problem is not None:
            settle_failure(version_id, attempt, problem)
            return


@step(name="assemble_image")
def assemble_image(version_id: str, attempt: int) -> dict[str, str] | None:
    """Assembles the image, grants its blobs to the repository and shows it in the registry."""
    return _guarded(version_id, attempt, _assemble)


@step(name="check_model")
def check_model(version_id: str, attempt: int) -> dict[str, str] | None:
    """Loads the model once inside a run, and calls it on its card's example if there is one."""
    return _guarded(version_id, attempt, _check)


@step(name="publish_version")
def publish_version(version_id: str, attempt: int) -> dict[str, str] | None:
    """Writes the tag and marks the version ready."""
    return _guarded(version_id, attempt, _publish)


@step(name="settle_failure")
def settle_failure(version_id: str, attempt: int, problem: dict[str, str]) -> None:
    """Marks the version failed with the reason; a later attempt's state is left alone."""
    _settle(part(BuildTools), version_id, attempt, problem)


def _identity(version_id: str, attempt: int) -> str:
    return f"build-{version_id}-{attempt}"


def _settle(tools: BuildTools, version_id: str, attempt: int, problem: dict[str, str]) -> None:
    with tools.database.write() as session:
        building.fail(session, UUID(version_id), attempt=attempt, clock=tools.clock, **problem)


def _guarded(version_id: str, attempt: int, work: Callable[[BuildTools, Build], None]) -> dict[str, str] | None:
    """Runs one stage; what went wrong comes back as data, for the person who pushed."""
    tools = part(BuildTools)
    try:
        with tools.database.write() as session:
            build = building.begin(session, UUID(version_id), attempt=attempt, clock=tools.clock)
        work(tools, build)
    except BuildOutdated:
        return {"reason": "overtaken", "remedy": ""}
    except ModelyardError as e:
        return {"reason": e.detail, "remedy": e.remedy}
    except Exception as e:
        log.exception("build of version %s, attempt %s", version_id, attempt)
        if fault := fault_of(e):
            return {"reason": fault.detail, "remedy": fault.remedy}
        return {"reason": "The build broke; the server's log says why.", "remedy": "Tell the administrator and retry."}
    return None


def _assemble(tools: BuildTools, build: Build) -> None:
    folder = Path(tempfile.mkdtemp(prefix="build-", dir=tools.scratch))
    reporter = Reporter(tools.database, build, clock=tools.clock)
    try:
        pointers = repos.checkout(tools.repositories, build.repository_id, build.commit_id, folder)
        request = _request(tools, build, folder, pointers)
        image = images.assemble(request, supplies=tools.supplies, on_stage=reporter.say)
        reporter.finish()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    with tools.database.write() as session:
        images.record_image(
            session,
            image,
            blobs=tools.blobs,
            repository_id=build.repository_id,
            tag=f"v{build.number}",
            clock=tools.clock,
        )
        building.record_image(session, build, digest=image.digest, size=image.size, lock=image.lock.to_text())


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
    return AssemblyRequest(
        source=folder,
        target=build.project["target"],
        signature=build.signature,
        card=build.card,
        requirements=build.project["requirements"],
        artifact=artifact,
        exclude=frozenset({artifact_path} if artifact_path else ()),
        system_packages=tuple(build.project.get("system_packages", ())),
        python=build.project.get("python") or tools.python,
        platforms=build.platforms,
        lock=Lock.from_text(build.lock) if build.lock else None,
    )


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


def _check(tools: BuildTools, build: Build) -> None:
    reporter = Reporter(tools.database, build, clock=tools.clock)
    reporter.say("check", "loading the model")
    _require_trust(tools, build)
    image = images.find_image(tools.blobs, _required(build.image_digest))
    order = RunOrder(
        id=uuid5(build.version_id, f"check-{build.attempt}"),
        repository_id=build.repository_id,
        version=build.number,
        purpose=Purpose.CHECK,
        image=Image(digest=image.digest, config=image.config, layers=image.layers),
        command=(*image.config["config"]["Entrypoint"], "check"),
        env={"MODELYARD_CHECK_RESULT": "/out/result.json"},
        limits=rules.limits_of(build.project),
        timeout=rules.check_timeout(build.project),
        network=rules.wants_network(build.project),
    )
    run = runs.execute(tools.runs, order, on_log=reporter.log)
    if run.state is not RunState.SUCCEEDED:
        reporter.fail()
        raise rules.failure_of(run)
    if notes := rules.notes_of(run):
        reporter.log("\n".join(notes))
    reporter.finish()


def _require_trust(tools: BuildTools, build: Build) -> None:
    with tools.database.read() as session:
        pusher = accounts.get_account(session, build.pushed_by) if build.pushed_by else None
    runs.require_trust(tools.runs.engine, pusher, trusted=tools.trusted_creators)


def _publish(tools: BuildTools, build: Build) -> None:
    """The tag comes first, so that a version that is ready has one; it goes again if the version has gone meanwhile."""
    repos.write_version_tag(tools.repositories, build.repository_id, number=build.number, commit_id=build.commit_id)
    try:
        with tools.database.write() as session:
            building.publish(session, build, clock=tools.clock)
    except BuildOutdated:
        with tools.database.read() as session:
            gone = store.get(session, build.version_id) is None
        if gone:
            repos.delete_version_tag(tools.repositories, build.repository_id, number=build.number)
        raise


def _required(digest: str | None) -> str:
    if digest is None:
        raise BuildOutdated
    return digest
