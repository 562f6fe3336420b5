"""Users of containers when the server is root: one uid for each, that nobody else has."""

import os
import random
from collections.abc import Sequence
from pathlib import Path

from modelyard.rooms.runs.errors import EngineUnavailable

_UNUSED = range(0x70000000, 0x70000000 + 65536)
"""Uids that systemd's UIDS-GIDS.md lists as assigned to nothing."""
_SMALL = 5000
"""How many at the top of a narrow user namespace, as inside a rootless container."""


class UserRange:
    """Hands out uids; a file per uid in ``folder`` says which are taken, so that other processes see it too."""

    def __init__(self, folder: Path, uids: range | None = None) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._uids = uids or available_uids(Path("/proc/self/uid_map").read_text())

    def take(self, name: str) -> int:
        """A uid for the container ``name``; starts at a random place, so that a uid is not used again at once."""
        start = random.randrange(len(self._uids))  # noqa: S311 - nothing secret
        for offset in range(len(self._uids)):
            uid = self._uids[(start + offset) % len(self._uids)]
            if self._claim(uid, name):
                return uid
        raise EngineUnavailable("Every user id for containers is taken.", remedy="Remove containers that have ended.")

    def give_back(self, uid: int) -> None:
        (self._folder / str(uid)).unlink(missing_ok=True)

    def keep_only(self, uids: Sequence[int]) -> None:
        """Gives back every uid but these."""
        for file in self._folder.iterdir():
            if int(file.name) not in uids:
                file.unlink(missing_ok=True)

    def _claim(self, uid: int, name: str) -> bool:
        try:
            descriptor = os.open(self._folder / str(uid), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return False
        with os.fdopen(descriptor, "w") as file:
            file.write(name)
        return True


def available_uids(uid_map: str) -> range:
    """Uids to use where this is the map (user_namespaces(7)): the unused range, or the top of what there is."""
    spans = [(int(first), int(count)) for first, _, count in (line.split() for line in uid_map.splitlines())]
    if any(first <= _UNUSED.start and first + count >= _UNUSED.stop for first, count in spans):
        return _UNUSED
    first, count = max(spans, key=lambda span: span[1])
    return range(first + max(count - _SMALL, 1), first + count)
