"""What a container writes. Its ``/tmp`` is a file system of a size; the host's folders are bounded by looking."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from docker import APIClient
from docker.errors import APIError

from modelyard.adapters.engines.docker import config
from modelyard.adapters.engines.local.shim.meters import stored_bytes

LOOK_S = 0.5
"""How often a container's folders are counted at most; each count walks through all of them."""
LAST_LINES = 50
NO_ROOM = b"no space left on device"
"""The system's own words (ENOSPC), as programs of every language pass them on."""


class DiskBound:
    """Remembers when it last counted what a container wrote to folders of this machine."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}

    def is_exceeded(self, name: str, facts: Mapping[str, Any]) -> bool:
        """Whether its writable mounts hold more than it may write. What is on another machine counts nothing."""
        now = time.monotonic()
        bound = facts["Config"]["Labels"].get(config.DISK_LABEL)
        folders = [mount["Source"] for mount in facts["Mounts"] if mount["RW"] and mount["Type"] == "bind"]
        if not (bound and folders) or now < self._next.get(name, 0):
            return False
        self._next[name] = now + LOOK_S
        return sum(map(stored_bytes, folders)) > int(bound)

    def forget(self, name: str) -> None:
        self._next.pop(name, None)


def said_no_room(api: APIClient, container: str) -> bool:
    """Whether the last lines of its log say that no space was left: its ``/tmp`` is gone with it, so nothing else can
    tell. A program may say so without need; it gets its own advice then."""
    with suppress(APIError):
        lines = api.logs(container, stdout=True, stderr=True, stream=False, follow=False, tail=LAST_LINES)
        return NO_ROOM in lines.lower()
    return False
