"""HTTP of bundles: one download per version and platform, which resumes, and its checksum."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from modelyard.kit.http import Reading, provided
from modelyard.kit.ranges import count_sent, download_response
from modelyard.rooms.access.policies import Anyone
from modelyard.rooms.bundles import service
from modelyard.rooms.bundles.ports import BundleTools
from modelyard.rooms.bundles.schemas import Bundle
from modelyard.rooms.repos.policies import Readable
from modelyard.rooms.repos.ports import Traffic, Use, UseLog
from modelyard.rooms.versions.schemas import Platform

router = APIRouter(prefix="/api/v1/repos/{owner}/{name}/versions/{number}/bundle", tags=["bundles"])

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Uses = Annotated[UseLog, Depends(provided(UseLog))]
Sent = Annotated[Traffic, Depends(provided(Traffic))]
Tools = Annotated[BundleTools, Depends(provided(BundleTools))]
Wanted = Annotated[
    Platform | None, Query(description="Default: the server's own where the version has it, else its first.")
]
CONTENT = {"application/x-tar": {"schema": {"type": "string", "format": "binary"}}}
ANSWERS = {
    200: {"description": "The whole tar.", "content": CONTENT},
    206: {"description": "The bytes that `Range` asked for.", "content": CONTENT},
    304: {"description": "It is what `If-None-Match` named."},
}


def _opened(session: Reading, repository: Readable, number: Number, tools: Tools, platform: Wanted = None) -> Bundle:
    plan = service.plan_bundle(session, tools, repository=repository, number=number, platform=platform)
    session.close()  # nothing more is read, and what follows may take seconds
    return service.open_bundle(plan, tools)


Opened = Annotated[Bundle, Depends(_opened)]


@router.get("", operation_id="download_bundle", response_class=StreamingResponse, responses=ANSWERS)  # type: ignore[arg-type]
@router.head("", include_in_schema=False)
def download_bundle(
    request: Request,
    principal: Anyone,
    repository: Readable,
    number: Number,
    bundle: Opened,
    uses: Uses,
    traffic: Sent,
) -> Response:
    """The model, its page and the steps to run both, as one tar that Docker and Podman load; resumes by `Range`."""
    response = download_response(
        request, bundle.stream, etag=bundle.etag, filename=bundle.file_name, media_type="application/x-tar"
    )
    if request.method == "GET":
        uses.note(principal, repository_id=repository.id, version=number, how=Use.DOWNLOAD)
    return count_sent(response, partial(traffic.count, repository_id=repository.id, version=number))


@router.get("/checksum", operation_id="read_bundle_checksum", response_class=PlainTextResponse)
def read_checksum(bundle: Opened, tools: Tools) -> Response:
    """The SHA-256 of the bundle as `sha256sum` writes it; `ETag` is that of the download it is about."""
    line = f"{service.compute_checksum(bundle, supplies=tools.supplies)}  {bundle.file_name}\n"
    return PlainTextResponse(line, headers={"ETag": f'"{bundle.etag}"', "Cache-Control": "private, no-cache"})
