"""Serves the built web UI: hashed files for ever, the page itself always fresh, and the page for every other address.

The policy lets the page run its own scripts and talk to this site, nothing else. Styles may be inline because the
component library writes its variables into a style element. Files are compressed when they are built.
"""

import mimetypes
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from modelyard.kit.errors import NotFound
from modelyard.rooms.access import policies

STATIC = Path(__file__).parent / "static"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
FOREVER = "public, max-age=31536000, immutable"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
MACHINE_PREFIXES = ("api/", "serve/", "v2/", ".well-known/")
"""Addresses of programs: what is missing there is a problem document, never the page."""

NOT_BUILT = "<!doctype html><title>Modelyard</title><p>The web page is not built. Run <code>make web</code>.</p>"

mimetypes.add_type("font/woff2", ".woff2")


class PageMissing(NotFound):
    code = "page_missing"
    title = "There is nothing at this address"


def mount(app: FastAPI, folder: Path = STATIC) -> None:
    """Adds the page below every address that no route before it answers. Call it last."""

    async def serve(request: Request, path: str, _: Annotated[None, Depends(policies.public)]) -> Response:
        if path.startswith(MACHINE_PREFIXES) or ".git/" in path:
            raise PageMissing(remedy="See /api/docs for the addresses of the API.")
        found = find_file(folder, path)
        return _file_response(request, found, path) if found else _page_response(folder, path)

    app.add_api_route("/{path:path}", serve, methods=["GET", "HEAD"], include_in_schema=False)


def find_file(folder: Path, path: str) -> Path | None:
    """The built file of an address; None for addresses of the page, for hidden names and for ways out of the folder."""
    names = path.split("/")
    if not path or any(name.startswith(".") or "\\" in name or "\0" in name for name in names):
        return None
    file = folder.joinpath(*names)
    try:
        return file if file.is_file() else None
    except OSError:  # a name that the file system does not take
        return None


def _file_response(request: Request, file: Path, path: str) -> Response:
    lasting = path.startswith("assets/")
    headers = {
        "Cache-Control": FOREVER if lasting else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    kind = mimetypes.guess_type(file.name)[0]
    accepted = {part.split(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
    for encoding, suffix in ENCODINGS:
        compressed = file.with_name(file.name + suffix)
        if encoding in accepted and compressed.is_file():
            return FileResponse(compressed, media_type=kind, headers=headers | {"Content-Encoding": encoding})
    return FileResponse(file, media_type=kind, headers=headers)


def _page_response(folder: Path, path: str) -> Response:
    if path.startswith("assets/"):
        raise PageMissing("This file is of another build of the page.", remedy="Load the page anew.")
    page = folder / "index.html"
    if not page.is_file():
        return HTMLResponse(NOT_BUILT, status_code=503, headers=PAGE_HEADERS)
    return FileResponse(page, media_type="text/html", headers=PAGE_HEADERS)
