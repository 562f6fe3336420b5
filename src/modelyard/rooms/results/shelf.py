"""What was made from results so that they can be looked at: kept in a folder while there is room, made anew else.

A name says what was made from what, so a file never changes. Any of them may be deleted at any time.
"""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as Unfinished
from pathlib import Path
from uuid import UUID

from modelyard.kit.errors import Invalid
from modelyard.kit.ids import new_id
from modelyard.rooms.results.errors import StillReading

DRAFT = ".new-"
FAILURES_KEPT = 256
FAILURE_LASTS_S = 600.0
"""For so long nobody tries again to read what could not be read: it may have taken minutes."""


class Shelf:
    """Safe among threads. Of two who want the same, one makes it; ``makers`` things are made at a time."""

    def __init__(self, folder: Path, *, keep_bytes: int, makers: int = 2) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._keep_bytes = folder, keep_bytes
        self._lock = threading.Lock()
        self._being_made: dict[str, Future[Path]] = {}
        self._failed: OrderedDict[str, tuple[float, Invalid]] = OrderedDict()
        self._makers = ThreadPoolExecutor(makers, thread_name_prefix="results")
        for draft in folder.glob(f"{DRAFT}*"):  # of a server that was killed
            draft.unlink()

    def obtain(self, name: str, make: Callable[[Path], None], *, patience: float) -> Path:
        """The file of that name; ``make`` writes it, all at once, where there is none. Blocks for ``patience`` seconds.

        Raises ``StillReading`` where it takes longer (it is being made all the same), and what ``make`` raises.
        """
        file = self._folder / name
        try:
            os.utime(file)
            return file
        except FileNotFoundError:
            future = self._begin(name, make)
        try:
            return future.result(timeout=patience)
        except Unfinished as e:
            raise StillReading(remedy="Wait a moment and try again.") from e

    def forget(self, holder_id: UUID) -> None:
        """Deletes what was made of a holder's files (named by its id), once what is under way has ended."""
        prefix = f"{holder_id.hex}-"
        with self._lock:
            underway = [future for name, future in self._being_made.items() if name.startswith(prefix)]
            for name in [name for name in self._failed if name.startswith(prefix)]:
                del self._failed[name]
        wait(underway)
        for file in self._folder.glob(f"{prefix}*"):
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Waits for what is being made."""
        self._makers.shutdown(cancel_futures=True)

    def _begin(self, name: str, make: Callable[[Path], None]) -> Future[Path]:
        with self._lock:
            self._raise_failure(name)
            future = self._being_made.get(name)
            if future is None:
                future = self._being_made[name] = self._makers.submit(self._make, name, make)
            return future

    def _make(self, name: str, make: Callable[[Path], None]) -> Path:
        draft, file = self._folder / f"{DRAFT}{new_id().hex}", self._folder / name
        try:
            if not file.exists():  # else somebody was quicker
                make(draft)
                draft.rename(file)
                self._evict()
            return file
        except Invalid as e:
            self._remember(name, e)
            raise
        finally:
            draft.unlink(missing_ok=True)
            with self._lock:
                del self._being_made[name]

    def _evict(self) -> None:
        """Deletes what nobody wanted for the longest time, until no more than ``keep_bytes`` are left."""
        with self._lock:
            kept = [entry for entry in os.scandir(self._folder) if not entry.name.startswith(DRAFT)]
            kept.sort(key=lambda entry: entry.stat().st_mtime)
            excess = sum(entry.stat().st_size for entry in kept) - self._keep_bytes
            for entry in kept[:-1]:
                if excess > 0:
                    excess -= entry.stat().st_size
                    Path(entry.path).unlink()

    def _remember(self, name: str, error: Invalid) -> None:
        with self._lock:
            self._failed[name] = (time.monotonic(), error)
            while len(self._failed) > FAILURES_KEPT:
                self._failed.popitem(last=False)

    def _raise_failure(self, name: str) -> None:
        at, error = self._failed.get(name, (0.0, None))
        if error is None:
            return
        if time.monotonic() - at < FAILURE_LASTS_S:
            raise type(error)(error.detail, remedy=error.remedy, field=error.field)
        del self._failed[name]
