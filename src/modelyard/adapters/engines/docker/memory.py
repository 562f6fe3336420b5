"""How much memory containers held, times how long: summed up from looks, since Docker keeps no such sum."""

import threading
from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class _Sum:
    at: datetime
    held: int
    byte_seconds: float = 0.0
    ended: bool = False


class HeldMemory:
    """Adds up, as if memory had changed evenly between two looks. Thread-safe.

    It counts from the first look of this process on: what a container held while no server watched is not known.
    """

    def __init__(self) -> None:
        self._sums: dict[str, _Sum] = {}
        self._lock = threading.Lock()

    def look(self, name: str, *, at: datetime, held: int) -> None:
        """Notes what the container holds now."""
        with self._lock:
            known = self._sums.setdefault(name, _Sum(at, held))
            self._add(known, at, (known.held + held) / 2)
            known.held = held

    def so_far(self, name: str) -> float | None:
        """The byte-seconds at the last look; None where there was none."""
        with self._lock:
            known = self._sums.get(name)
            return known.byte_seconds if known else None

    def end(self, name: str, *, at: datetime) -> None:
        """It ended at ``at``, and held until then what it held when it was last looked at. May be repeated."""
        with self._lock:
            known = self._sums.get(name)
            if known is not None and not known.ended:
                self._add(known, at, known.held)
                known.ended = True

    def forget(self, name: str) -> None:
        with self._lock:
            self._sums.pop(name, None)

    def _add(self, known: _Sum, at: datetime, held: float) -> None:
        known.byte_seconds += held * max(0.0, (at - known.at).total_seconds())
        known.at = max(at, known.at)
