"""What Git clients call: smart HTTP both ways below ``/{owner}/{name}.git``."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive

from modelyard.kit.db import Database
from modelyard.kit.errors import ModelyardError
from modelyard.kit.http import provided
from modelyard.kit.ranges import count_sent
from modelyard.rooms.access.policies import Reader, Writer
from modelyard.rooms.content.ports import StorageBounds
from modelyard.rooms.repos import git, policies, receiving, service, upkeep, wire
from modelyard.rooms.repos.errors import GitServiceUnknown
from modelyard.rooms.repos.policies import Fetchable, Pushable
from modelyard.rooms.repos.ports import PushedRefs, RefChange, RepositoryOptions, Traffic
from modelyard.rooms.repos.schemas import Repository


class GitRoute(APIRoute):
    """Says what is wrong in plain text, which Git shows to the person."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_in_words(request: Request) -> Response:
            try:
                return await handle(request)
            except ModelyardError as e:
                text = f"{e.detail} {e.remedy}".strip()
                return PlainTextResponse(f"{text}\n", e.status, headers=e.headers())

        return handle_in_words


class WireStream(StreamingResponse):
    """An answer that begins while the request still comes."""

    def __init__(self, answer: wire.WireResponse) -> None:
        super().__init__(answer.body, status_code=answer.status, headers=answer.headers)
        self._feeding = answer.feeding

    async def listen_for_disconnect(self, receive: Receive) -> None:
        """Only when the request has ended: what is received here is thrown away."""
        await asyncio.wait({self._feeding})
        await super().listen_for_disconnect(receive)


router = APIRouter(prefix="/{owner}/{name}.git", include_in_schema=False, route_class=GitRoute)

Options = Annotated[RepositoryOptions, Depends(provided(RepositoryOptions))]
Sent = Annotated[Traffic, Depends(provided(Traffic))]
Bounds = Annotated[StorageBounds, Depends(provided(StorageBounds))]
Wanted = Annotated[str, Query(alias="service")]


@router.get("/info/refs")
async def info_refs(
    request: Request,
    principal: Reader,
    repository: Fetchable,
    options: Options,
    bounds: Bounds,
    wanted: Wanted = "",
) -> Response:
    """Advertises refs; the old "dumb" protocol is not offered."""
    if wanted == "git-receive-pack":
        policies.require_pushable(principal, repository)
        await run_in_threadpool(bounds.require_room, repository.owner_id, 0)
        return await _serve(request, repository, options, "/info/refs", config={"http.receivepack": "true"})
    if wanted != "git-upload-pack":
        raise GitServiceUnknown("Only Git's smart protocol is offered.", remedy="Use Git 1.6.6 or newer.")
    return await _serve(request, repository, options, "/info/refs")


@router.post("/git-upload-pack")
async def upload_pack(request: Request, repository: Fetchable, options: Options, traffic: Sent) -> Response:
    """Sends what a clone or fetch asks for."""
    response = await _serve(request, repository, options, "/git-upload-pack")
    return count_sent(response, partial(traffic.count, repository_id=repository.id))


@router.post("/git-receive-pack")
async def receive_pack(
    request: Request,
    principal: Writer,
    repository: Pushable,
    options: Options,
    bounds: Bounds,
    database: Annotated[Database, Depends(provided(Database))],
    pushed: Annotated[PushedRefs, Depends(provided(PushedRefs))],
) -> Response:
    """Takes a push. Which of its refs may change is decided ref by ref, and told in Git's own report."""

    def finish(changes: Sequence[RefChange]) -> Sequence[str]:
        upkeep.after_change(database, options, repository.id)
        return pushed.refs_changed(principal, repository, changes)

    answer = await receiving.receive(
        options,
        _asked(request, "/git-receive-pack"),
        principal=principal,
        repository=repository,
        maintains=service.maintains(principal, repository),
        room=await run_in_threadpool(bounds.room, repository.owner_id),
        finish=finish,
    )
    return WireStream(answer)


async def _serve(
    request: Request,
    repository: Repository,
    options: RepositoryOptions,
    path: str,
    *,
    config: Mapping[str, str] | None = None,
) -> Response:
    place = git.repository_path(options.root, repository.id)
    answer = await wire.serve(place, _asked(request, path), config=config)
    return WireStream(answer)


def _asked(request: Request, path: str) -> wire.WireRequest:
    return wire.WireRequest(request.method, path, request.url.query, request.headers, request.stream())
