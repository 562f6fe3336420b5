"""What can go wrong, as data: in the worker (Mismatch, LoadError) and in the server (Problem)."""

from typing import Any


class Mismatch(Exception):
    """A value does not convert to its annotation. ``path`` leads to it from the inputs."""

    def __init__(self, detail: str, path: list[str | int] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.path = path or []

    def under(self, place: str | int) -> "Mismatch":
        """The same, seen from the value that has this one at ``place``."""
        self.path.insert(0, place)
        return self


class LoadError(Exception):
    """The target cannot be loaded. ``reason`` is one sentence for the person who pushed it, with what to do."""

    def __init__(self, reason: str, *, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class Problem(Exception):
    """A request that is answered with ``application/problem+json`` (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers: list[tuple[str, str]] = more.pop("headers", [])
        self.close: bool = more.pop("close", False)
        self.more = {key: value for key, value in more.items() if value is not None}
