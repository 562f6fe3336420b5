"""The log of Cog's server, passed on line by line as it comes."""

from __future__ import annotations

import json
import sys
from typing import IO

LONGEST_LINE = 64 * 1024


class Log:
    """``last`` is the last line that was printed; what the server says of itself, in JSON, is none."""

    def __init__(self) -> None:
        self.last = ""

    def pass_on(self, pipe: IO[bytes]) -> None:
        """Returns when nobody writes any more."""
        for line in iter(lambda: pipe.readline(LONGEST_LINE), b""):
            printed = _printed(line)
            sys.stdout.buffer.write(printed)
            sys.stdout.buffer.flush()
            if not printed.startswith(b'{"'):
                self.last = printed.decode("utf-8", "replace").strip() or self.last


def _printed(line: bytes) -> bytes:
    """What the model printed, which newer servers wrap in JSON; every other line as it is."""
    if not line.startswith(b'{"timestamp"'):
        return line
    try:
        said = json.loads(line.decode())
        is_print = said["target"] == "coglet::user" or "source" in said["fields"]
        return str(said["fields"]["message"]).encode() + b"\n" if is_print else line
    except (ValueError, LookupError, TypeError):
        return line
