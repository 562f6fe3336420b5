"""What the packs room asks of adapters."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from uuid import UUID

from modelyard.rooms.packs.schemas import Edits, Erasing, ErasingOrder, Reading, ReadingOrder, Table

Progress = Callable[[str, str], None]
"""Stage (``unpack``, ``check`` or ``index``) and words for it. What it raises ends the reading."""


class PackReader(Protocol):
    """Reads archives of images that nobody has vouched for."""

    def read(self, order: ReadingOrder, *, on_progress: Progress) -> Reading:
        """Checks every image and writes the index to ``order.target``. Blocks for as long as it takes.

        Archives of nothing but tables are unpacked instead, and not looked into.

        Raises the errors of ``packs`` and, for archives, those of ``sources``; ``ImportBroken`` where it ended early.
        """
        ...

    def erase(self, order: ErasingOrder) -> Erasing:
        """Writes packs and indexes anew without some images. Blocks; raises ``ImportBroken``."""
        ...

    def close(self) -> None:
        """Ends what waits for more to read."""
        ...


class Fetcher(Protocol):
    """Fetches files by address."""

    def fetch(self, url: str, target: Path, *, limit: int, on_bytes: Callable[[int], None]) -> str:
        """Writes what is there, ``limit`` bytes at most, to a file; returns the name that it has there.

        ``on_bytes`` is told how many bytes came. Raises ``AddressRefused`` and ``AddressUnavailable``.
        """
        ...


class TableChecker(Protocol):
    """Reads tables that nobody has vouched for."""

    def check(self, table: Table) -> None:
        """Reads it to its end. Blocks for as long as it takes; memory does not grow with the table.

        Raises ``TableRefused``, which names the table and the line, for what the viewer could not show.
        """
        ...


class ItemCache(Protocol):
    """Keeps what was made of a dataset's images or of its indexes, to show them sooner."""

    def forget(self, repository_id: UUID) -> None:
        """Drops all of it; it is made anew when it is asked for. May be repeated."""
        ...


class IndexEditor(Protocol):
    """Writes indexes that the platform made anew."""

    def edit(self, base: Path, edits: Edits, target: Path) -> tuple[Reading, frozenset[str]]:
        """Writes ``base`` without some rows and with other labels; the packs stay as they are.

        Returns what is told of the new index, and the digests of the packs that it still needs. Takes seconds for a
        million rows. Raises ``PackUnreadable`` where no image would be left.
        """
        ...
