"""HTTP of versions: ``/api/v1/repos/{owner}/{name}/versions``, and the deletion of repositories."""

import json
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import APIRouter, Depends, Header, Path, Request, Response, status
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from modelyard.kit import db
from modelyard.kit.db import Database
from modelyard.kit.http import Reading, Writing, provided
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.policies import Owned, Readable
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.versions import erasing, pushing, rules, service, tasks
from modelyard.rooms.versions.errors import VersionMissing
from modelyard.rooms.versions.ports import VersionUsers
from modelyard.rooms.versions.pushing import PreparedPush, PushTools
from modelyard.rooms.versions.rules import Event
from modelyard.rooms.versions.schemas import NewVersion, Version

router = APIRouter(prefix="/api/v1/repos/{owner}/{name}", tags=["versions"], route_class=IdempotentRoute)

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Options = Annotated[RepositoryOptions, Depends(provided(RepositoryOptions))]
Facts = Annotated[Database, Depends(provided(Database))]

POLL_S = 0.2
PING_S = 15.0
"""A comment is sent when nothing was for so long: proxies close what is silent."""


def _prepared(
    principal: SignedIn,
    repository: Owned,
    wanted: NewVersion,
    tools: Annotated[PushTools, Depends(provided(PushTools))],
) -> PreparedPush:
    """The slow part of a push; as the first dependency it is over before the write transaction begins."""
    return pushing.prepare_push(tools, principal=principal, repository=repository, wanted=wanted)


@router.post("/versions", status_code=status.HTTP_202_ACCEPTED, operation_id="push_version")
def push_version(
    push: Annotated[PreparedPush, Depends(_prepared)],
    session: Writing,
    principal: SignedIn,
    repository: Owned,
    wanted: NewVersion,
    tools: Annotated[PushTools, Depends(provided(PushTools))],
) -> Version:
    """Makes the next version from finished uploads; follow its build at `…/versions/{number}/events`."""
    return pushing.record_push(session, tools, principal=principal, repository=repository, wanted=wanted, push=push)


@router.get("/versions", operation_id="list_versions")
def list_versions(session: Reading, repository: Readable, limit: Limit = 50, cursor: Cursor = None) -> Page[Version]:
    """The repository's versions, newest first."""
    return service.list_versions(session, repository.id, cursor=cursor, limit=limit)


@router.get("/versions/{number}", operation_id="get_version")
def get_version(session: Reading, repository: Readable, number: Number) -> Version:
    """One version with its stages."""
    return service.get_version(session, repository.id, number)


@router.delete("/versions/{number}", status_code=status.HTTP_204_NO_CONTENT, operation_id="delete_version")
def delete_version(
    session: Writing,
    repository: Owned,
    number: Number,
    options: Options,
    users: Annotated[VersionUsers, Depends(provided(VersionUsers))],
) -> None:
    """Removes a version with its tag, image and outputs."""
    service.delete_version(session, repository=repository, number=number, users=users, repositories=options)


@router.post("/versions/{number}/retry", status_code=status.HTTP_202_ACCEPTED, operation_id="retry_version")
def retry_version(session: Writing, repository: Owned, number: Number) -> Version:
    """Builds a failed version again."""
    return service.retry_version(session, repository.id, number, enqueue=tasks.enqueue_build)


@router.get("/versions/{number}/lock", response_class=PlainTextResponse, operation_id="read_lock")
def read_lock(session: Reading, repository: Readable, number: Number) -> str:
    """Every exact package of the version's image."""
    return service.read_lock(session, repository.id, number)


@router.get("/versions/{number}/log", response_class=PlainTextResponse, operation_id="read_build_log")
def read_log(session: Reading, repository: Owned, number: Number) -> str:
    """The build's log as text; it may hold tracebacks, so it is the owner's."""
    events = service.list_events(session, repository.id, number, after=0, limit=100_000)
    return "\n".join(f"{e.at:%H:%M:%S} {e.stage:<9} {e.text or e.state}" for e in events) + "\n"


@router.get("/versions/{number}/events", operation_id="follow_build", response_class=StreamingResponse)
async def follow_build(
    request: Request,
    repository: Readable,
    number: Number,
    database: Facts,
    last_event_id: Annotated[int, Header(ge=0, le=2**31 - 1, description="Resumes after this event.")] = 0,
) -> Response:
    """The build as server-sent events: `stage`, `log` (the owner's only), and `end` with the version."""
    with_log = repository.can_write
    await run_in_threadpool(_read, database, repository, number, last_event_id)  # a missing version is a 404
    stream = _stream(request, database, repository, number, last_event_id, with_log=with_log)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


@router.delete("", status_code=status.HTTP_202_ACCEPTED, operation_id="delete_repository")
def delete_repository(session: Writing, principal: SignedIn, repository: Owned) -> None:
    """Deletes a repository and everything in it: out of sight at once, freed soon after."""
    repos.begin_deletion(session, principal=principal, repository=repository)
    db.after_commit(session, lambda: erasing.enqueue_erasure(str(repository.id)))


async def _stream(
    request: Request, database: Database, repository: Readable, number: int, after: int, *, with_log: bool
) -> AsyncIterator[str]:
    quiet = 0.0
    while not await request.is_disconnected():
        try:
            version, events = await run_in_threadpool(_read, database, repository, number, after)
        except VersionMissing:
            return  # deleted while it was followed
        for event in events:
            after = event.sequence
            if with_log or event.state != rules.LOG:
                yield _format(event)
        if version.state in rules.ENDED and not events:
            yield f"event: end\nid: {after}\ndata: {version.model_dump_json()}\n\n"
            return
        if events:
            quiet = 0.0
            continue
        await anyio.sleep(POLL_S)
        quiet += POLL_S
        if quiet >= PING_S:
            quiet = 0.0
            yield ": waiting\n\n"


def _read(database: Database, repository: Readable, number: int, after: int) -> tuple[Version, list[Event]]:
    with database.read() as session:
        events = service.list_events(session, repository.id, number, after=after)
        return service.get_version(session, repository.id, number), events


def _format(event: Event) -> str:
    kind = "log" if event.state == rules.LOG else "stage"
    data = {"stage": event.stage, "state": event.state, "text": event.text, "at": event.at.isoformat()}
    return f"event: {kind}\nid: {event.sequence}\ndata: {json.dumps(data)}\n\n"
