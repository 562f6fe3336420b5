"""Asking for runs of versions: the form, the checks, the order; doing a run again and comparing what came out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.ids import new_id
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.experiments import service as experiments
from modelyard.rooms.images import service as images
from modelyard.rooms.operations import keeping, rules
from modelyard.rooms.operations.errors import NotRunnable, RunNotOver
from modelyard.rooms.operations.inputs import Finder, hold_inputs
from modelyard.rooms.operations.schemas import (
    Form,
    InputSource,
    NewRun,
    RunComparison,
    SameOutput,
)
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Kind, Repository
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.ports import Engine
from modelyard.rooms.runs.rules import ENDED, RunState, why
from modelyard.rooms.runs.schemas import Input, Purpose, QueuedRun, Resources, Run
from modelyard.rooms.usage import service as usage
from modelyard.rooms.usage.ports import UsageOptions
from modelyard.rooms.usage.schemas import QuotaKind
from modelyard.rooms.versions import service as versions
from modelyard.rooms.versions.ports import Bounds
from modelyard.rooms.versions.schemas import Origin, Version

BATCH = "batch"
"""What the box is told to go over many rows."""


@dataclass(frozen=True, slots=True)
class OperationTools:
    """What asking for runs needs. ``timeout``: how many seconds a run has that does not say so itself.

    ``trusted_creators``: accounts whose code may be executed where isolation is below namespaces.
    """

    blobs: BlobStore
    engine: Engine
    repositories: RepositoryOptions
    clock: Clock
    wake: Callable[[], None]
    usage: UsageOptions = field(default_factory=UsageOptions)
    bounds: Bounds = field(default_factory=Bounds)
    timeout: float = 3600.0
    trusted_creators: tuple[str, ...] = ()
    require_sign_in: bool = False


def find_form(session: Session, tools: OperationTools, repository: Repository, number: int | None) -> Form:
    """What a version's runs are asked for with; raises ``NotRunnable``."""
    version = _runnable(session, repository, number)
    inputs, parameters = _fields(version)
    resources = _resources(session, tools, repository, version, {})
    return Form(
        version=version.number,
        purpose=_purpose(version),
        inputs=inputs,
        parameters=parameters,
        resources=resources,
    )


def create_run(
    session: Session,
    tools: OperationTools,
    *,
    principal: Principal,
    repository: Repository,
    wanted: NewRun,
    reproduces: Run | None = None,
) -> Run:
    """Checks everything, then queues the run.

    Raises ``NotRunnable``, ``ParametersInvalid``, ``InputsInvalid``, ``RunTooLarge``, ``IsolationTooWeak``.
    """
    version = _runnable(session, repository, wanted.version)
    fields, schema = _fields(version)
    parameters = rules.check_parameters(schema, wanted.parameters)
    finder = Finder(session, principal, tools.repositories, require_sign_in=tools.require_sign_in)
    held = runs.held_inputs(session, reproduces.id) if reproduces else []
    inputs = finder.find_again(fields, held) if reproduces else finder.find(fields, wanted.inputs)
    resources = _resources(session, tools, repository, version, wanted.resources.model_dump())
    _require_trust(session, tools, repository, version)
    if wanted.experiment_id:
        experiments.require_own(session, principal, wanted.experiment_id)
    if wanted.keep_as:
        keeping.check_dataset(session, principal, wanted.keep_as.dataset)
    run_id, account_id = new_id(), own_id(principal)
    _require_quota(session, tools, account_id, resources)
    hold_inputs(session, inputs, account_id=account_id, why=why(run_id), clock=tools.clock)
    runs.queue_run(
        session,
        QueuedRun(
            id=run_id,
            account_id=account_id,
            repository_id=repository.id,
            address=repository.address,
            version=version.number,
            purpose=_purpose(version),
            image_digest=_image(version),
            parameters=parameters,
            inputs=inputs,
            resources=resources,
            command=_command(tools, version, parameters, inputs),
            environment=rules.environment(parameters, inputs),
            title=wanted.title,
            priority=wanted.priority,
            max_attempts=wanted.max_attempts,
            labels=wanted.labels,
            experiment_id=wanted.experiment_id,
            reproduces=reproduces.id if reproduces else None,
            keep_as=wanted.keep_as.model_dump() if wanted.keep_as else None,
        ),
        clock=tools.clock,
        wake=tools.wake,
    )
    return runs.get_run(session, principal, run_id)


def order_of(session: Session, principal: Principal, run_id: UUID) -> NewRun:
    """What a run was asked for with, to be asked for again: pre-filled, with the same versions of its data.

    Uploads expire; what was uploaded for the run is what the run holds.
    """
    run = runs.get_run(session, principal, run_id)
    given = {name: InputSource.model_validate(source) for name, source in runs.given_inputs(session, run_id).items()}
    return NewRun(
        version=run.version,
        parameters=run.parameters,
        inputs={
            name: InputSource(run=run_id, input=name) if source.uploads or source.input else source
            for name, source in given.items()
        },
        resources=_asked(run.resources),
        priority=run.priority,
        max_attempts=run.max_attempts,
        labels=run.labels,
        title=run.title,
        experiment_id=run.experiment_id,
    )


