"""HTTP of runs: ``/api/v1/runs`` and ``/api/v1/runners``. Asking for one is in ``operations``."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response, status
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, provided
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.kit.ranges import download_response
from modelyard.rooms.access import policies as access
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.repos.policies import Readable
from modelyard.rooms.runs import event_stream, logs, rules, service
from modelyard.rooms.runs.event_stream import Position
from modelyard.rooms.runs.logs import LogTools
from modelyard.rooms.runs.policies import Mine
from modelyard.rooms.runs.ports import Wake
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import MetricSeries, Output, Run, Runner, RunSummary

router = APIRouter(prefix="/api/v1", tags=["runs"], route_class=IdempotentRoute)

Blobs = Annotated[BlobStore, Depends(provided(BlobStore))]
Logs = Annotated[LogTools, Depends(provided(LogTools))]
States = Annotated[list[RunState], Query(max_length=7, description="Only those in one of these states.")]
FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "All of it."},
    206: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "A range of it."},
    304: {"description": "It is what `If-None-Match` named."},
}


@router.get("/runs", operation_id="list_runs")
def list_runs(
    session: Reading,
    principal: SignedIn,
    state: States = [],  # noqa: B006 (FastAPI copies it)
    experiment: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RunSummary]:
    """The caller's runs, the newest first."""
    return service.list_runs(session, principal, states=state, experiment_id=experiment, cursor=cursor, limit=limit)


@router.get("/all-runs", operation_id="list_all_runs")
def list_all_runs(
    session: Reading,
    principal: access.Administrator,
    state: States = [],  # noqa: B006 (FastAPI copies it)
    repository: Annotated[str, Query(max_length=150, description="`owner/name`: only of its versions.")] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RunSummary]:
    """Everybody's runs, for administrators."""
    return service.list_all_runs(session, principal, repository=repository, states=state, cursor=cursor, limit=limit)


@router.get("/repos/{owner}/{name}/runs", operation_id="list_repository_runs")
def list_repository_runs(
    session: Reading,
    principal: SignedIn,
    repository: Readable,
    state: States = [],  # noqa: B006 (FastAPI copies it)
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RunSummary]:
    """The caller's runs of a repository's versions, the newest first."""
    return service.list_runs(session, principal, repository_id=repository.id, states=state, cursor=cursor, limit=limit)


@router.get("/runs/{run_id}", operation_id="get_run")
def get_run(run: Mine) -> Run:
    """A run with all that its outputs depend on."""
    return run


@router.post("/runs/{run_id}/cancel", status_code=status.HTTP_202_ACCEPTED, operation_id="cancel_run")
def cancel_run(
    session: Writing,
    principal: SignedIn,
    run: Mine,
    clock: Annotated[Clock, Depends(provided(Clock))],
    wake: Annotated[Wake, Depends(provided(Wake))],
) -> Run:
    """Asks for a run's end; one that has ended stays as it is."""
    return service.cancel_run(session, principal, run.id, clock=clock, wake=wake.call)


@router.delete("/runs/{run_id}", status_code=status.HTTP_204_NO_CONTENT, operation_id="delete_run")
def delete_run(session: Writing, principal: SignedIn, run: Mine) -> None:
    """Forgets a run that has ended, with its log and outputs."""
    service.delete_run(session, principal, run.id)


@router.get("/runs/{run_id}/log", operation_id="read_run_log", response_class=Response)
def read_run_log(run: Mine, tools: Logs) -> Response:
    """The log so far, as text."""
    data = logs.read_all(tools, run.id, run.attempt, is_over=run.state in rules.ENDED)
    return Response(data, media_type="text/plain; charset=utf-8", headers={"Content-Security-Policy": "sandbox"})


@router.get("/runs/{run_id}/events", operation_id="follow_run", response_class=StreamingResponse)
async def follow_run(
    request: Request,
    run: Mine,
    tools: Logs,
    last_event_id: Annotated[str, Header(max_length=60, description="Resumes after this event.")] = "",
) -> Response:
    """The run as server-sent events: `run`, `log`, `metrics`, and `end` with the run; `gone` with a problem."""

    def may_still() -> None:
        with tools.database.read() as session:
            service.get_run(session, access.ask_again(request, session), run.id)

    async def ask_again() -> None:
        await run_in_threadpool(may_still)

    stream = event_stream.follow_run(tools, run.id, Position.parse(last_event_id), ask_again)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


@router.get("/runs/{run_id}/metrics", operation_id="read_run_metrics")
def read_run_metrics(session: Reading, run: Mine) -> list[MetricSeries]:
    """What the run reported, a series for each metric."""
    return service.read_metrics(session, run.id)


@router.get("/runs/{run_id}/outputs", operation_id="list_outputs")
def list_outputs(session: Reading, run: Mine, limit: Limit = 50, cursor: Cursor = None) -> Page[Output]:
    """The files that the run left, by path."""
    return service.list_outputs(session, run.id, cursor=cursor, limit=limit)


@router.get(
    "/runs/{run_id}/outputs/{path:path}", operation_id="download_output", response_class=Response, responses=FILES
)
@router.head("/runs/{run_id}/outputs/{path:path}", include_in_schema=False)
def download_output(
    request: Request,
    session: Reading,
    run: Mine,
    blobs: Blobs,
    path: Annotated[str, Path(max_length=1000)],
) -> Response:
    """A file that the run left, whole or a range of it."""
    output = service.open_output(session, blobs=blobs, run_id=run.id, path=path)
    response = download_response(
        request,
        output,
        etag=output.digest[7:],
        filename=path.rpartition("/")[2],
        media_type=output.media_type,
    )
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


@router.get("/runners", operation_id="list_runners")
def list_runners(session: Reading, _principal: access.Administrator) -> list[Runner]:
    """The places where runs go, and what is there, for administrators."""
    return service.list_runners(session)
