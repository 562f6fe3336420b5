"""What was predicted, as one CSV file: where a row is from, its cells, the output as columns, and the error."""

import csv
import json
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from modelyard_box.rows.reading import Row

MOST_COLUMNS = 2000
"""An object with fields beyond these stands as JSON in the column ``output``."""


class PredictionTable:
    """Takes rows in their order. They wait in a file without a name until all columns are known."""

    def __init__(self, folder: Path, output: Mapping[str, Any]) -> None:
        self.rows = self.failed = 0
        self._folder = folder
        self._is_probabilities = output.get("x-modelyard") == "probabilities"
        self._spool: IO[str] = tempfile.TemporaryFile("w+", dir=folder, encoding="utf-8")  # noqa: SIM115
        self._places: dict[str, None] = {}
        self._cells: dict[str, None] = {}
        self._outputs: dict[str, None] = {}

    def add(self, row: Row, *, output: Any = None, error: str | None = None) -> None:
        """One more row, with its output or why there is none."""
        flat = {} if error is not None else self._flat(output)
        place: dict[str, Any] = {"file": row.file} | ({} if row.number is None else {"row": row.number})
        for known, new in ((self._places, place), (self._cells, row.cells), (self._outputs, flat)):
            known.update(dict.fromkeys(list(new)[: MOST_COLUMNS - len(known)]))
        self.rows += 1
        self.failed += error is not None
        self._spool.write(json.dumps([place, row.cells, flat, error]) + "\n")

    def write(self) -> None:
        """Writes ``predictions.csv``, and ``result.json`` with the counts."""
        self._spool.seek(0)
        with (self._folder / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(self._header())
            writer.writerows(self._lines())
        counts = {"rows": self.rows, "failed": self.failed}
        (self._folder / "result.json").write_text(json.dumps(counts), encoding="utf-8")
        self._spool.close()

    def _flat(self, output: Any) -> dict[str, Any]:
        """A scalar as ``output``, an object as its fields, probabilities with the likeliest as ``label``."""
        if not isinstance(output, dict) or not output or len(output.keys() - self._outputs.keys()) > MOST_COLUMNS:
            return {"output": output}
        if self._is_probabilities and all(isinstance(value, int | float) for value in output.values()):
            return {"label": max(output, key=lambda name: output[name]), **output}
        return output

    def _header(self) -> list[str]:
        """A name that stands twice says what it is: ``input.label``, ``output.age``."""
        fixed = [*self._places, "error"]
        cells = [f"input.{name}" if name in fixed else name for name in self._cells]
        taken = {*fixed, *cells}
        outputs = [f"output.{name}" if name in taken else name for name in self._outputs]
        return [*self._places, *cells, *outputs, "error"]

    def _lines(self) -> Iterator[list[str]]:
        for line in self._spool:
            place, cells, flat, error = json.loads(line)
            parts = ((place, self._places), (cells, self._cells), (flat, self._outputs))
            yield [text for found, names in parts for text in _texts(found, names)] + [error or ""]


def _texts(found: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield _text(found.get(name))


def _text(value: Any) -> str:
    """Nothing for None and for what is no number, which CSV cannot say either."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
