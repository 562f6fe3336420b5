"""How errors are told to Hugging Face's client: it reads two headers, and shows ``error``."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from modelyard.kit.bodies import drain
from modelyard.kit.errors import ModelyardError
from modelyard.rooms.access.errors import BasicSignInRequired
from modelyard.rooms.hub.errors import HubRequestInvalid
from modelyard.rooms.repos.errors import FileMissing, RepositoryMissing, RevisionMissing

CODES: dict[type[ModelyardError], str] = {
    BasicSignInRequired: "RepoNotFound",  # of what may be there or not
    RepositoryMissing: "RepoNotFound",
    RevisionMissing: "RevisionNotFound",
    FileMissing: "EntryNotFound",
}
"""``X-Error-Code``, by which the client chooses its exception."""


class HubRoute(APIRoute):
    """Answers errors in the form that the client reads, after taking in what it is still sending."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except ModelyardError as e:
                await drain(request)
                return error_response(e)
            except RequestValidationError as e:
                first = e.errors()[0]
                where = ".".join(str(part) for part in first["loc"][1:])
                return error_response(HubRequestInvalid(f"{where}: {first['msg']}"))

        return answer


def error_response(error: ModelyardError, **more: Any) -> Response:
    """``more`` goes into the body."""
    message = f"{error.detail} {error.remedy}".strip()
    headers = {"X-Error-Message": "".join(c if " " <= c <= "~" else "?" for c in message)[:500]} | error.headers()
    if code := CODES.get(type(error)):
        headers["X-Error-Code"] = code
    return JSONResponse({"error": message, "code": error.code, **more}, error.status, headers=headers)
