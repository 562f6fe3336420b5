"""What a run left becomes a push to a model, as if somebody had uploaded it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.datasets.schemas import PlacedFile
from modelyard.rooms.experiments import service
from modelyard.rooms.experiments.errors import PromotionRefused
from modelyard.rooms.experiments.schemas import Promotion
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Kind, NewRepository, Repository
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.versions.ports import BlobPushes
from modelyard.rooms.versions.schemas import Version


@dataclass(frozen=True, slots=True)
class PromotionTools:
    """What promoting needs."""

    database: Database
    repositories: RepositoryOptions
    pushes: BlobPushes
    clock: Clock


@dataclass(frozen=True, slots=True)
class PreparedPromotion:
    """Files of a run that were checked and committed, but are no version yet."""

    repository: Repository
    push: object


def prepare_promotion(
    tools: PromotionTools, *, principal: Principal, experiment_id: UUID, wanted: Promotion
) -> PreparedPromotion:
    """Slow: call it outside any transaction. Raises ``PromotionRefused``, and what a push of such files raises."""
    with tools.database.write() as session:
        run = service.require_in(session, principal, experiment_id, wanted.run)
        if run.state is not RunState.SUCCEEDED:
            raise PromotionRefused(f"The run is {run.state}.", remedy="Choose one that has succeeded.", field="run")
        files = _files(session, run.id, wanted.paths)
        repository = _model(session, tools, principal, wanted.model)
    message = wanted.message or f"{', '.join(wanted.paths[:3])} of run {run.id}"
    push = tools.pushes.prepare(principal=principal, repository=repository, files=files, message=message)
    return PreparedPromotion(repository, push)


def record_promotion(
    session: Session, tools: PromotionTools, *, principal: Principal, promotion: PreparedPromotion
) -> Version:
    """Reserves the next number and queues the build, which starts after the commit."""
    return tools.pushes.record(session, promotion.push, principal=principal, repository=promotion.repository)


def _files(session: Session, run_id: UUID, paths: list[str]) -> list[PlacedFile]:
    """What is at any of the paths, placed in one folder."""
    placed: dict[str, PlacedFile] = {}
    for file in (file for path in dict.fromkeys(paths) for file in _files_at(session, run_id, path)):
        if placed.setdefault(file.path, file) != file:
            raise PromotionRefused(f"Two of the files are called {file.path!r}.", remedy="Choose one.", field="paths")
    return list(placed.values())


def _files_at(session: Session, run_id: UUID, path: str) -> list[PlacedFile]:
    found = runs.all_outputs(session, run_id, prefix=path)
    exact = [file for file in found if file.path == path]
    if not found or not (exact or path in ("", "/") or path.endswith("/")):
        raise PromotionRefused(f"The run left no {path!r}.", remedy="Look at its outputs.", field="paths")
    start = len(path.rpartition("/")[0])
    return [PlacedFile(file.path[start:].lstrip("/"), file.digest, file.size) for file in exact or found]


def _model(session: Session, tools: PromotionTools, principal: Principal, address: str) -> Repository:
    """The model; it is made, private, where there is none and the caller may make one."""
    owner, _, name = address.partition("/")
    try:
        found = repos.find_repository(session, principal=principal, owner=owner, name=name, require_sign_in=False)
    except RepositoryMissing:
        if not repos.may_create_for(session, principal, owner):
            raise
        wanted = NewRepository(owner=owner, name=name, kind=Kind.MODEL)
        return repos.create_repository(
            session, principal=principal, wanted=wanted, options=tools.repositories, clock=tools.clock
        )
    repos.require_maintainer(principal, found)
    if found.kind is not Kind.MODEL:
        raise PromotionRefused(f"{address} is of kind {found.kind}.", remedy="Choose a model.", field="model")
    return found
