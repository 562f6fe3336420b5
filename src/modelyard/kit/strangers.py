"""Answers that hold what strangers made, or what was drawn of it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response, status

from modelyard.kit.ranges import is_known

SAFE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
}
"""No browser runs it, guesses what it is, or shows it to whoever may not read it any more."""


def binary(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """What a download answers, for OpenAPI."""
    content = {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}}
    return {200: content | {"description": "All of it."}, 304: {"description": "It is what `If-None-Match` named."}}


def strangers_response(
    request: Request, make: Callable[[], bytes], *, etag: str, media_type: str, filename: str | None = None
) -> Response:
    """Answers GET with what ``make`` gives (200), which is not called where the caller has it already (304).

    ``etag`` is the bare strong tag, which must change whenever a byte does; with ``filename`` it is a file to save.
    """
    headers = SAFE_HEADERS | {"ETag": f'"{etag}"'}
    if is_known(request.headers, headers["ETag"]):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    if filename is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(filename)}"
    return Response(make(), media_type=media_type, headers=headers)
