"""What draws many small pictures as one; an adapter does so where it cannot harm the server."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PackedPicture:
    """Where a picture lies: ``length`` bytes from ``offset`` of a file, deflated where ``method`` is 8."""

    file: Path
    offset: int
    length: int
    method: int


class Sheets(Protocol):
    """Draws pictures that strangers made onto one sheet."""

    media_type: str

    def draw(self, owner: str, pictures: Sequence[PackedPicture], *, side: int, columns: int) -> bytes:
        """A sheet of squares of ``side`` pixels, row by row, ``columns`` in each; a square stays empty where its
        picture cannot be drawn.

        What belongs to different owners is never read by the same process. Raises ``PreviewImpossible`` where all of
        them together take too long. Thread-safe; may block for seconds.
        """
        ...
