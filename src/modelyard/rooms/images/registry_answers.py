"""How the registry answers: errors in the form and with the codes that its clients read (distribution-spec 1.1)."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from modelyard.kit.errors import ModelyardError
from modelyard.rooms.access import policies as access
from modelyard.rooms.content.errors import (
    BlobMissing,
    DigestMismatch,
    UploadBusy,
    UploadMissing,
    UploadOffset,
    UploadStalled,
    UploadTooLarge,
)
from modelyard.rooms.images import errors

VERSION_HEADER = {"Docker-Distribution-API-Version": "registry/2.0"}

STATUSES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "NAME_UNKNOWN", 429: "TOOMANYREQUESTS", 405: "UNSUPPORTED"}
KINDS: dict[type, tuple[int, str]] = {
    errors.ManifestMissing: (404, "MANIFEST_UNKNOWN"),
    errors.ManifestRefused: (400, "MANIFEST_INVALID"),
    errors.ManifestIncomplete: (400, "MANIFEST_BLOB_UNKNOWN"),
    errors.DigestRefused: (400, "DIGEST_INVALID"),
    errors.TagRefused: (400, "TAG_INVALID"),
    errors.NameRefused: (400, "NAME_INVALID"),
    errors.ChunkMisplaced: (416, "BLOB_UPLOAD_INVALID"),
    errors.ChunkRefused: (400, "BLOB_UPLOAD_INVALID"),
    BlobMissing: (404, "BLOB_UNKNOWN"),
    DigestMismatch: (400, "DIGEST_INVALID"),
    UploadMissing: (404, "BLOB_UPLOAD_UNKNOWN"),
    UploadOffset: (416, "BLOB_UPLOAD_INVALID"),
    UploadBusy: (409, "BLOB_UPLOAD_INVALID"),
    UploadStalled: (408, "BLOB_UPLOAD_INVALID"),
    UploadTooLarge: (413, "SIZE_INVALID"),
}
"""What is answered for an error that the specification has its own code for."""


class RegistryRoute(APIRoute):
    """Answers errors in the form that registry clients read, and names the place where tokens are given."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except ModelyardError as e:
                return _error(request, e)
            except RequestValidationError as e:
                first = e.errors()[0]
                code = "PAGINATION_NUMBER_INVALID" if first["loc"][-1] == "n" else "UNSUPPORTED"
                return error_response(400, code, VERSION_HEADER, f"{first['loc'][-1]}: {first['msg']}")

        return answer


def error_response(status: int, code: str, headers: dict[str, str], message: str, detail: str = "") -> Response:
    """One error as registries write it."""
    body = {"errors": [{"code": code, "message": message, "detail": detail}]}
    return JSONResponse(body, status, headers=headers)


def _error(request: Request, error: ModelyardError) -> Response:
    headers = VERSION_HEADER | error.headers()
    if error.status == 401:
        headers["WWW-Authenticate"] = _challenge(request)
    if isinstance(error, errors.RegistryScopeMissing):
        headers["WWW-Authenticate"] = f'{_challenge(request)},error="insufficient_scope"'
    status, code = KINDS.get(type(error)) or (error.status, STATUSES.get(error.status, "UNKNOWN"))
    return error_response(status, code, headers, error.detail, error.remedy)


def _challenge(request: Request) -> str:
    """Where tokens are given, and which one this request needs."""
    challenge = f'Bearer realm="{access.site_url(request)}/v2/token",service="modelyard"'
    path = request.path_params
    if "owner" not in path or "name" not in path:
        return challenge
    actions = "pull" if request.method in access.SAFE_METHODS else "pull,push"
    return f'{challenge},scope="repository:{path["owner"]}/{path["name"]}:{actions}"'
