"""What looks into files that strangers made; adapters do so where it cannot harm the server."""

from pathlib import Path
from typing import Protocol

from modelyard.rooms.packs.schemas import TableForm
from modelyard.rooms.results.schemas import TablePage, TableQuery, TableStatistics


class Tables(Protocol):
    """Reads tables. Every verb may block, for minutes where it reads the whole; all are thread-safe.

    What cannot be read, or only with more memory or time than is allowed, raises ``TableUnreadable``.
    """

    def convert(self, file: Path, form: TableForm, target: Path) -> None:
        """Writes all of a stranger's table as ``target``, in the adapter's own format, which the other verbs read."""
        ...

    def read_page(self, table: Path, query: TableQuery) -> TablePage:
        """Rows of a converted table. Raises ``ColumnUnknown`` and ``FilterInvalid``, which name the field."""
        ...

    def describe(self, table: Path) -> TableStatistics:
        """Statistics of every column of a converted table."""
        ...


class Previews(Protocol):
    """Draws pictures that strangers made anew, small enough to be looked at."""

    media_type: str

    def draw(self, file: Path, *, side: int) -> bytes:
        """The picture (the first, where a file has several) in ``media_type``, ``side`` pixels wide and high at most.

        Raises ``PreviewImpossible`` for what is no picture, or too large a one. Thread-safe; may block for seconds.
        """
        ...
