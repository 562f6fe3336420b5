"""The process that reads tables: ``python -I -m modelyard.adapters.tables.worker`` (see ``kit.workers``)."""

from pathlib import Path
from typing import Any

import duckdb

from modelyard.adapters.tables.checking import check
from modelyard.adapters.tables.converting import convert
from modelyard.adapters.tables.describing import describe
from modelyard.adapters.tables.opening import Refused
from modelyard.adapters.tables.querying import read_page
from modelyard.kit.workers import Answer, Request, serve


def handle(request: Request) -> Answer:
    try:
        return _answer(request)
    except Refused as e:
        return e.answer
    except (MemoryError, duckdb.OutOfMemoryException):
        return {"unreadable": "It needs more memory than is allowed."}


def _answer(request: dict[str, Any]) -> Answer:
    match request["verb"]:
        case "convert":
            convert(Path(request["file"]), request["form"], Path(request["target"]))
            return {}
        case "check":
            check(Path(request["file"]), request["form"])
            return {}
        case "page":
            return read_page(Path(request["table"]), request)
        case _:
            return describe(Path(request["table"]))


if __name__ == "__main__":
    serve(handle)
