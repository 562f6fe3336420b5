"""HTTP of items: ``/api/v1/repos/{owner}/{name}/versions/{number}/items``."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from modelyard.kit.http import Reading, provided
from modelyard.kit.strangers import binary, strangers_response
from modelyard.rooms.datasets.service import media_type
from modelyard.rooms.repos.policies import Readable
from modelyard.rooms.viewing import service
from modelyard.rooms.viewing.schemas import MAX_PAGE, Change, DataItem, ItemChanges, ItemFilter, ItemPage, ItemSummary
from modelyard.rooms.viewing.service import Source, ViewTools
from modelyard.rooms.viewing.sheets import sheet_key

router = APIRouter(prefix="/api/v1/repos/{owner}/{name}/versions/{number}/items", tags=["items"])

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Tools = Annotated[ViewTools, Depends(provided(ViewTools))]
Start = Annotated[int, Query(alias="from", ge=0, le=2**32, description="How many to leave out: any place is as near.")]

SHEET_COLUMNS = 10
NONE = Response(status_code=status.HTTP_204_NO_CONTENT)


def _source(session: Reading, repository: Readable, number: Number, tools: Tools) -> Source:
    """The index; the session ends here, because reading may take seconds."""
    found = service.find_source(session, tools, repository, number)
    session.close()
    return found


def _filter(
    split: Annotated[str | None, Query(max_length=20, description="`train`, `validation` or `test`.")] = None,
    label: Annotated[str | None, Query(max_length=1000)] = None,
    unlabelled: Annotated[bool, Query(description="Only those without a label.")] = False,
    text: Annotated[str | None, Query(max_length=200, description="Looked for in the paths.")] = None,
    errors: Annotated[bool, Query(description="Only files that could not be read, else only items.")] = False,
) -> ItemFilter:
    return ItemFilter(split, label, unlabelled, text, errors)


Indexed = Annotated[Source, Depends(_source)]
Wanted = Annotated[ItemFilter, Depends(_filter)]


def _item(source: Indexed, tools: Tools, row: Annotated[int, Path(ge=0, le=2**32)]) -> DataItem:
    return service.find_item(tools, source, row)


Found = Annotated[DataItem, Depends(_item)]


@router.get("", operation_id="list_items")
def list_items(
    source: Indexed,
    tools: Tools,
    wanted: Wanted,
    start: Start = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> ItemPage:
    """Items of a version, by path. 503 `still_reading` while the index of a large one is being prepared."""
    return service.list_items(tools, source, wanted, start=start, limit=limit)


@router.get("/summary", operation_id="summarize_items")
def summarize_items(source: Indexed, tools: Tools) -> ItemSummary:
    """Counts by class and split, duplicates, and why files could not be read."""
    return service.summarize(tools, source)


@router.get(
    "/sheet",
    operation_id="draw_sheet",
    response_class=Response,
    responses=binary("image/webp") | {204: {"description": "No item is there."}},
)
def draw_sheet(
    request: Request,
    source: Indexed,
    tools: Tools,
    wanted: Wanted,
    start: Start = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
    side: Annotated[Literal["96", "192"], Query(description="Pixels of each square.")] = "96",
) -> Response:
    """Small pictures of the items that `list_items` gives for the same query, on one sheet: ten squares in a row."""
    rows = service.sheet_rows(tools, source, wanted, start=start, limit=limit)
    if not len(rows):
        return NONE
    draw = partial(service.draw_sheet, tools, source, rows, side=int(side), columns=SHEET_COLUMNS)
    etag = sheet_key(source.key, rows, int(side), SHEET_COLUMNS)[:32]
    return strangers_response(request, draw, etag=etag, media_type=tools.sheets.media_type)


@router.get("/changes", operation_id="compare_items")
def compare_items(
    session: Reading,
    repository: Readable,
    source: Indexed,
    tools: Tools,
    since: Annotated[int, Query(ge=1, le=2**31 - 1, description="The version that it is compared with.")],
    kind: Annotated[Change | None, Query(description="Which changes to list; without it they are counted.")] = None,
    start: Start = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> ItemChanges:
    """How the version differs from another one, item by item: by path, with labels before and after."""
    older = service.find_source(session, tools, repository, since)
    session.close()
    return service.compare_items(tools, older, source, kind, start=start, limit=limit)


@router.get("/{row}/content", operation_id="download_item", response_class=Response, responses=binary("*/*"))
def download_item(request: Request, source: Indexed, tools: Tools, item: Found) -> Response:
    """The file of one item, as it was imported."""
    return strangers_response(
        request,
        partial(service.open_item, tools, source, item),
        etag=f"{source.digest[7:39]}-{item.row}",
        media_type=media_type(item.path),
        filename=item.path.rpartition("/")[2],
    )


@router.get("/{row}/thumbnail", operation_id="draw_item", response_class=Response, responses=binary("image/webp"))
def draw_item(
    request: Request,
    source: Indexed,
    tools: Tools,
    item: Found,
    side: Annotated[Literal["256", "1600"], Query(description="Most pixels it is wide and high.")] = "256",
) -> Response:
    """One item drawn anew as WebP."""
    draw = partial(service.draw_item, tools, source, item, side=int(side))
    etag = f"{source.digest[7:39]}-{item.row}-{side}"
    return strangers_response(request, draw, etag=etag, media_type=tools.previews.media_type)
