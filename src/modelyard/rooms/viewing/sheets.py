"""Sheets that were drawn lately, in memory: whoever looks at the same place again is answered at once."""

import hashlib
import threading
from collections import OrderedDict
from typing import Any
from uuid import UUID


class SheetMemory:
    """Keeps ``keep_bytes`` of sheets, those that were wanted last. Thread-safe."""

    def __init__(self, keep_bytes: int = 64 * 1024**2) -> None:
        self._keep_bytes = keep_bytes
        self._held: OrderedDict[tuple[UUID, str], bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def find(self, holder_id: UUID, key: str) -> bytes | None:
        place = holder_id, key
        with self._lock:
            if place in self._held:
                self._held.move_to_end(place)
            return self._held.get(place)

    def keep(self, holder_id: UUID, key: str, sheet: bytes) -> None:
        place = holder_id, key
        with self._lock:
            self._size += len(sheet) - len(self._held.pop(place, b""))
            self._held[place] = sheet
            while self._size > self._keep_bytes:
                self._size -= len(self._held.popitem(last=False)[1])

    def forget(self, holder_id: UUID) -> None:
        """Drops every sheet of a holder's pictures."""
        with self._lock:
            for place in [place for place in self._held if place[0] == holder_id]:
                self._size -= len(self._held.pop(place))


def sheet_key(index: str, rows: Any, side: int, columns: int) -> str:
    """The same for the same pictures, whichever filter led to them; ``index`` names the holder and the index."""
    return hashlib.sha256(f"{index} {side} {columns} {rows.to_pylist()}".encode()).hexdigest()
