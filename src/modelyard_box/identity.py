"""Prediction identifiers: UUIDv7 (RFC 9562 section 5.7), which sort by time."""

import os
import time

_VARIANT = "89ab89ab89ab89ab"
_RANDOM_BYTES = 10
_KEPT = 400
"""How many identifiers' worth of randomness are asked of the kernel at once: a call for each would be felt."""


class _Randomness:
    """Random bytes as hex digits, each given out once."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._digits = ""
        self._used = 0

    def take(self) -> str:
        start = self._used
        if start == len(self._digits):
            self._digits, start = os.urandom(_KEPT * _RANDOM_BYTES).hex(), 0
        self._used = start + 2 * _RANDOM_BYTES
        return self._digits[start : self._used]


_randomness = _Randomness()
os.register_at_fork(after_in_child=_randomness.forget)  # no two processes give out the same


def new_prediction_id() -> str:
    """A fresh UUIDv7 in its usual text form."""
    milliseconds = time.time_ns() // 1_000_000
    random = _randomness.take()
    variant = _VARIANT[int(random[3], 16)]
    return f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7{random[:3]}-{variant}{random[4:7]}-{random[7:19]}"
