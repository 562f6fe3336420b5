"""Tables of a version: CSV, TSV, Parquet and JSON Lines files, read as one."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from modelyard_client.errors import Refused
from modelyard_client.loading.optional import require

FORMS = {"csv": ",", "tsv": "\t", "tab": "\t", "parquet": "", "jsonl": "", "ndjson": ""}


def is_table(path: str) -> bool:
    """By the name alone."""
    return _suffix(path) in FORMS


class TableDataset:
    """Rows of one or several files with the same columns, in the order of their paths.

    Files are read when they are first needed; ``files`` are pairs of (path in the dataset, file on this machine).
    """

    def __init__(self, files: Sequence[tuple[str, Path]]) -> None:
        self._files = tuple(files)
        self._read: Any = None

    def arrow(self) -> Any:
        """A ``pyarrow.Table``. Raises ``Refused`` where a file is no such table or the files do not fit together."""
        if self._read is None:
            self._read = _read_all(self._files)
        return self._read

    def pandas(self) -> Any:
        """A ``pandas.DataFrame``."""
        require("pandas")
        return self.arrow().to_pandas()

    def numpy(self) -> dict[str, Any]:
        """One array for each column, by name."""
        require("numpy")
        table = self.arrow()
        return {name: table[name].to_numpy() for name in table.column_names}

    def __len__(self) -> int:
        return int(self.arrow().num_rows)

    def __getitem__(self, row: int) -> dict[str, Any]:
        """A row by its columns; raises ``IndexError``."""
        size = len(self)
        if not -size <= row < size:
            raise IndexError(f"there is no row {row} among {size}")
        (found,) = self.arrow().slice(row % size, 1).to_pylist()
        return dict(found)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self.arrow().to_batches():
            yield from batch.to_pylist()

    def __getstate__(self) -> dict[str, Any]:
        return {"_files": self._files, "_read": None}

    def __repr__(self) -> str:
        return f"<TableDataset of {', '.join(path for path, _ in self._files)}>"


def _read_all(files: Sequence[tuple[str, Path]]) -> Any:
    pa = require("pyarrow")
    try:
        return pa.concat_tables([_read(path, file) for path, file in files], promote_options="default")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as e:
        raise Refused(
            f"The tables cannot be read as one: {e}",
            code="tables_differ",
            remedy="Name the files that you want: load_dataset(…, files=[…]).",
        ) from e


def _read(path: str, file: Path) -> Any:
    form = _suffix(path)
    if form == "parquet":
        return require("pyarrow.parquet").read_table(file)
    if form in ("jsonl", "ndjson"):
        return require("pyarrow.json").read_json(file)
    csv = require("pyarrow.csv")
    return csv.read_csv(file, parse_options=csv.ParseOptions(delimiter=FORMS[form], newlines_in_values=True))


def _suffix(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].casefold()
