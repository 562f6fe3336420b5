"""Reading what a container left behind: a stranger's file, so never followed, never trusted, never large."""

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

from modelyard.kit import db

RESULT_LIMIT = 1024**2


def read_result(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file of at most 1 MiB; None where there is none (a link or a device counts as none).

    What comes back can be kept by either database: see ``db.storable_text``; a number that is not finite becomes null.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(RESULT_LIMIT + 1)
    try:
        value = _storable(json.loads(data)) if len(data) <= RESULT_LIMIT else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _storable(value: Any) -> Any:
    match value:
        case str():
            return db.storable_text(value)
        case float():
            return value if math.isfinite(value) else None
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {db.storable_text(key): _storable(item) for key, item in value.items()}
        case _:
            return value
