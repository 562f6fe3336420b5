"""Reading archives as the server does, by processes of their own, without a server."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from modelyard.adapters.packs.reader import ProcessPackReader
from modelyard.rooms.packs.schemas import Reading, ReadingOrder, Source


class Reader:
    """Reads archives that lie in a folder; ``rows`` are those of the index that came last, by path."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder, self.said = folder, list[tuple[str, str]]()
        self._reader = ProcessPackReader(**options)
        self._number = 0

    def read(self, *archives: bytes, labels: tuple[str, bytes] | None = None, **order: Any) -> Reading:
        self._number += 1
        sources = [self._source(number, archive) for number, archive in enumerate(archives)]
        table = (self._file("labels", labels[1]), labels[0]) if labels else None
        wanted = ReadingOrder(sources, self.folder, self.index, labels=table, **order)
        return self._reader.read(wanted, on_progress=lambda stage, text: self.said.append((stage, text)))

    @property
    def index(self) -> Path:
        return self.folder / f"index-{self._number}.parquet"

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["path"]: row for row in pq.read_table(self.index).to_pylist()}

    @property
    def errors(self) -> dict[str, str]:
        return {path: row["error"] for path, row in self.rows.items() if row["error"]}

    def close(self) -> None:
        self._reader.close()

    def _source(self, number: int, content: bytes) -> Source:
        return Source(self._file(f"source-{number}", content), f"sha256:{number:064x}", "data.bin")

    def _file(self, name: str, content: bytes) -> Path:
        file = self.folder / f"{name}-{self._number}"
        file.write_bytes(content)
        return file
