"""HTTP of a dataset's files: ``/api/v1/repos/{owner}/{name}/versions/{number}/…``, with ranges and ETags."""

import base64
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from modelyard.kit.archives import ArchiveFormat
from modelyard.kit.http import Reading, provided
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.kit.ranges import count_sent, download_response
from modelyard.rooms.access.policies import Anyone
from modelyard.rooms.datasets import rules, service
from modelyard.rooms.datasets.schemas import DatasetContents, DatasetFile, Snapshot
from modelyard.rooms.datasets.service import DatasetTools
from modelyard.rooms.repos.policies import Readable
from modelyard.rooms.repos.ports import Traffic, Use, UseLog

router = APIRouter(prefix="/api/v1/repos/{owner}/{name}/versions/{number}", tags=["datasets"])

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Tools = Annotated[DatasetTools, Depends(provided(DatasetTools))]
Uses = Annotated[UseLog, Depends(provided(UseLog))]
Sent = Annotated[Traffic, Depends(provided(Traffic))]


def _downloads(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """What a download may answer, for OpenAPI; ``kinds`` are the media types it may have."""
    content = {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}}
    return {
        200: content | {"description": "All of it."},
        206: content | {"description": "The bytes that `Range` asked for."},
        304: {"description": "It is what `If-None-Match` named."},
    }


FILES = _downloads("*/*")
ARCHIVES = _downloads("application/zip", "application/x-tar")


def _snapshot(session: Reading, repository: Readable, number: Number, tools: Tools) -> Snapshot:
    return service.find_snapshot(session, tools.repositories, repository, number)


Held = Annotated[Snapshot, Depends(_snapshot)]


@router.get("/contents", operation_id="count_contents")
def count_contents(session: Reading, repository: Readable, number: Number, snapshot: Held) -> DatasetContents:
    """How many files and bytes a version of a dataset holds, and the archives of it."""
    url = f"/api/v1/repos/{repository.address}/versions/{number}/archive"
    return service.count_contents(session, snapshot, url=url)


@router.get("/files", operation_id="list_dataset_files")
def list_dataset_files(
    session: Reading,
    snapshot: Held,
    q: Annotated[str | None, Query(max_length=200, description="Looked for in the paths.")] = None,
    prefix: Annotated[str, Query(max_length=1000, description="What the paths begin with, such as `train/`.")] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DatasetFile]:
    """The files of a version of a dataset, by path."""
    return service.list_files(session, snapshot, text=q, prefix=prefix, cursor=cursor, limit=limit)


@router.get("/files/{path:path}", operation_id="download_file", response_class=Response, responses=FILES)
@router.head("/files/{path:path}", include_in_schema=False)
def download_file(
    request: Request,
    session: Reading,
    principal: Anyone,
    snapshot: Held,
    number: Number,
    path: Annotated[str, Path(max_length=1000)],
    tools: Tools,
    uses: Uses,
    traffic: Sent,
) -> Response:
    """One file, whole or from where a download broke off. `ETag` and `Repr-Digest` are of the whole."""
    file = service.find_file(session, snapshot, path)
    session.close()  # what follows may write that it was downloaded
    response = download_response(
        request,
        service.open_file(tools, snapshot, file),
        etag=file.digest[7:],
        filename=path.rpartition("/")[2],
        media_type=rules.media_type(path),
    )
    digest = base64.b64encode(bytes.fromhex(file.digest[7:])).decode()
    response.headers["Repr-Digest"] = f"sha-256=:{digest}:"  # RFC 9530
    return _sent(request, response, uses, traffic, principal, snapshot, number)


@router.get("/archive", operation_id="download_archive", response_class=Response, responses=ARCHIVES)
@router.head("/archive", include_in_schema=False)
def download_archive(
    request: Request,
    session: Reading,
    principal: Anyone,
    repository: Readable,
    snapshot: Held,
    number: Number,
    tools: Tools,
    uses: Uses,
    traffic: Sent,
    format: Annotated[ArchiveFormat, Query(description="Neither is compressed.")] = ArchiveFormat.ZIP,
) -> Response:
    """All files of a version as one archive, whole or from where a download broke off."""
    layout = service.lay_out(session, snapshot, format)
    session.close()
    response = download_response(
        request,
        service.open_archive(tools, snapshot, layout),
        etag=service.archive_etag(snapshot, format),
        filename=f"{repository.name}-v{number}.{format}",
        media_type=f"application/{'zip' if format is ArchiveFormat.ZIP else 'x-tar'}",
    )
    return _sent(request, response, uses, traffic, principal, snapshot, number)


def _sent(
    request: Request,
    response: Response,
    uses: UseLog,
    traffic: Traffic,
    principal: Anyone,
    snapshot: Snapshot,
    number: int,
) -> Response:
    """What strangers wrote is never run by a browser; that it was taken is remembered, and how much of it."""
    response.headers["Content-Security-Policy"] = "sandbox"
    if request.method == "GET":
        uses.note(principal, repository_id=snapshot.repository_id, version=number, how=Use.DOWNLOAD)
    return count_sent(response, partial(traffic.count, repository_id=snapshot.repository_id, version=number))
