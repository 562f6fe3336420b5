"""Prediction identifiers: UUIDv7 (RFC 9562 section 5.7), which sort by time."""

import os
import time

_VARIANT = "89ab89ab89ab89ab"


def new_prediction_id() -> str:
    """A fresh UUIDv7 in its usual text form."""
    milliseconds = time.time_ns() // 1_000_000
    random = os.urandom(10).hex()
    variant = _VARIANT[int(random[3], 16)]
    return f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7{random[:3]}-{variant}{random[4:7]}-{random[7:19]}"
