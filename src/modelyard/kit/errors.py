"""The root of every error that a person can meet.

A room's errors subclass one of the kinds below, set ``code`` (unique, documented, stable), carry their facts as
fields and render them in ``detail`` (what was wrong) and ``remedy`` (what to do now). One handler in ``kit.http``
maps a kind to its HTTP status.
"""

from typing import ClassVar


class ModelyardError(Exception):
    """Root of all errors that are data: a stable code, what was wrong, and what to do.

    ``field`` names the input at fault (a JSON pointer or a field name), where there is one.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str = "", *, remedy: str = "", field: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.remedy = remedy
        self.field = field

    def headers(self) -> dict[str, str]:
        """Extra response headers, such as ``Retry-After``; empty for most errors."""
        return {}


class Invalid(ModelyardError):
    """The input cannot be accepted as it is (422)."""

    status = 422
    code = "invalid"
    title = "The input is not valid"


class Unauthenticated(ModelyardError):
    """Nobody is signed in, or the credentials are wrong (401)."""

    status = 401
    code = "unauthenticated"
    title = "Sign in first"

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="modelyard"'}


class Forbidden(ModelyardError):
    """Known, but not allowed (403)."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(ModelyardError):
    """Absent, or not visible to the caller, which must look the same (404)."""

    status = 404
    code = "not_found"
    title = "Not found"


class Conflict(ModelyardError):
    """The state of things does not allow it now (409)."""

    status = 409
    code = "conflict"
    title = "Not possible in the present state"


class TooLarge(ModelyardError):
    """A size bound was passed (413)."""

    status = 413
    code = "too_large"
    title = "Too large"


class TooManyRequests(ModelyardError):
    """A rate bound was passed (429); ``retry_after`` in seconds."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after: int, remedy: str = "") -> None:
        super().__init__(detail, remedy=remedy or f"Wait {retry_after} s and try again.")
        self.retry_after = retry_after

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class QuotaExceeded(ModelyardError):
    """An account's quota is used up (402)."""

    status = 402
    code = "quota_exceeded"
    title = "Quota used up"


class Unavailable(ModelyardError):
    """Something this needs is not there at the moment; trying again may help (503)."""

    status = 503
    code = "unavailable"
    title = "Not available at the moment"


class StorageFull(ModelyardError):
    """There is no room left to store the bytes (507)."""

    status = 507
    code = "storage_full"
    title = "No space left"
