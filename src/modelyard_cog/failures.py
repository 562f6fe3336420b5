"""How a run of a Cog image ends without a result."""

from __future__ import annotations

MAX_REASON = 1000
REASON = "cog: "
"""Before the last line of the log of a run that has failed."""


class Failed(Exception):
    """The run has failed; the message says why, in one line."""


class Cancelled(Exception):
    """The run is to end: TERM has come."""


def one_line(text: object) -> str:
    return " ".join(str(text).split())[:MAX_REASON]
