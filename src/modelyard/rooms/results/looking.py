"""Looking into one file, whoever holds it: rows and statistics of tables, previews of pictures.

Everything here may block for seconds: call it outside any session.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from modelyard.rooms.content.errors import BlobDamaged, BlobMissing
from modelyard.rooms.content.ports import BlobStore, LocalPaths
from modelyard.rooms.packs.schemas import TableForm
from modelyard.rooms.results.errors import PreviewImpossible, TableUnreadable
from modelyard.rooms.results.ports import Previews, Tables
from modelyard.rooms.results.schemas import TablePage, TableQuery, TableStatistics
from modelyard.rooms.results.shelf import Shelf

PATIENCE_S = 8.0
PREVIEW_PATIENCE_S = 30.0
"""A browser does not ask again for a picture."""

MAX_PREVIEWED = 256 * 1024**2
DOWNLOAD = "Download the file and look at it with a program of yours."


@dataclass(frozen=True, slots=True)
class ResultTools:
    """``scratch``: a folder for copies of blobs that the store does not have as files."""

    blobs: BlobStore
    tables: Tables
    previews: Previews
    shelf: Shelf
    scratch: Path


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A stored file that the caller may read. What is made from it is kept for its holder alone: how fast an answer
    comes tells nobody what others have. ``data`` are the bytes of a small file that is no blob."""

    holder_id: UUID
    path: str
    size: int
    digest: str
    data: bytes | None = None

    @property
    def key(self) -> str:
        return f"{self.holder_id.hex}-{self.digest.removeprefix('sha256:')}"


def read_table(tools: ResultTools, file: ResultFile, query: TableQuery) -> TablePage:
    """Raises ``TableUnreadable``, ``StillReading``, ``ColumnUnknown``, ``FilterInvalid``."""
    return tools.tables.read_page(_table(tools, file), query)


def describe_table(tools: ResultTools, file: ResultFile) -> TableStatistics:
    """Raises ``TableUnreadable``, ``StillReading``."""
    table = _table(tools, file)

    def make(target: Path) -> None:
        target.write_text(tools.tables.describe(table).model_dump_json())

    kept = tools.shelf.obtain(f"{table.name}.statistics", make, patience=PATIENCE_S)
    return TableStatistics.model_validate_json(kept.read_bytes())


def draw_preview(tools: ResultTools, file: ResultFile, *, side: int) -> bytes:
    """Raises ``PreviewImpossible``, ``StillReading``."""
    if file.size > MAX_PREVIEWED:
        raise PreviewImpossible(f"It has {file.size} bytes; {MAX_PREVIEWED} are allowed.", remedy=DOWNLOAD)

    def make(target: Path) -> None:
        with local_file(tools, file) as source:
            target.write_bytes(tools.previews.draw(source, side=side))

    return tools.shelf.obtain(f"{file.key}.{side}", make, patience=PREVIEW_PATIENCE_S).read_bytes()


def _table(tools: ResultTools, file: ResultFile) -> Path:
    """The converted table."""
    form = TableForm.named(file.path)
    if form is None:
        raise TableUnreadable("CSV, TSV, Parquet and JSON Lines are shown as tables.", remedy=DOWNLOAD)

    def make(target: Path) -> None:
        with local_file(tools, file) as source:
            tools.tables.convert(source, form, target)

    return tools.shelf.obtain(f"{file.key}.{form}", make, patience=PATIENCE_S)


@contextmanager
def local_file(tools: ResultTools, file: ResultFile) -> Iterator[Path]:
    """The file as one of this machine. Raises ``BlobDamaged`` where the store has lost it."""
    try:
        if file.data is None and isinstance(tools.blobs, LocalPaths):
            yield tools.blobs.path(file.digest)
            return
        with tempfile.NamedTemporaryFile(dir=tools.scratch) as copy:
            for chunk in tools.blobs.open(file.digest) if file.data is None else (file.data,):
                copy.write(chunk)
            copy.flush()
            yield Path(copy.name)
    except BlobMissing as e:
        raise BlobDamaged(file.digest) from e
