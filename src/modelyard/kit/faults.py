"""What failures of the machine mean, whichever library reports them: no room left, or a database that is away."""

import errno
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError, OperationalError

from modelyard.kit.errors import ModelyardError, StorageFull, Unavailable

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FULL_TEXTS = ("database or disk is full", "no space left on device", "disk quota exceeded")
"""SQLite's words (SQLITE_FULL), and those of programs that we start."""


def fault_of(error: BaseException) -> ModelyardError | None:
    """The error to tell people for an unexpected exception; None where it is a mistake of ours and no such failure."""
    chain = list(_chain(error))
    if any(_is_full(e) for e in chain):
        return StorageFull(
            "The server's disk is full.",
            remedy="Free some space (or ask an administrator to) and try again; what was acknowledged is kept.",
        )
    if any(_is_away(e) for e in chain):
        return Unavailable("The database did not answer.", remedy="Try again in a moment.")
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, DBAPIError) and error.orig is not None:
            yield error.orig
        error = error.__cause__ or error.__context__


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    if getattr(error, "sqlstate", None) == "53100":  # PostgreSQL's disk_full
        return True
    text = str(error).lower()
    return any(words in text for words in FULL_TEXTS)


def _is_away(error: BaseException) -> bool:
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
