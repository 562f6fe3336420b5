"""The registry's write side but for uploads: manifests and indexes, and what is taken out again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from modelyard.kit.db import Database
from modelyard.kit.http import provided
from modelyard.rooms.access import policies as access
from modelyard.rooms.images import pushed, pushing
from modelyard.rooms.images.policies import Pushing
from modelyard.rooms.images.ports import PushedImages
from modelyard.rooms.images.registry_answers import VERSION_HEADER, RegistryRoute, error_response
from modelyard.rooms.images.registry_uploads import Tools

router = APIRouter(prefix="/v2", route_class=RegistryRoute, include_in_schema=False)

Facts = Annotated[Database, Depends(provided(Database))]


async def _body(request: Request) -> bytes:
    return await request.body()


@router.put("/{owner}/{name}/manifests/{reference}")
def put_manifest(
    request: Request,
    pusher: Pushing,
    tools: Tools,
    images: Annotated[PushedImages, Depends(provided(PushedImages))],
    data: Annotated[bytes, Depends(_body)],
    reference: str,
) -> Response:
    """Keeps a manifest or index whose parts the repository holds; a tagged image becomes the next version."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    stored = pushing.push_document(tools, images, pusher, reference=reference, data=data, media_type=media_type)
    headers = {
        "Location": f"/v2/{pusher.repository.address}/manifests/{stored.digest}",
        "Docker-Content-Digest": stored.digest,
    }
    if stored.document.subject:
        headers["OCI-Subject"] = stored.document.subject
    return Response(status_code=201, headers=VERSION_HEADER | headers)


@router.delete("/{owner}/{name}/manifests/{reference}")
def delete_manifest(pusher: Pushing, database: Facts, reference: str) -> Response:
    """Removes a tag, or a manifest by its digest; not what a version stands on."""
    pushing.remove(database, pusher, reference=reference)
    return Response(status_code=202, headers=VERSION_HEADER)


@router.delete("/{owner}/{name}/blobs/{digest}")
def delete_blob(pusher: Pushing, database: Facts, digest: str) -> Response:
    """Gives up a blob that nothing refers to."""
    with database.write() as session:
        pushed.remove_blob(session, repository_id=pusher.repository.id, digest=digest)
    return Response(status_code=202, headers=VERSION_HEADER)


@router.api_route("/{path:path}", methods=["POST", "PUT", "PATCH", "DELETE"])
def refuse_writing(_: Annotated[None, Depends(access.public)], path: str) -> Response:
    """Whatever else a client may try."""
    return error_response(405, "UNSUPPORTED", VERSION_HEADER, "This registry has no such operation.")
