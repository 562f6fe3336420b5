"""The registry's uploads: blobs in one request, in one stream or in chunks that come in order, and mounts.

Bodies are written as they come, by what receives tus uploads; no database session is held meanwhile.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from modelyard.kit.db import Database
from modelyard.kit.http import clock_of, part_of, provided
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.content import uploads
from modelyard.rooms.content.errors import UploadOffset
from modelyard.rooms.content.ports import BlobStore, ContentOptions
from modelyard.rooms.content.receiving import Receiver
from modelyard.rooms.content.schemas import Upload
from modelyard.rooms.content.uploads import UploadTools
from modelyard.rooms.images import pushing, registry_rules
from modelyard.rooms.images.documents import is_digest
from modelyard.rooms.images.errors import ChunkMisplaced, ChunkRefused, DigestRefused
from modelyard.rooms.images.policies import Pushing, Starting
from modelyard.rooms.images.registry_answers import VERSION_HEADER, RegistryRoute
from modelyard.rooms.repos.schemas import Repository

router = APIRouter(prefix="/v2/{owner}/{name}/blobs/uploads", route_class=RegistryRoute, include_in_schema=False)


def upload_tools(
    request: Request,
    store: Annotated[BlobStore, Depends(provided(BlobStore))],
    options: Annotated[ContentOptions, Depends(provided(ContentOptions))],
) -> UploadTools:
    """What pushing works with."""
    return UploadTools(part_of(request.app, Database), store, options, clock_of(request.app))


Tools = Annotated[UploadTools, Depends(upload_tools)]
Receptions = Annotated[Receiver, Depends(provided(Receiver))]
Range = Annotated[str | None, Header(alias="Content-Range")]


@router.post("")
@router.post("/")
async def begin_upload(
    request: Request,
    pusher: Starting,
    tools: Tools,
    receiver: Receptions,
    options: Annotated[AccountOptions, Depends(provided(AccountOptions))],
    digest: str | None = None,
    mount: str | None = None,
    source: Annotated[str, Query(alias="from")] = "",
) -> Response:
    """Begins an upload; with ``digest`` the body is the whole blob, with ``mount`` another repository may have it."""
    if mount is not None and is_digest(mount):
        owner, _, name = source.partition("/")
        mounted = await run_in_threadpool(
            pushing.mount_blob,
            tools,
            pusher,
            digest=mount,
            owner=owner,
            name=name,
            require_sign_in=options.require_sign_in,
        )
        if mounted:
            return _created(pusher.repository, mount)
    if digest is not None:
        await pushing.receive_whole(tools, receiver, pusher, request.stream(), digest=_checked(digest))
        return _created(pusher.repository, digest)
    upload = await run_in_threadpool(pushing.begin_upload, tools, pusher)
    return _standing(202, pusher.repository, upload)


@router.get("/{upload_id}")
async def upload_standing(pusher: Pushing, tools: Tools, receiver: Receptions, upload_id: UUID) -> Response:
    """How much of the upload has come."""
    await receiver.release(upload_id)
    upload = await run_in_threadpool(pushing.find_upload, tools, pusher, upload_id)
    return _standing(204, pusher.repository, upload)


@router.patch("/{upload_id}")
async def append_chunk(
    request: Request,
    pusher: Pushing,
    tools: Tools,
    receiver: Receptions,
    upload_id: UUID,
    content_range: Range = None,
) -> Response:
    """Appends a chunk, or all of the blob in a stream."""
    upload = await run_in_threadpool(pushing.find_upload, tools, pusher, upload_id)
    upload = await _append(request, tools, receiver, pusher.repository, upload, content_range)
    return _standing(202, pusher.repository, upload)


@router.put("/{upload_id}")
async def finish_upload(
    request: Request,
    pusher: Pushing,
    tools: Tools,
    receiver: Receptions,
    upload_id: UUID,
    digest: str,
    content_range: Range = None,
) -> Response:
    """Ends the upload with its last bytes, if the body has some; what came has to have ``digest``."""
    _checked(digest)
    upload = await run_in_threadpool(pushing.find_upload, tools, pusher, upload_id)
    if _length(request) != 0:
        upload = await _append(request, tools, receiver, pusher.repository, upload, content_range)
    await pushing.finish_upload(tools, receiver, upload, digest=digest)
    return _created(pusher.repository, digest)


@router.delete("/{upload_id}")
async def end_upload(pusher: Pushing, tools: Tools, receiver: Receptions, upload_id: UUID) -> Response:
    """Forgets the upload and what came of it."""
    await run_in_threadpool(pushing.find_upload, tools, pusher, upload_id)
    await receiver.release(upload_id, even_if_busy=True)
    await run_in_threadpool(uploads.end_upload, tools, upload_id)
    return Response(status_code=204, headers=VERSION_HEADER)


async def _append(
    request: Request,
    tools: UploadTools,
    receiver: Receiver,
    repository: Repository,
    upload: Upload,
    content_range: str | None,
) -> Upload:
    """Takes the body at the place that it names, else at the end. Raises ``ChunkMisplaced``, ``ChunkRefused``."""
    wanted, announced = registry_rules.parse_content_range(content_range), _length(request)
    if wanted and announced is not None and wanted[1] - wanted[0] + 1 != announced:
        raise ChunkRefused(f"The chunk has {announced} bytes, not {content_range}.", field="Content-Range")
    offset = wanted[0] if wanted else upload.received
    try:
        return await receiver.receive(
            tools, upload, request.stream(), offset=offset, announced=announced, checksum=None
        )
    except UploadOffset as e:
        raise ChunkMisplaced(e.detail, received=upload.received, location=_location(repository, upload)) from e


def _length(request: Request) -> int | None:
    """Bytes in the body; None where it comes without saying."""
    if "transfer-encoding" in request.headers:
        return None
    text = request.headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else None


def _checked(digest: str) -> str:
    if not is_digest(digest):
        raise DigestRefused(f"{digest!r} is not a digest.", remedy="Write it as sha256:…", field="digest")
    return digest


def _location(repository: Repository, upload: Upload) -> str:
    return f"/v2/{repository.address}/blobs/uploads/{upload.id}"


def _standing(status: int, repository: Repository, upload: Upload) -> Response:
    headers = {
        "Location": _location(repository, upload),
        "Range": f"0-{max(upload.received - 1, 0)}",
        "Docker-Upload-UUID": str(upload.id),
    }
    return Response(status_code=status, headers=VERSION_HEADER | headers)


def _created(repository: Repository, digest: str) -> Response:
    headers = {"Location": f"/v2/{repository.address}/blobs/{digest}", "Docker-Content-Digest": digest}
    return Response(status_code=201, headers=VERSION_HEADER | headers)