def reproduce_run(session: Session, tools: OperationTools, *, principal: Principal, run_id: UUID) -> Run:
    """Does a run again, with the same image, inputs and parameters; raises ``RunNotOver``."""
    run = runs.get_run(session, principal, run_id)
    if run.state not in ENDED:
        raise RunNotOver(f"The run is {run.state}.", remedy="Wait for its end.")
    if run.repository_id is None:
        raise NotRunnable(f"{run.repository} was deleted.", remedy="Its outputs are kept; it cannot be run again.")
    owner, _, name = repos.get_repository(session, run.repository_id).address.partition("/")
    repository = repos.find_repository(
        session, principal=principal, owner=owner, name=name, require_sign_in=tools.require_sign_in
    )
    wanted = order_of(session, principal, run_id).model_copy(update={"experiment_id": None})
    again = create_run(session, tools, principal=principal, repository=repository, wanted=wanted, reproduces=run)
    if again.image_digest != run.image_digest:
        raise NotRunnable("The version's image is not the one that was run.", remedy="Look at its versions.")
    return again


def compare_runs(session: Session, principal: Principal, run_id: UUID) -> RunComparison:
    """Which outputs of a run that did another again are the same, byte by byte; raises ``RunNotOver``."""
    second = runs.get_run(session, principal, run_id)
    if second.reproduces is None or second.state not in ENDED:
        raise RunNotOver("It does no other run again, or has not ended.", remedy="Reproduce a run, and wait for it.")
    first = runs.get_run(session, principal, second.reproduces)
    there = [{file.path: file.digest for file in runs.all_outputs(session, run.id)} for run in (first, second)]
    outputs = [
        SameOutput(
            path=path,
            same=there[0].get(path) == there[1].get(path),
            first=there[0].get(path),
            second=there[1].get(path),
        )
        for path in sorted({*there[0], *there[1]})
    ]
    succeeded = first.state is RunState.SUCCEEDED and second.state is RunState.SUCCEEDED
    return RunComparison(
        first=first.id,
        second=second.id,
        identical=succeeded and all(output.same for output in outputs),
        outputs=outputs,
    )


def _runnable(session: Session, repository: Repository, number: int | None) -> Version:
    version = versions.get_runnable_version(session, repository.id, number, owns=repository.can_write)
    if version.operation is None and repository.kind is not Kind.MODEL:
        raise NotRunnable(
            f"{repository.address} is of kind {repository.kind}.", remedy="Choose a model or an operation."
        )
    return version


def _fields(version: Version) -> tuple[list[Any], dict[str, Any]]:
    if version.operation is None:
        return [rules.ROWS], rules.NO_PARAMETERS
    schema = version.signature.get("inputs") or {}
    return rules.inputs_of(schema), rules.parameters_of(schema)


def _purpose(version: Version) -> Purpose:
    return rules.PURPOSES[version.operation.kind] if version.operation else Purpose.PREDICTION


def _image(version: Version) -> str:
    assert version.image is not None  # it is ready
    return version.image.digest


def _command(
    tools: OperationTools, version: Version, parameters: Mapping[str, Any], inputs: list[Input]
) -> list[str] | None:
    """What is started in place of the image's own command; None: just that."""
    is_cog = version.operation is not None and version.operation.origin is Origin.COG
    if version.operation is not None and not version.operation.options and not is_cog:
        return None
    config = images.find_image(tools.blobs, _image(version)).config.get("config") or {}
    entry = list(config.get("Entrypoint") or [])
    if version.operation is None:
        return [*entry, BATCH]
    if is_cog:
        return runs.driven([*entry, *(config.get("Cmd") or [])])
    return [*entry, *(config.get("Cmd") or []), *rules.options(parameters, inputs)]


def _resources(
    session: Session, tools: OperationTools, repository: Repository, version: Version, wanted: Mapping[str, Any]
) -> Resources:
    project = versions.get_project(session, repository.id, version.number)
    network = bool((project.get("resources") or {}).get("network")) and tools.bounds.network
    return rules.resources_of(project, wanted, network=network, timeout=tools.timeout)


def _require_trust(session: Session, tools: OperationTools, repository: Repository, version: Version) -> None:
    pusher = versions.pusher_of(session, repository.id, version.number)
    creator = accounts.get_account(session, pusher) if pusher else None
    runs.require_trust(tools.engine, creator, trusted=tools.trusted_creators)


def _require_quota(session: Session, tools: OperationTools, account_id: UUID, resources: Resources) -> None:
    """Nothing may be used up; how much a run will use, nobody knows before."""
    needs: dict[QuotaKind, float] = {
        QuotaKind.RUNS: 1,
        QuotaKind.CPU_SECONDS: 0,
        QuotaKind.MEMORY_GB_SECONDS: 0,
        QuotaKind.STORAGE_BYTES: 0,
        QuotaKind.CONCURRENT_RUNS: 1,
    }
    if resources.gpus:
        needs[QuotaKind.GPU_SECONDS] = 0
    held = {QuotaKind.CONCURRENT_RUNS: float(runs.count_unfinished(session, account_id))}
    usage.require_quota(session, tools.usage, account_id, needs=needs, now=tools.clock(), held=held)


def _asked(resources: Resources | None) -> Any:
    if resources is None:
        return {}
    return resources.model_dump(exclude={"pids", "network"})
