"""The ``parquet`` command: writes the rows of a Parquet file as JSON Lines, read by the user's pyarrow or pandas."""

import importlib
import json
import sys
from collections.abc import Iterator
from typing import Any

from modelyard_box.config import load_box
from modelyard_box.errors import LoadError
from modelyard_box.loading import enable_paths
from modelyard_box.outgoing import to_plain
from modelyard_box.reasons import code_reason

ROWS = 1024
"""So many rows are held at once."""


def main() -> int:
    """Reads what to do from standard input: ``path``, and ``count`` for the number of rows alone."""
    asked = json.load(sys.stdin)
    enable_paths(load_box())
    try:
        if asked["count"]:
            print(_count(asked["path"]))
            return 0
        for row in _rows(asked["path"]):
            sys.stdout.write(json.dumps(to_plain(row)) + "\n")
        sys.stdout.flush()
    except LoadError as error:
        print(error.reason, file=sys.stderr)
        return 1
    except Exception as error:
        print(code_reason(error), file=sys.stderr)
        return 1
    return 0


def _count(path: str) -> int:
    if (arrow := _arrow()) is not None:
        return int(arrow.ParquetFile(path).metadata.num_rows)
    return len(_frame(path))


def _rows(path: str) -> Iterator[Any]:
    if (arrow := _arrow()) is not None:
        for batch in arrow.ParquetFile(path).iter_batches(batch_size=ROWS):
            yield from batch.to_pylist()
        return
    frame = _frame(path)
    for start in range(0, len(frame), ROWS):
        yield from frame.iloc[start : start + ROWS].to_dict(orient="records")


def _arrow() -> Any:
    try:
        return importlib.import_module("pyarrow.parquet")
    except ImportError:
        return None


def _frame(path: str) -> Any:
    try:
        return importlib.import_module("pandas").read_parquet(path)
    except ImportError as error:
        raise LoadError("Parquet needs pyarrow: add it to the requirements, or give CSV or JSON Lines") from error
