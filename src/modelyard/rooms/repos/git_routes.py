"""What Git clients call: smart HTTP below ``/{owner}/{name}.git``."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status
from fastapi.responses import PlainTextResponse, StreamingResponse

from modelyard.kit.http import provided
from modelyard.kit.ranges import count_sent
from modelyard.rooms.repos import git, wire
from modelyard.rooms.repos.errors import GitServiceUnknown
from modelyard.rooms.repos.policies import Fetchable
from modelyard.rooms.repos.ports import RepositoryOptions, Traffic
from modelyard.rooms.repos.schemas import Repository

router = APIRouter(prefix="/{owner}/{name}.git", include_in_schema=False)

Options = Annotated[RepositoryOptions, Depends(provided(RepositoryOptions))]
Sent = Annotated[Traffic, Depends(provided(Traffic))]  # type: ignore[type-abstract]


@router.get("/info/refs")
async def info_refs(request: Request, repository: Fetchable, options: Options, service: str = "") -> Response:
    """Advertises refs; the old "dumb" protocol is not offered."""
    if service == "git-receive-pack":
        return _push_refused(repository)
    if service != "git-upload-pack":
        raise GitServiceUnknown("Only Git's smart protocol is offered.", remedy="Use Git 1.6.6 or newer.")
    return await _serve(request, repository, options, "/info/refs")


@router.post("/git-upload-pack")
async def upload_pack(request: Request, repository: Fetchable, options: Options, traffic: Sent) -> Response:
    """Sends what a clone or fetch asks for."""
    response = await _serve(request, repository, options, "/git-upload-pack")
    return count_sent(response, partial(traffic.count, repository_id=repository.id))


@router.post("/git-receive-pack")
def receive_pack(repository: Fetchable) -> Response:
    """Git asks ``info/refs`` first and is told there; this is for whoever does not."""
    raise GitServiceUnknown(
        f"{repository.address} does not take pushes by Git.", remedy="Use `modelyard push`, the web form or the API."
    )


async def _serve(request: Request, repository: Repository, options: RepositoryOptions, path: str) -> Response:
    asked = wire.WireRequest(request.method, path, request.url.query, request.headers, request.stream())
    answer = await wire.serve(git.repository_path(options.root, repository.id), asked)
    return StreamingResponse(answer.body, status_code=answer.status, headers=answer.headers)


def _push_refused(repository: Repository) -> Response:
    """In plain text, which Git shows to whoever pushes."""
    text = (
        f"{repository.address} does not take pushes by Git.\n"
        "Content comes in by `modelyard push`, the web form or the API.\n"
    )
    return PlainTextResponse(text, status.HTTP_403_FORBIDDEN)
