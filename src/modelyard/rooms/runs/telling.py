"""What a container tells while it runs: progress on its output, metrics in a file. A stranger's words, so bounded."""

import json
import math
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from modelyard.kit import db

MAX_LINE = 64 * 1024
MAX_POINTS = 200_000
"""How many numbers an attempt may report; further ones are left out (the file keeps them)."""
MAX_NAME = 100
SEQUENCES = 10**9
"""Points of attempt n have the numbers from n * SEQUENCES on."""
MAX_STEP = 2**53

_PROGRESS = re.compile(rb"progress:\s*([0-9]*\.?[0-9]+)(?:\s+(.*))?")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is, from 0 to 1, and a few words."""

    share: float
    text: str


@dataclass(frozen=True, slots=True)
class Point:
    """One number. ``sequence`` follows from where it stands in the file, so that reading again gives the same."""

    sequence: int
    name: str
    step: int
    value: float


class ProgressReader:
    """Finds lines of progress in a log that comes in pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def read(self, data: bytes) -> Progress | None:
        """The last line of progress in what has come, if there is one."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-MAX_LINE:]
        told = (_progress(line) for line in reversed(lines) if line.startswith(b"progress:"))
        return next(filter(None, told), None)


class MetricsReader:
    """Reads the lines that were added to a metrics file since the last time."""

    def __init__(self, path: Path, *, attempt: int) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""
        self._sequence = attempt * SEQUENCES
        self._last = self._sequence + MAX_POINTS
        self._steps: dict[str, int] = {}

    def read(self, *, all_of_it: bool = False) -> list[Point]:
        """New points; with ``all_of_it`` also those of a last line without its end."""
        points: list[Point] = []
        while data := self._more():
            *lines, self._rest = (self._rest + data).split(b"\n")
            if len(self._rest) > MAX_LINE:
                self._rest = b""
            for line in lines:
                points += self._points(line)
        if all_of_it and self._rest:
            points += self._points(self._rest)
            self._rest = b""
        return points

    def _more(self) -> bytes:
        if self._sequence >= self._last:
            return b""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return b""
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return b""
            data = os.pread(descriptor, 1024**2, self._offset)
        finally:
            os.close(descriptor)
        self._offset += len(data)
        return data

    def _points(self, line: bytes) -> list[Point]:
        try:
            said = json.loads(line) if len(line) <= MAX_LINE else None
        except (ValueError, RecursionError):
            return []
        if not isinstance(said, dict):
            return []
        step = said.get("step")
        step = step if isinstance(step, int) and not isinstance(step, bool) and abs(step) <= MAX_STEP else None
        return [
            self._point(name, step, float(value))
            for name, value in said.items()
            if name not in ("step", "") and _is_number(value) and self._sequence < self._last
        ]

    def _point(self, name: str, step: int | None, value: float) -> Point:
        name = db.storable_text(name)[:MAX_NAME]
        self._steps[name] = step if step is not None else self._steps.get(name, -1) + 1
        self._sequence += 1
        return Point(self._sequence, name, self._steps[name], value)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _progress(line: bytes) -> Progress | None:
    found = _PROGRESS.match(line.rstrip())
    if found is None:
        return None
    text = db.storable_text((found[2] or b"").decode(errors="replace"))
    return Progress(min(float(found[1]), 1.0), text[:200])
