"""Starts that failed a moment ago: they are not tried with every request, but less and less."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from modelyard.kit.clock import Clock
from modelyard.kit.errors import ModelyardError
from modelyard.rooms.serving import rules
from modelyard.rooms.serving.rules import Key

log = logging.getLogger("modelyard.serving")


@dataclass(slots=True)
class _Failure:
    error: ModelyardError
    until: datetime
    count: int


class Failures:
    """What is remembered of each version until one of its boxes starts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[Key, _Failure] = {}

    def check(self, key: Key) -> None:
        """Raises what the last start failed with, while the version is left alone."""
        failure = self._known.get(key)
        if failure and self._clock() < failure.until:
            raise failure.error.with_traceback(None)

    def note(self, key: Key, error: ModelyardError) -> None:
        known = self._known.get(key)
        count = known.count + 1 if known else 1
        self._known[key] = _Failure(error, self._clock() + rules.pause_after(count), count)
        log.warning("a box of v%s did not start: %s", key[1], error.detail)

    def forget(self, key: Key) -> None:
        self._known.pop(key, None)

    def forget_repository(self, repository_id: UUID | None) -> None:
        for key in [key for key in self._known if key[0] == repository_id]:
            del self._known[key]
