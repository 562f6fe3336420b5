"""HTTP of results: what a run left, looked into. The files themselves are sent by ``runs``."""

from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from modelyard.kit.archives import ArchiveFormat
from modelyard.kit.http import Reading, provided
from modelyard.kit.ranges import download_response
from modelyard.kit.strangers import binary, strangers_response
from modelyard.rooms.access import policies as access
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.results import rules, service
from modelyard.rooms.results.looking import ResultFile
from modelyard.rooms.results.schemas import FilterText, TableFilter, TablePage, TableQuery, TableStatistics
from modelyard.rooms.results.service import ResultTools
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.schemas import Run

router = APIRouter(prefix="/api/v1", tags=["results"])

Tools = Annotated[ResultTools, Depends(provided(ResultTools))]


def _filters(filter: FilterText = "[]") -> tuple[TableFilter, ...]:
    return rules.parse_filters(filter)


Filters = Annotated[tuple[TableFilter, ...], Depends(_filters)]

FRAME = (FilePath(__file__).parent / "report_frame.html").read_text()
FRAME_POLICY = "; ".join(
    (
        "sandbox allow-scripts",
        "default-src 'none'",
        "script-src 'unsafe-inline' 'unsafe-eval'",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "font-src data:",
        "media-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
FRAME_HEADERS = {
    "Content-Security-Policy": FRAME_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-DNS-Prefetch-Control": "off",
    "Cache-Control": "no-cache",
}
PREVIEW = binary("image/webp")
ARCHIVE = binary("application/zip", "application/x-tar")
ARCHIVE[206] = ARCHIVE[200] | {"description": "The bytes that `Range` asked for."}


def _mine(session: Reading, principal: SignedIn, run_id: UUID) -> Run:
    return runs.get_run(session, principal, run_id)


Mine = Annotated[Run, Depends(_mine)]


def _result(session: Reading, run: Mine, tools: Tools, path: Annotated[str, Path(max_length=1000)]) -> ResultFile:
    """The file; its session ends here, because looking into it may take seconds."""
    found = service.find_result(session, tools, run.id, path)
    session.close()
    return found


Result = Annotated[ResultFile, Depends(_result)]


@router.get("/runs/{run_id}/tables/{path:path}", operation_id="read_table")
def read_table(
    _principal: SignedIn,
    file: Result,
    tools: Tools,
    filters: Filters,
    sort: Annotated[str | None, Query(max_length=1000, description="A column; without one, as in the file.")] = None,
    desc: Annotated[bool, Query(description="The greatest first.")] = False,
    offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> TablePage:
    """Rows of a CSV, TSV, Parquet or JSON Lines file. 503 `still_reading` while a large one is being read."""
    query = TableQuery(sort=sort, descending=desc, filters=filters, offset=offset, limit=limit)
    return service.read_table(tools, file, query)


@router.get("/runs/{run_id}/statistics/{path:path}", operation_id="describe_table")
def describe_table(_principal: SignedIn, file: Result, tools: Tools) -> TableStatistics:
    """What every column of a table holds. 503 `still_reading` while a large one is being read."""
    return service.describe_table(tools, file)


@router.get(
    "/runs/{run_id}/previews/{path:path}", operation_id="read_preview", response_class=Response, responses=PREVIEW
)
def read_preview(
    request: Request,
    _principal: SignedIn,
    file: Result,
    tools: Tools,
    side: Annotated[Literal["256", "1600"], Query(description="Most pixels it is wide and high.")] = "256",
) -> Response:
    """A picture (PNG, JPEG, WebP, GIF, TIFF, BMP) drawn anew as WebP, small enough to be looked at."""
    draw = partial(service.draw_preview, tools, file, side=int(side))
    return strangers_response(request, draw, etag=f"{file.digest[7:]}-{side}", media_type=tools.previews.media_type)


@router.get("/runs/{run_id}/archive", operation_id="download_outputs", response_class=Response, responses=ARCHIVE)
@router.head("/runs/{run_id}/archive", include_in_schema=False)
def download_outputs(
    request: Request,
    session: Reading,
    _principal: SignedIn,
    run: Mine,
    tools: Tools,
    format: Annotated[ArchiveFormat, Query(description="Neither is compressed.")] = ArchiveFormat.ZIP,
) -> Response:
    """All files that the run left as one archive, whole or from where a download broke off."""
    archive, etag = service.open_archive(session, tools.blobs, run.id, format)
    session.close()
    response = download_response(
        request,
        archive,
        etag=etag,
        filename=f"run-{run.id}.{format}",
        media_type=f"application/{'zip' if format is ArchiveFormat.ZIP else 'x-tar'}",
    )
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


@router.get("/report-frame", operation_id="read_report_frame", response_class=Response, include_in_schema=False)
def read_report_frame(_: Annotated[None, Depends(access.public)]) -> Response:
    """An empty page without an origin, which becomes the report that the page around it sends (decision 0017)."""
    return Response(FRAME, media_type="text/html; charset=utf-8", headers=FRAME_HEADERS)
