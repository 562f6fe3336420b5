"""A JSON file as its values, one after another, without holding it as a whole."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

CHUNK = 1 << 20
_SPACE = " \t\r\n"


def read_values(path: Path) -> Iterator[tuple[Any, int]]:
    """The items of an array, or the values that stand one after another, each with its length in characters.

    Raises ValueError where the text is not JSON.
    """
    with path.open(encoding="utf-8-sig") as file:
        text = _Text(file)
        is_array = text.peek() == "["
        if is_array:
            text.skip()
        while (start := text.peek()) and start != "]":
            yield text.value()
            if is_array and text.peek() == ",":
                text.skip()
            elif is_array and text.peek() != "]":
                raise ValueError("a comma or the end of the array is missing")


class _Text:
    """What was read of a file and not used yet."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._rest = ""
        self._at = 0
        self._chunk = CHUNK
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            while self._at < len(self._rest) and self._rest[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._rest):
                return self._rest[self._at]
            if not self._more():
                return ""

    def skip(self) -> None:
        self._at += 1

    def value(self) -> tuple[Any, int]:
        """The next value, once it is there as a whole: what follows it must be seen, or the end of the file."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._rest, self._at)
            except ValueError:
                if not self._more():
                    raise
                continue
            if end < len(self._rest) or not self._more():
                size, self._at, self._chunk = end - self._at, end, CHUNK
                return value, size

    def _more(self) -> bool:
        """Reads on, twice as much each time, so that a long value is not tried too often."""
        new = self._file.read(self._chunk)
        self._rest, self._at = self._rest[self._at :] + new, 0
        self._chunk *= 2
        return bool(new)
