"""Telling the story of a build while it happens."""

import threading
import time

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.rooms.versions import building, rules
from modelyard.rooms.versions.building import Build
from modelyard.rooms.versions.rules import StageState

PROGRESS_INTERVAL_S = 0.25
LOG_LIMIT = 1024**2
"""Characters of log that a build's events hold; the run keeps the whole."""


class Reporter:
    """Writes a build's progress as events: a stage is complete when the next one begins; texts are not too frequent.

    Thread-safe. Each verb raises ``BuildOutdated`` once a later attempt has taken over.
    """

    def __init__(self, database: Database, build: Build, *, clock: Clock) -> None:
        self._database = database
        self._build = build
        self._clock = clock
        self._stage: str | None = None
        self._text = ""
        self._said = 0.0
        self._log_left = LOG_LIMIT
        self._lock = threading.Lock()

    def say(self, stage: str, text: str) -> None:
        with self._lock:
            if stage != self._stage:
                self._end(StageState.COMPLETE)
                self._stage, self._said = stage, 0.0
            self._text = text
            if time.monotonic() - self._said >= PROGRESS_INTERVAL_S:
                self._said = time.monotonic()
                self._write(StageState.RUNNING.value, text)

    def log(self, text: str) -> None:
        """Lines of the log; what goes beyond the limit is left out, which is said once."""
        with self._lock:
            if self._log_left <= 0:
                return
            kept, self._log_left = text[: self._log_left], self._log_left - len(text)
            self._write(rules.LOG, kept if self._log_left > 0 else f"{kept}\n… the rest of the log is left out here")

    def finish(self) -> None:
        with self._lock:
            self._end(StageState.COMPLETE)

    def fail(self) -> None:
        with self._lock:
            self._end(StageState.FAILED)

    def _end(self, state: StageState) -> None:
        if self._stage is not None:
            self._write(state.value, self._text)
            self._stage = None

    def _write(self, state: str, text: str) -> None:
        stage = self._stage or "build"
        with self._database.write() as session:
            building.report(session, self._build, stage=stage, state=state, text=text, clock=self._clock)
