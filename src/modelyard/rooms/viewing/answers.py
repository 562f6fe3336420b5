"""Answers that hold what strangers made, or what was drawn of it."""

from typing import Any

STRANGERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
}
"""Headers: no browser runs it, guesses what it is, or shows it to whoever may not read it any more."""


def binary(kind: str) -> dict[int | str, dict[str, Any]]:
    """What a download answers, for OpenAPI."""
    content = {"content": {kind: {"schema": {"type": "string", "format": "binary"}}}}
    return {200: content | {"description": "All of it."}, 304: {"description": "It is what `If-None-Match` named."}}
