"""Building a version, durably: base → lock → layers → manifest → load check → ready.

Each step may be repeated after a crash and then does what is left. An outdated attempt stops at its next write.
"""

import logging
from collections.abc import Callable
from uuid import UUID

from modelyard.kit import durable
from modelyard.kit.durable import part, step, workflow
from modelyard.kit.errors import ModelyardError
from modelyard.kit.faults import fault_of
from modelyard.rooms.dvc import service as dvc
from modelyard.rooms.packs.service import PackTools
from modelyard.rooms.repos import service as repos
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import Purpose
from modelyard.rooms.versions import assembling, building, editing, image_importing, importing, packing, rules, store
from modelyard.rooms.versions.assembling import BuildTools
from modelyard.rooms.versions.building import Build
from modelyard.rooms.versions.errors import BuildOutdated
from modelyard.rooms.versions.reporting import Reporter

log = logging.getLogger("modelyard.versions")

QUEUE = "builds"


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
    """Makes what the version is: assembles its image and shows it in the registry, or imports a dataset or an image."""
    return _guarded(version_id, attempt, _make)


@step(name="check_model")
def check_model(version_id: str, attempt: int) -> dict[str, str] | None:
    """Loads the model once inside a run, and calls it on its card's example if there is one; imports a script."""
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


def _make(tools: BuildTools, build: Build) -> None:
    if rules.is_import(build.project):
        packing.import_data(tools, part(PackTools), build)
    elif rules.is_edit(build.project):
        editing.edit_images(tools, part(PackTools), build)
    elif rules.is_dataset(build.project):
        importing.import_dataset(tools, build)
    elif rules.is_pushed_image(build.project):
        image_importing.import_image(tools, build)
    else:
        assembling.assemble(tools, build)


def _check(tools: BuildTools, build: Build) -> None:
    if rules.is_dataset(build.project):
        return
    if rules.is_pushed_image(build.project):
        image_importing.check_image(tools, build)
    else:
        _check_model(tools, build)


def _check_model(tools: BuildTools, build: Build) -> None:
    reporter = Reporter(tools.database, build, clock=tools.clock)
    reporter.say("check", f"loading the {rules.subject_of(build.project)}")
    assembling.require_trust(tools, build)
    run = runs.execute(tools.runs, assembling.loading_order(tools, build, Purpose.CHECK), on_log=reporter.log)
    if run.state is not RunState.SUCCEEDED:
        reporter.fail()
        raise rules.failure_of(run)
    if notes := rules.notes_of(run):
        reporter.log("\n".join(notes))
        with tools.database.write() as session:
            building.record_notes(session, build, notes=notes)
    reporter.finish()


def _publish(tools: BuildTools, build: Build) -> None:
    """The tag comes first, so that a version that is ready has one; it goes again if the version has gone meanwhile."""
    repos.write_version_tag(tools.repositories, build.repository_id, number=build.number, commit_id=build.commit_id)
    if rules.is_dataset(build.project):
        dvc.offer_version(tools.dvc, build.repository_id, number=build.number, commit_id=build.commit_id)
    try:
        with tools.database.write() as session:
            building.publish(session, build, clock=tools.clock)
    except BuildOutdated:
        with tools.database.read() as session:
            gone = store.get(session, build.version_id) is None
        if gone:
            dvc.withdraw_version(tools.repositories, build.repository_id, number=build.number)
            repos.delete_version_tag(tools.repositories, build.repository_id, number=build.number)
        raise
