"""Resumable uploads over HTTP: tus 1.0 (https://tus.io/protocols/resumable-upload) with the extensions creation,
creation-with-upload, termination, checksum and expiration.

The requests that stream hold no database session, so these routes have a policy of their own that asks in a short one.
"""

import base64
from collections.abc import Callable, Coroutine
from email.utils import format_datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from modelyard.kit.bodies import drain
from modelyard.kit.db import Database
from modelyard.kit.errors import ModelyardError
from modelyard.kit.http import clock_of, part_of, policy, problem_of, problem_response, provided
from modelyard.rooms.access import policies
from modelyard.rooms.access.errors import ScopeMissing
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.content import rules, uploads
from modelyard.rooms.content.errors import UploadMediaType, UploadStalled
from modelyard.rooms.content.ports import BlobStore, ContentOptions, StorageBounds
from modelyard.rooms.content.receiving import Receiver
from modelyard.rooms.content.schemas import Upload
from modelyard.rooms.content.uploads import UploadTools

MEDIA_TYPE = "application/offset+octet-stream"
TUS = {"Tus-Resumable": rules.TUS_VERSION}
BODY = {"requestBody": {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}}


STANDING = ("Upload-Offset", "Upload-Expires", "Repr-Digest", "Tus-Resumable")


def _answers(*headers: str) -> dict[str, Any]:
    """What OpenAPI says of the headers of an answer."""
    return {"headers": {name: {"schema": {"type": "string"}} for name in headers}}


class TusRoute(APIRoute):
    """Every answer says which version of tus it speaks, problems too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_tus(request: Request) -> Response:
            try:
                response = await handle(request)
            except ModelyardError as e:
                if not isinstance(e, UploadStalled):
                    await drain(request)
                response = problem_response(problem_of(e), e.headers())
            response.headers.update(TUS)
            return response

        return handle_tus


router = APIRouter(prefix="/api/v1/uploads", tags=["uploads"], route_class=TusRoute, default_response_class=Response)


@policy("creator")
def uploader(request: Request) -> Principal:
    """As ``policies.creator``, with a session that ends before the request's body is read."""
    with part_of(request.app, Database).read() as session:
        principal = policies.authenticate(request, session)
    if principal.only_repository:
        raise ScopeMissing(remedy="Use a token that is not limited to one repository.")
    return policies.creator(policies.signed_in(request, principal))


def _tools(
    request: Request,
    store: Annotated[BlobStore, Depends(provided(BlobStore))],
    options: Annotated[ContentOptions, Depends(provided(ContentOptions))],
) -> UploadTools:
    return UploadTools(part_of(request.app, Database), store, options, clock_of(request.app))


def _version(
    tus_resumable: Annotated[
        str | None,
        Header(
            alias="Tus-Resumable",
            description="The version of tus; needed.",
            json_schema_extra={"enum": [rules.TUS_VERSION]},
        ),
    ] = None,
) -> None:
    rules.check_version(tus_resumable)


def _body_type(request: Request) -> None:
    if request.headers.get("content-type") != MEDIA_TYPE:
        raise UploadMediaType(remedy=f"Send the header Content-Type: {MEDIA_TYPE}.", field="Content-Type")


def _content_length(request: Request) -> int | None:
    """Bytes in the request's body; None where it comes in chunks without saying."""
    if "transfer-encoding" in request.headers:
        return None
    return rules.parse_content_length(request.headers.get("content-length", "0"))


Uploader = Annotated[Principal, Depends(uploader)]
Tools = Annotated[UploadTools, Depends(_tools)]
Receptions = Annotated[Receiver, Depends(provided(Receiver))]
Length = Annotated[int, Header(alias="Upload-Length", ge=0, description="Bytes of the whole upload.")]
Offset = Annotated[int, Header(alias="Upload-Offset", ge=0, description="From which byte on the body goes.")]
Metadata = Annotated[
    str,
    Header(
        alias="Upload-Metadata",
        description="Pairs of a key and a Base64 value, such as `filename bW9kZWwucGts`, separated by commas.",
        json_schema_extra={"pattern": "^([A-Za-z0-9_-]+( ([A-Za-z0-9+/]{4})+)?(,(?=.)|$))*$"},
    ),
]
ChecksumHeader = Annotated[
    str | None,
    Header(
        alias="Upload-Checksum",
        description="`sha256`, `sha1` or `md5`, and the Base64 of the body's checksum.",
        json_schema_extra={"pattern": "^(sha256 [A-Za-z0-9+/]{43}=|sha1 [A-Za-z0-9+/]{27}=|md5 [A-Za-z0-9+/]{22}==)$"},
    ),
]

speaks_tus = [Depends(_version)]


