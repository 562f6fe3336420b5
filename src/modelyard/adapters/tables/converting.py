"""Runs in a worker: a stranger's table → one of ours."""

# ruff: noqa: S608 (statements consist of our own names of columns; whatever was sent or found is bound)

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from modelyard.adapters.tables.opening import TYPE_OF, Refused, create

MAX_COLUMNS = 1000
LOOKED_AT = 1024**2
DELIMITERS = b",;\t|"
MAX_DELIMITERS = 20 * MAX_COLUMNS
"""More of them in one line than this are no text between quotes."""

LONGEST = 16 * 1024**2
CSV_TYPES = ("sample_size = 20480", "sample_size = -1", "all_varchar = true")
"""Types by the first rows, by all rows, and none: the likeliest and quickest first."""

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
NESTED = ("STRUCT(", "MAP(", "UNION(", "VARIANT")


def convert(file: Path, form: str, target: Path) -> None:
    """Writes ``target``. Raises ``Refused`` (``unreadable``) for what is no table."""
    with create(target, allowed=file) as connection:
        try_sources(file, form, lambda source: _convert(connection, file, source))


def try_sources(file: Path, form: str, work: Callable[[str], None]) -> None:
    """Gives ``work`` one way to read the file after the other, until one does. Raises ``Refused`` (``unreadable``)."""
    failures: list[str] = []
    for source in _sources(file, form, failures):
        try:
            return work(source)
        except duckdb.OutOfMemoryException as e:
            raise Refused(unreadable="It needs more memory than is allowed.") from e
        except duckdb.Error as e:
            failures.append(_reason(e, file))
    raise Refused(unreadable=failures[0])


def _sources(file: Path, form: str, failures: list[str]) -> Iterator[str]:
    """Ways to read it; what comes next depends on why those before failed."""
    if form == "parquet":
        yield "read_parquet(?)"
        return
    encodings = _encodings(file)
    if form == "jsonl":
        for types in CSV_TYPES[:2]:
            yield f"read_json(?, format = 'newline_delimited', maximum_object_size = {LONGEST}, {types})"
        return
    delimiter = "delim = '\t', " if form == "tsv" else ""
    for encoding in encodings:
        for types in CSV_TYPES:
            if not (failures and "unicode" in failures[-1] and encoding == encodings[0]):
                yield f"read_csv(?, {delimiter}encoding = '{encoding}', max_line_size = {LONGEST}, {types})"


def _encodings(file: Path) -> tuple[str, ...]:
    """What text it may be, the likeliest first. Raises ``Refused`` where it is none, or has far too many columns."""
    with file.open("rb") as opened:
        head = opened.read(LOOKED_AT)
    if not head:
        raise Refused(unreadable="It is empty.")
    if head.startswith(UTF16_MARKS):
        return ("utf-16",)
    if b"\0" in head:
        raise Refused(unreadable="It is no text.")
    first = head.lstrip().partition(b"\n")[0]
    if max(first.count(delimiter) for delimiter in DELIMITERS) > MAX_DELIMITERS:
        raise Refused(unreadable=f"It has more than {MAX_COLUMNS} columns.")
    return ("utf-8", "latin-1")


def _convert(connection: duckdb.DuckDBPyConnection, file: Path, source: str) -> None:
    described = describe_source(connection, file, source)
    types = [str(row[1]) for row in described]
    places = ", ".join(f"c{n}" for n in range(len(types)))
    values = ", ".join(f"{_plain(f'c{n}', kind)} AS c{n}" for n, kind in enumerate(types))
    connection.execute(
        f"CREATE OR REPLACE TABLE content AS SELECT {values} FROM {source} AS read({places})", [str(file)]
    )
    connection.execute("CREATE OR REPLACE TABLE columns (position INTEGER, name VARCHAR, type VARCHAR)")
    kinds = [TYPE_OF.get(_base(kind), "other") for kind in types]
    listed = [list(range(len(types))), [row[0] for row in described], kinds]
    connection.execute("INSERT INTO columns SELECT unnest(?), unnest(?), unnest(?)", listed)


def describe_source(connection: duckdb.DuckDBPyConnection, file: Path, source: str) -> list[tuple[Any, ...]]:
    """Name, type and more of each column. Raises ``Refused`` where they are too many."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}", [str(file)]).fetchall()
    if len(described) > MAX_COLUMNS:
        raise Refused(unreadable=f"It has {len(described)} columns; {MAX_COLUMNS} can be shown.")
    return described


def _plain(place: str, kind: str) -> str:
    """The value as it is kept: everything but numbers, truth values and times as text."""
    base = _base(kind)
    if base == "BLOB":
        return f"'⟨' || octet_length({place}) || ' bytes⟩'"
    if kind.startswith(NESTED) or kind.endswith("]"):
        return f"CAST(to_json({place}) AS VARCHAR)"
    if base == "TIMESTAMP WITH TIME ZONE":
        return f"CAST({place} AT TIME ZONE 'UTC' AS TIMESTAMP)"
    return place if TYPE_OF.get(base, "text") not in ("text", "other") else f"CAST({place} AS VARCHAR)"


def _base(kind: str) -> str:
    return kind if kind.endswith("]") else kind.partition("(")[0]


def _reason(error: duckdb.Error, file: Path) -> str:
    """The first lines of what DuckDB says, without its kind of error and our name of the file."""
    said = str(error).replace(str(file), "the file").partition("\n\n")[0].replace("\n", " ")
    return said.partition(": ")[2][:300] or said[:300]
