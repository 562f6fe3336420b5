"""What a call can come back with instead of an answer. Each says what was wrong and what to do."""

from typing import Any

import httpx


class ClientError(Exception):
    """Root. ``code`` is the server's stable code, or one of this package's own; ``remedy`` may be empty.

    ``status`` is None where no answer came; ``field`` names the input at fault where there is one.
    """

    def __init__(
        self, detail: str, *, code: str, remedy: str = "", status: int | None = None, field: str | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.remedy = remedy
        self.status = status
        self.field = field


class Unreachable(ClientError):
    """The server did not answer, or what answered is not a Modelyard server."""


class NotSignedIn(ClientError):
    """401: there is no token, or it is not good any more."""


class NotAllowed(ClientError):
    """403."""


class Missing(ClientError):
    """404: absent, or not for the caller to see."""


class Refused(ClientError):
    """Any other 4xx: the request cannot be carried out as it is."""


class ServerFailed(ClientError):
    """5xx: the server failed, or something it needs is not there."""


KINDS: dict[int, type[ClientError]] = {401: NotSignedIn, 403: NotAllowed, 404: Missing}


def error_of(response: httpx.Response) -> ClientError:
    """The error that a response of 400 or above stands for. Its body must have been read."""
    problem = _problem(response)
    kind = KINDS.get(response.status_code, ServerFailed if response.status_code >= 500 else Refused)
    detail = str(problem.get("detail") or problem.get("title") or f"The server answered {response.status_code}.")
    if request_id := problem.get("request_id"):
        detail += f" (request {request_id})"
    return kind(
        detail,
        code=str(problem.get("code") or f"http_{response.status_code}"),
        remedy=str(problem.get("remedy") or ""),
        status=response.status_code,
        field=problem.get("field"),
    )


def _problem(response: httpx.Response) -> dict[str, Any]:
    """The problem of RFC 9457, or of the registry (``errors``); empty for anything else."""
    try:
        body = response.json()
    except ValueError:
        return {}
    if not isinstance(body, dict):
        return {}
    errors = body.get("errors")
    if "title" not in body and isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return {"code": str(errors[0].get("code", "")).lower(), "detail": errors[0].get("message")}
    return body
