"""Building a version, durably: base → lock → layers → manifest → load check → ready.

Each step may be repeated after a crash and then does what is left. An outdated attempt stops at its next write.
"""

import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid5

from modelyard.kit import durable
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.kit.durable import part, step, workflow
from modelyard.kit.errors import ModelyardError
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.images import service as images
from modelyard.rooms.images.schemas import Artifact, AssemblyRequest, Lock
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.ports import Image
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import Purpose, Run
from modelyard.rooms.runs.service import RunOrder, RunTools
from modelyard.rooms.versions import building, rules
from modelyard.rooms.versions.building import Build
from modelyard.rooms.versions.errors import BuildOutdated, CheckFailed
from modelyard.rooms.versions.rules import StageState

log = logging.getLogger("modelyard.versions")

QUEUE = "builds"
CHECK_TIMEOUT_S = 300
PROGRESS_INTERVAL_S = 0.25


@dataclass(frozen=True, slots=True)
class BuildTools:
    """What a build needs; provided to workflows by the app. ``python`` is the site's default version."""

    database: Database
    blobs: BlobStore
    repositories: RepositoryOptions
    supplies: images.Supplies
    runs: RunTools
    scratch: Path
    clock: Clock
    python: str


def enqueue_build(version_id: str, attempt: int) -> None:
    """Starts a build, once; to be called after the commit of the version's row."""
    durable.enqueue(QUEUE, build_version, version_id, attempt, id=f"build-{version_id}-{attempt}")


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
    tools = part(BuildTools)
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
    except Exception:
        log.exception("build of version %s, attempt %s", version_id, attempt)
        return {"reason": "The build broke; the server's log says why.", "remedy": "Tell the administrator and retry."}
    return None


def _assemble(tools: BuildTools, build: Build) -> None:
    folder = Path(tempfile.mkdtemp(prefix="build-", dir=tools.scratch))
    reporter = _Reporter(tools, build)
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


def _check(tools: BuildTools, build: Build) -> None:
    reporter = _Reporter(tools, build)
    reporter.say("check", "loading the model")
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
        timeout=CHECK_TIMEOUT_S,
    )
    run = runs.execute(tools.runs, order, on_log=reporter.log)
    if run.state is not RunState.SUCCEEDED:
        reporter.fail()
        raise _failure(run)
    for note in (run.result or {}).get("notes", []):
        reporter.log(str(note))
    reporter.finish()


def _failure(run: Run) -> CheckFailed:
    """What the box said went wrong; where it could not say anything, what the engine saw."""
    result = run.result or {}
    said = str(result.get("reason") or "")
    if run.reason and not said:
        return CheckFailed(f"Loading the model was ended: {run.reason}.", remedy="Mend the model and push again.")
    detail = said or f"The process that loaded the model ended with exit code {run.exit_code}."
    return CheckFailed(detail, remedy=str(result.get("remedy") or "Mend the model or its requirements and push again."))


def _publish(tools: BuildTools, build: Build) -> None:
    repos.write_version_tag(tools.repositories, build.repository_id, number=build.number, commit_id=build.commit_id)
    with tools.database.write() as session:
        building.publish(session, build, clock=tools.clock)


def _required(digest: str | None) -> str:
    if digest is None:
        raise BuildOutdated
    return digest


class _Reporter:
    """Writes a build's progress as events: a stage is complete when the next one begins; texts are not too frequent."""

    def __init__(self, tools: BuildTools, build: Build) -> None:
        self._tools = tools
        self._build = build
        self._stage: str | None = None
        self._text = ""
        self._said = 0.0
        self._lock = threading.Lock()

    def say(self, stage: str, text: str) -> None:
        with self._lock:
            if stage != self._stage:
                self._end(StageState.COMPLETE)
                self._stage, self._said = stage, 0.0
            self._text = text
            if time.monotonic() - self._said >= PROGRESS_INTERVAL_S:
                self._said = time.monotonic()
                self._write(StageState.RUNNING.value, text)

    def log(self, text: str) -> None:
        with self._lock:
            self._write("log", text)

    def finish(self) -> None:
        with self._lock:
            self._end(StageState.COMPLETE)

    def fail(self) -> None:
        with self._lock:
            self._end(StageState.FAILED)

    def _end(self, state: StageState) -> None:
        if self._stage is not None:
            self._write(state.value, self._text)
            self._stage = None

    def _write(self, state: str, text: str) -> None:
        with self._tools.database.write() as session:
            building.report(
                session, self._build, stage=self._stage or "build", state=state, text=text, clock=self._tools.clock
            )
