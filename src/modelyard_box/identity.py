"""Prediction identifiers: UUIDv7 (RFC 9562 section 5.7), which sort by time."""

import os
import time


def new_prediction_id() -> str:
    """A fresh UUIDv7 in its usual text form."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    value = milliseconds << 80 | 7 << 76 | (random >> 68) << 64 | 2 << 62 | (random & ((1 << 62) - 1))
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
