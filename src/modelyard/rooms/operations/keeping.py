"""What a run left becomes a version of a dataset, durably: asked for with the run, or afterwards."""

import logging
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit import db, durable
from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.kit.durable import part, step, workflow
from modelyard.kit.errors import ModelyardError
from modelyard.kit.faults import fault_of
from modelyard.kit.ids import new_id
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal, Scope, Via
from modelyard.rooms.datasets.schemas import PlacedFile
from modelyard.rooms.operations.errors import NothingToKeep
from modelyard.rooms.operations.schemas import KeepAs
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Kind, NewRepository, Repository
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import Run
from modelyard.rooms.versions.ports import BlobPushes

log = logging.getLogger("modelyard.operations")

QUEUE = "keeps"
TOLD = frozenset({"metrics.jsonl", "result.json"})
"""What a container tells the platform is no data."""


@dataclass(frozen=True, slots=True)
class KeepTools:
    """What keeping needs; provided to workflows by the app."""

    database: Database
    repositories: RepositoryOptions
    pushes: BlobPushes
    clock: Clock


def keep_outputs(session: Session, principal: Principal, run_id: UUID, wanted: KeepAs) -> Run:
    """Has the outputs of a run that succeeded become a version; it starts after the commit.

    Raises ``NothingToKeep``, and ``NotOwner`` or ``NotADataset`` for a dataset that the caller cannot push to.
    """
    run = runs.get_run(session, principal, run_id)
    if run.state is not RunState.SUCCEEDED or not _kept(session, run_id):
        raise NothingToKeep("The run has not succeeded, or left no files.", remedy="Look at its outputs.")
    _find_dataset(session, principal, wanted.dataset)
    kept = runs.ask_to_keep(session, run_id, wanted.model_dump())
    db.after_commit(session, lambda: enqueue(run_id))
    return kept


def enqueue(run_id: UUID) -> None:
    """Starts it; what cannot be started is left to the sweep."""
    with durable.left_to_sweep(f"outputs of run {run_id}"):
        identity = f"keep-{run_id}"
        if durable.has_ended(identity):
            identity = f"{identity}-{new_id()}"
        durable.enqueue(QUEUE, keep_run_outputs, str(run_id), id=identity)


def check_dataset(session: Session, principal: Principal, address: str) -> None:
    """Raises unless the caller may push to the dataset, or make it."""
    _find_dataset(session, principal, address)


@workflow(name="keep_run_outputs")
def keep_run_outputs(run_id: str) -> None:
    push_outputs(run_id)


@step(name="push_outputs")
def push_outputs(run_id: str) -> None:
    """Commits the files and makes the version; one that was made already stays the only one."""
    tools = part(KeepTools)
    try:
        _push(tools, UUID(run_id))
    except ModelyardError as e:
        _note(tools, UUID(run_id), f"{e.detail} {e.remedy}".strip())
    except Exception as e:
        log.exception("outputs of run %s", run_id)
        fault = fault_of(e)
        _note(tools, UUID(run_id), fault.detail if fault else "It broke; the server's log says why.")


def _push(tools: KeepTools, run_id: UUID) -> None:
    with tools.database.write() as session:
        wanted = runs.due_keep(session, run_id)
        if wanted is None:
            return
        account = accounts.get_account(session, wanted.account_id)
        scopes = frozenset({Scope.READ, Scope.WRITE})
        principal = Principal(account.id, account.username, account.role, scopes, Via.TOKEN)
        repository = _dataset(session, tools, principal, wanted.dataset)
        files = _kept(session, run_id)
    message = wanted.message or f"Outputs of run {run_id}"
    prepared = tools.pushes.prepare(principal=principal, repository=repository, files=files, message=message)
    with tools.database.write() as session:
        if runs.due_keep(session, run_id) is None:
            return
        version = tools.pushes.record(session, prepared, principal=principal, repository=repository)
        runs.note_kept(session, run_id, version=version.number)


def _note(tools: KeepTools, run_id: UUID, problem: str) -> None:
    with tools.database.write() as session:
        runs.note_kept(session, run_id, problem=problem)


def _kept(session: Session, run_id: UUID) -> list[PlacedFile]:
    found = runs.all_outputs(session, run_id)
    return [PlacedFile(file.path, file.digest, file.size) for file in found if file.path not in TOLD]


def _dataset(session: Session, tools: KeepTools, principal: Principal, address: str) -> Repository:
    """The dataset; it is made, private, where there is none of the caller's of this name."""
    found = _find_dataset(session, principal, address)
    if found is not None:
        return found
    owner, _, name = address.partition("/")
    wanted = NewRepository(owner=owner, name=name, kind=Kind.DATASET)
    return repos.create_repository(
        session, principal=principal, wanted=wanted, options=tools.repositories, clock=tools.clock
    )


def _find_dataset(session: Session, principal: Principal, address: str) -> Repository | None:
    owner, _, name = address.partition("/")
    try:
        found = repos.find_repository(session, principal=principal, owner=owner, name=name, require_sign_in=False)
    except RepositoryMissing:
        if not repos.may_create_for(session, principal, owner):
            raise
        return None
    repos.require_maintainer(principal, found)
    if found.kind is not Kind.DATASET:
        raise NothingToKeep(f"{address} is of kind {found.kind}.", remedy="Choose a dataset.", field="keep_as.dataset")
    return found
