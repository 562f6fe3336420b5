"""HTTP of asking for runs: ``/api/v1/repos/{owner}/{name}/runs``, and doing runs again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, status

from modelyard.kit.http import Reading, Writing, provided
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.operations import keeping, service
from modelyard.rooms.operations.schemas import Form, KeepAs, NewRun, RunComparison
from modelyard.rooms.operations.service import OperationTools
from modelyard.rooms.repos.policies import Readable
from modelyard.rooms.runs.policies import Mine
from modelyard.rooms.runs.schemas import Run

router = APIRouter(prefix="/api/v1", tags=["runs"], route_class=IdempotentRoute)

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Tools = Annotated[OperationTools, Depends(provided(OperationTools))]


@router.get("/repos/{owner}/{name}/versions/{number}/form", operation_id="find_form")
def find_form(session: Reading, repository: Readable, number: Number, tools: Tools) -> Form:
    """What a version's runs are asked for with."""
    return service.find_form(session, tools, repository, number)


@router.post("/repos/{owner}/{name}/runs", status_code=status.HTTP_202_ACCEPTED, operation_id="create_run")
def create_run(session: Writing, principal: SignedIn, repository: Readable, wanted: NewRun, tools: Tools) -> Run:
    """Queues a run; follow it at `/api/v1/runs/{id}/events`."""
    return service.create_run(session, tools, principal=principal, repository=repository, wanted=wanted)


@router.get("/runs/{run_id}/order", operation_id="get_order")
def get_order(session: Reading, principal: SignedIn, run: Mine) -> NewRun:
    """What a run was asked for with, to ask for it again."""
    return service.order_of(session, principal, run.id)


@router.post("/runs/{run_id}/reproduce", status_code=status.HTTP_202_ACCEPTED, operation_id="reproduce_run")
def reproduce_run(session: Writing, principal: SignedIn, run: Mine, tools: Tools) -> Run:
    """Does a run again, with the same image, inputs and parameters."""
    return service.reproduce_run(session, tools, principal=principal, run_id=run.id)


@router.get("/runs/{run_id}/comparison", operation_id="compare_runs")
def compare_runs(session: Reading, principal: SignedIn, run: Mine) -> RunComparison:
    """Which outputs are byte-identical to those of the run that it does again."""
    return service.compare_runs(session, principal, run.id)


@router.post("/runs/{run_id}/dataset", status_code=status.HTTP_202_ACCEPTED, operation_id="keep_outputs")
def keep_outputs(session: Writing, principal: SignedIn, run: Mine, wanted: KeepAs) -> Run:
    """Has the outputs of a run that succeeded become the next version of a dataset; `keep_as` says how that went."""
    return keeping.keep_outputs(session, principal, run.id, wanted)
