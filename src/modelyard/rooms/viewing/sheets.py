"""Sheets that were drawn lately, in memory: whoever looks at the same place again is answered at once."""

import hashlib
import threading
from collections import OrderedDict
from typing import Any


class SheetMemory:
    """Keeps ``keep_bytes`` of sheets, those that were wanted last. Thread-safe."""

    def __init__(self, keep_bytes: int = 64 * 1024**2) -> None:
        self._keep_bytes = keep_bytes
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def find(self, key: str) -> bytes | None:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def keep(self, key: str, sheet: bytes) -> None:
        with self._lock:
            self._size += len(sheet) - len(self._held.pop(key, b""))
            self._held[key] = sheet
            while self._size > self._keep_bytes:
                self._size -= len(self._held.popitem(last=False)[1])


def sheet_key(index: str, rows: Any, side: int, columns: int) -> str:
    """The same for the same pictures, whichever filter led to them; ``index`` names the holder and the index."""
    return hashlib.sha256(f"{index} {side} {columns} {rows.to_pylist()}".encode()).hexdigest()