@router.options(
    "",
    operation_id="upload_abilities",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Depends(policies.public)],
)
def upload_abilities(tools: Tools) -> Response:
    """What this server's uploads can do."""
    headers = {
        "Tus-Version": rules.TUS_VERSION,
        "Tus-Extension": ",".join(rules.TUS_EXTENSIONS),
        "Tus-Max-Size": str(tools.options.max_upload_bytes),
        "Tus-Checksum-Algorithm": ",".join(rules.CHECKSUM_ALGORITHMS),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "",
    operation_id="create_upload",
    status_code=status.HTTP_201_CREATED,
    dependencies=speaks_tus,
    openapi_extra=BODY,
    responses={201: _answers("Location", *STANDING)},
)
async def create_upload(
    request: Request,
    principal: Uploader,
    tools: Tools,
    receiver: Receptions,
    bounds: Annotated[StorageBounds, Depends(provided(StorageBounds))],
    upload_length: Length,
    upload_metadata: Metadata = "",
    upload_checksum: ChecksumHeader = None,
) -> Response:
    """Begins an upload, with its first bytes where the request has a body. `Location` is where the others go."""
    checksum = rules.parse_checksum(upload_checksum) if upload_checksum is not None else None
    details = rules.parse_metadata(upload_metadata)
    announced = _content_length(request)
    if announced != 0:
        _body_type(request)
        rules.check_room(announced or 0, offset=0, length=upload_length)
    await run_in_threadpool(bounds.require_room, policies.own_id(principal), upload_length)
    upload = await run_in_threadpool(
        uploads.create_upload, tools, account_id=policies.own_id(principal), length=upload_length, details=details
    )
    if announced != 0 or upload_length == 0:
        upload = await _receive_first(request, tools, receiver, upload, announced, checksum)
    return Response(status_code=201, headers=_standing(upload) | {"Location": f"{router.prefix}/{upload.id}"})


@router.head(
    "/{upload_id}",
    operation_id="upload_standing",
    dependencies=speaks_tus,
    responses={200: _answers("Upload-Length", "Upload-Metadata", *STANDING)},
)
async def upload_standing(upload_id: UUID, principal: Uploader, tools: Tools, receiver: Receptions) -> Response:
    """Where the upload stands (`Upload-Offset`), to continue from there."""
    await run_in_threadpool(_find, tools, principal, upload_id)
    await receiver.release(upload_id)
    upload = await run_in_threadpool(_find, tools, principal, upload_id)
    headers = {"Upload-Length": str(upload.length), "Cache-Control": "no-store"}
    if upload.details:
        headers["Upload-Metadata"] = rules.format_metadata(upload.details)
    return Response(headers=_standing(upload) | headers)


@router.patch(
    "/{upload_id}",
    operation_id="append_to_upload",
    responses={204: _answers(*STANDING)},
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[*speaks_tus, Depends(_body_type)],
    openapi_extra=BODY,
)
async def append_to_upload(
    request: Request,
    upload_id: UUID,
    principal: Uploader,
    tools: Tools,
    receiver: Receptions,
    upload_offset: Offset,
    upload_checksum: ChecksumHeader = None,
) -> Response:
    """Appends the body at `Upload-Offset`. With the last byte the upload is complete; then `Repr-Digest` is told."""
    checksum = rules.parse_checksum(upload_checksum) if upload_checksum is not None else None
    upload = await run_in_threadpool(_find, tools, principal, upload_id)
    upload = await receiver.receive(
        tools,
        upload,
        request.stream(),
        offset=upload_offset,
        announced=_content_length(request),
        checksum=checksum,
    )
    return Response(status_code=204, headers=_standing(upload))


@router.delete(
    "/{upload_id}",
    operation_id="end_upload",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=speaks_tus,
)
async def end_upload(upload_id: UUID, principal: Uploader, tools: Tools, receiver: Receptions) -> Response:
    """Forgets the upload, complete or not, and what it brought unless something else keeps it."""
    await run_in_threadpool(_find, tools, principal, upload_id)
    await receiver.release(upload_id, even_if_busy=True)
    await run_in_threadpool(uploads.end_upload, tools, upload_id)
    return Response(status_code=204)


async def _receive_first(
    request: Request,
    tools: UploadTools,
    receiver: Receiver,
    upload: Upload,
    announced: int | None,
    checksum: rules.Checksum | None,
) -> Upload:
    """If it fails the upload is forgotten: its address was never told."""
    try:
        return await receiver.receive(tools, upload, request.stream(), offset=0, announced=announced, checksum=checksum)
    except BaseException:
        await run_in_threadpool(uploads.end_upload, tools, upload.id)
        raise


def _find(tools: UploadTools, principal: Principal, upload_id: UUID) -> Upload:
    return uploads.find_upload(tools, account_id=policies.own_id(principal), upload_id=upload_id)


def _standing(upload: Upload) -> dict[str, str]:
    headers = {
        "Upload-Offset": str(upload.received),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }
    if upload.complete and upload.digest:
        value = base64.b64encode(bytes.fromhex(upload.digest.partition(":")[2])).decode()
        headers["Repr-Digest"] = f"sha-256=:{value}:"  # RFC 9530
    return headers
