"""What Git clients call: smart HTTP and the Git LFS batch API below ``/{owner}/{name}.git``."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, status
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from modelyard.kit.http import Reading, provided
from modelyard.kit.ranges import count_sent
from modelyard.rooms.access import policies as access
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.repos import git, wire
from modelyard.rooms.repos.errors import GitServiceUnknown, LfsUnsupported
from modelyard.rooms.repos.policies import Fetchable
from modelyard.rooms.repos.ports import RepositoryOptions, Traffic
from modelyard.rooms.repos.schemas import LfsBatch, LfsObject, Repository

router = APIRouter(prefix="/{owner}/{name}.git", include_in_schema=False)

Options = Annotated[RepositoryOptions, Depends(provided(RepositoryOptions))]
Sent = Annotated[Traffic, Depends(provided(Traffic))]  # type: ignore[type-abstract]
BATCH_BYTES = 1024**2
LFS_MEDIA_TYPE = "application/vnd.git-lfs+json"


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


@router.post("/info/lfs/objects/batch", max_body_size=BATCH_BYTES)
def lfs_batch(request: Request, repository: Fetchable, session: Reading, batch: LfsBatch) -> Response:
    """Says where to download objects; one that the repository does not hold is a 404 of that object alone."""
    if batch.operation != "download" or batch.hash_algo != "sha256":
        raise LfsUnsupported("Only downloads of SHA-256 objects are offered.", remedy="Push with `modelyard push`.")
    base = f"{access.site_url(request)}/{repository.address}.git/info/lfs/objects"
    objects = [_lfs_answer(session, repository, item, base) for item in batch.objects]
    return JSONResponse({"transfer": "basic", "objects": objects}, media_type=LFS_MEDIA_TYPE)


@router.get("/info/lfs/objects/{oid}")
def lfs_download(
    repository: Fetchable,
    session: Reading,
    oid: str,
    blobs: Annotated[BlobStore, Depends(provided(BlobStore))],
    traffic: Sent,
) -> Response:
    """The bytes of one object, if this repository holds it."""
    blob = content.open_granted(session, store=blobs, holder_id=repository.id, digest=f"sha256:{oid}")
    headers = {"Content-Length": str(blob.size)}
    response = StreamingResponse(blob.chunks, media_type="application/octet-stream", headers=headers)
    return count_sent(response, partial(traffic.count, repository_id=repository.id))


async def _serve(request: Request, repository: Repository, options: RepositoryOptions, path: str) -> Response:
    asked = wire.WireRequest(request.method, path, request.url.query, request.headers, request.stream())
    answer = await wire.serve(git.repository_path(options.root, repository.id), asked)
    return StreamingResponse(answer.body, status_code=answer.status, headers=answer.headers)


def _lfs_answer(session: Reading, repository: Repository, item: LfsObject, base: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"oid": item.oid, "size": item.size}
    if content.holds(session, holder_id=repository.id, digest=f"sha256:{item.oid}"):
        return answer | {"authenticated": False, "actions": {"download": {"href": f"{base}/{item.oid}"}}}
    return answer | {"error": {"code": 404, "message": "This repository does not hold the object."}}


def _push_refused(repository: Repository) -> Response:
    """In plain text, which Git shows to whoever pushes."""
    text = (
        f"{repository.address} does not take pushes by Git.\n"
        "Content comes in by `modelyard push`, the web form or the API.\n"
    )
    return PlainTextResponse(text, status.HTTP_403_FORBIDDEN)
