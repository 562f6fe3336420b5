"""Identifiers: UUIDv7 (RFC 9562), which sort by time, and random secrets."""

import os
import secrets
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """A fresh UUIDv7; later calls in this process give greater values.

    The 12 bits after the millisecond count in steps of 1/4096 ms, as RFC 9562 section 6.2, method 3 allows.
    """
    global _last
    now = time.time_ns()
    ticks = (now // 1_000_000 << 12) | (now % 1_000_000 * 4096 // 1_000_000)
    with _lock:
        ticks = _last = max(ticks, _last + 1)
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=(ticks >> 12) << 80 | 7 << 76 | (ticks & 0xFFF) << 64 | 2 << 62 | random)


def new_secret(prefix: str) -> str:
    """A secret with 256 random bits, recognisable by its prefix: ``my_pat_…``."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"
