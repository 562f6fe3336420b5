"""What DVC's HTTP remote asks below ``/dvc/{owner}/{name}``: HEAD, GET with ranges, PUT and POST.

Bodies stream, in chunks too: the routes that take them hold no database session.
"""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from modelyard.kit.bodies import DrainingRoute, announced_length
from modelyard.kit.http import Reading, provided
from modelyard.kit.ranges import count_sent, download_response
from modelyard.rooms.content.deliveries import receive_blob
from modelyard.rooms.content.ports import StorageBounds
from modelyard.rooms.content.uploads import UploadTools
from modelyard.rooms.dvc import rules, service
from modelyard.rooms.dvc.errors import DvcNameRefused, DvcObjectMissing
from modelyard.rooms.repos.policies import Fetchable, Pushing
from modelyard.rooms.repos.ports import Traffic

router = APIRouter(prefix="/dvc/{owner}/{name}", route_class=DrainingRoute, include_in_schema=False)

Tools = Annotated[UploadTools, Depends(provided(UploadTools))]
Bounds = Annotated[StorageBounds, Depends(provided(StorageBounds))]
Sent = Annotated[Traffic, Depends(provided(Traffic))]


@router.get("/{path:path}")
@router.head("/{path:path}")
def read_object(
    request: Request, repository: Fetchable, session: Reading, tools: Tools, traffic: Sent, path: str
) -> Response:
    """The bytes of one object, or a range of them. Whatever is no name of an object is not there."""
    try:
        name = rules.parse_path(path)
    except DvcNameRefused as e:
        raise DvcObjectMissing(e.detail) from e
    blob = service.find_object(session, blobs=tools.store, repository_id=repository.id, name=name)
    response = download_response(request, blob, etag=blob.digest.removeprefix("sha256:"), filename=name.name)
    return count_sent(response, partial(traffic.count, repository_id=repository.id))


@router.put("/{path:path}")
@router.post("/{path:path}")
async def write_object(request: Request, repository: Pushing, tools: Tools, bounds: Bounds, path: str) -> Response:
    """Keeps an object whose bytes have the MD5 that names it; nothing is kept of others."""
    name, announced = rules.parse_path(path), announced_length(request)
    await run_in_threadpool(bounds.require_room, repository.owner_id, announced or 0)
    stored = await receive_blob(tools, request.stream(), size=announced, watcher=rules.Md5Watcher(name))
    if announced is None:
        await run_in_threadpool(bounds.require_room, repository.owner_id, stored.size)
    await run_in_threadpool(service.keep_object, tools, repository.id, name, stored)
    return Response(status_code=200)
