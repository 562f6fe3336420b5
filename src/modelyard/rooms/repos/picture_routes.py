"""HTTP of pictures: ``/api/v1/repos/{owner}/{name}/picture``."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, provided
from modelyard.kit.ranges import is_known
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.repos import pictures
from modelyard.rooms.repos.pictures import PictureTools
from modelyard.rooms.repos.policies import Maintained, Readable
from modelyard.rooms.repos.schemas import NewPicture, Repository

router = APIRouter(prefix="/api/v1/repos/{owner}/{name}/picture", tags=["repositories"], route_class=IdempotentRoute)

Tools = Annotated[PictureTools, Depends(provided(PictureTools))]
Now = Annotated[Clock, Depends(provided(Clock))]
SAFE = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}
DAY_S = 86_400


def _drawn(principal: SignedIn, repository: Maintained, wanted: NewPicture, tools: Tools) -> str:
    """The slow part; as the first dependency it is over before the write transaction begins."""
    return pictures.draw_picture(tools, principal=principal, wanted=wanted)


@router.put("", operation_id="set_picture")
def set_picture(
    digest: Annotated[str, Depends(_drawn)],
    session: Writing,
    principal: SignedIn,
    repository: Maintained,
    tools: Tools,
    clock: Now,
) -> Repository:
    """Shows a finished upload (PNG, JPEG or WebP) as the picture; it is drawn anew, without what cameras note."""
    return pictures.set_picture(session, tools, principal=principal, repository=repository, digest=digest, clock=clock)


@router.delete("", operation_id="remove_picture")
def remove_picture(
    session: Writing, principal: SignedIn, repository: Maintained, tools: Tools, clock: Now
) -> Repository:
    """Shows no picture any more; may be repeated."""
    return pictures.set_picture(session, tools, principal=principal, repository=repository, digest=None, clock=clock)


@router.get(
    "",
    operation_id="read_picture",
    response_class=Response,
    responses={
        200: {
            "description": "The picture.",
            "content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}},
        },
        304: {"description": "It is what `If-None-Match` named."},
    },
)
def read_picture(request: Request, session: Reading, repository: Readable, tools: Tools) -> Response:
    """The picture, as WebP. Under the address that a repository names (`picture`) it never changes."""
    blob = pictures.open_picture(session, tools, repository)
    etag = f'"{blob.digest[7:]}"'
    is_named = request.query_params.get("v") == blob.digest[7:19]
    lasting = f"private, max-age={DAY_S}, immutable" if is_named else "private, no-cache"
    headers = {"ETag": etag, "Cache-Control": lasting} | SAFE
    if is_known(request.headers, etag):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(b"".join(blob.chunks), media_type=tools.pictures.media_type, headers=headers)
