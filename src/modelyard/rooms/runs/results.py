"""Reading what a container left behind: a stranger's file, so never followed, never trusted, never large."""

import json
import os
import stat
from pathlib import Path
from typing import Any

RESULT_LIMIT = 1024**2


def read_result(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file of at most 1 MiB; None where there is none (a link or a device counts as none)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        data = file.read(RESULT_LIMIT + 1)
    try:
        value = json.loads(data) if len(data) <= RESULT_LIMIT else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
