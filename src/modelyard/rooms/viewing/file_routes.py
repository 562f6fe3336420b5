"""HTTP of what is in a dataset's files: tables, their columns, small pictures, below ``…/versions/{number}``."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from modelyard.kit.http import Reading, provided
from modelyard.kit.strangers import binary, strangers_response
from modelyard.rooms.repos.policies import Readable
from modelyard.rooms.results import service as results
from modelyard.rooms.results.schemas import FilterText, TablePage, TableQuery, TableStatistics
from modelyard.rooms.results.service import ResultFile
from modelyard.rooms.viewing import files
from modelyard.rooms.viewing.service import ViewTools

router = APIRouter(prefix="/api/v1/repos/{owner}/{name}/versions/{number}", tags=["items"])

Tools = Annotated[ViewTools, Depends(provided(ViewTools))]
PREVIEW = binary("image/webp")


def _file(
    session: Reading,
    repository: Readable,
    number: Annotated[int, Path(ge=1, le=2**31 - 1)],
    tools: Tools,
    path: Annotated[str, Path(max_length=1000)],
) -> ResultFile:
    """The file; its session ends here, because looking into it may take seconds."""
    found = files.find_file(session, tools, repository, number, path)
    session.close()
    return found


Found = Annotated[ResultFile, Depends(_file)]


@router.get("/tables/{path:path}", operation_id="read_dataset_table")
def read_dataset_table(
    file: Found,
    tools: Tools,
    filter: FilterText = "[]",
    sort: Annotated[str | None, Query(max_length=1000, description="A column; without one, as in the file.")] = None,
    desc: Annotated[bool, Query(description="The greatest first.")] = False,
    offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> TablePage:
    """Rows of a CSV, TSV, Parquet or JSON Lines file. 503 `still_reading` while a large one is being read."""
    query = TableQuery(sort, desc, results.parse_filters(filter), offset, limit)
    return results.read_table(tools.results, file, query)


@router.get("/statistics/{path:path}", operation_id="describe_dataset_table")
def describe_dataset_table(file: Found, tools: Tools) -> TableStatistics:
    """What every column of a table holds: type, histogram, missing and distinct values."""
    return results.describe_table(tools.results, file)


@router.get("/previews/{path:path}", operation_id="read_dataset_preview", response_class=Response, responses=PREVIEW)
def read_dataset_preview(
    request: Request,
    file: Found,
    tools: Tools,
    side: Annotated[Literal["256", "1600"], Query(description="Most pixels it is wide and high.")] = "256",
) -> Response:
    """A picture among the files, drawn anew as WebP, small enough to be looked at."""
    draw = partial(results.draw_preview, tools.results, file, side=int(side))
    return strangers_response(request, draw, etag=f"{file.digest[7:]}-{side}", media_type=tools.previews.media_type)
