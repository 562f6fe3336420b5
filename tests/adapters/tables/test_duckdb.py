"""Tables of all kinds and of all malice, through the worker processes."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris

from modelyard.adapters.tables.converting import MAX_COLUMNS
from modelyard.adapters.tables.duckdb import DuckdbTables
from modelyard.kit.errors import Invalid
from modelyard.kit.workers import WorkerLimits
from modelyard.rooms.packs.schemas import TableForm
from modelyard.rooms.results.errors import ColumnUnknown, FilterInvalid, TableUnreadable
from modelyard.rooms.results.schemas import ColumnType, Operator, TableFilter, TablePage, TableQuery

PLAIN = b"name,count,when\nb,2,2024-03-01 10:00:00\na,10,2024-01-01 00:00:00\n,7,\nC,,2023-01-01 00:00:00\n"


@pytest.fixture
def tables() -> Iterator[DuckdbTables]:
    opened = DuckdbTables()
    yield opened
    opened.close()


@pytest.fixture
def plain(tables: DuckdbTables, tmp_path: Path) -> Path:
    return converted(tables, tmp_path, PLAIN)


def converted(tables: DuckdbTables, folder: Path, data: bytes, form: TableForm = TableForm.CSV) -> Path:
    (folder / "stranger").write_bytes(data)
    tables.convert(folder / "stranger", form, folder / "table")
    return folder / "table"


def where(column: str, op: str, value: str | float | bool | None = None) -> TableFilter:
    return TableFilter(column=column, op=Operator(op), value=value)


def first_cells(page: TablePage) -> list[object]:
    return [row[0] for row in page.rows]


def test_iris_as_every_form(tables: DuckdbTables, tmp_path: Path) -> None:
    frame = load_iris(as_frame=True).frame
    files = {
        TableForm.CSV: frame.to_csv(index=False).encode(),
        TableForm.TSV: frame.to_csv(index=False, sep="\t").encode(),
        TableForm.JSON_LINES: frame.to_json(orient="records", lines=True).encode(),
        TableForm.PARQUET: frame.to_parquet(),
    }
    for form, data in files.items():
        folder = tmp_path / form
        folder.mkdir()
        table = converted(tables, folder, data, form)
        page = tables.read_page(table, TableQuery(limit=150))
        assert [column.name for column in page.columns] == list(frame.columns)
        assert page.rows == frame.to_numpy().tolist()
        told = {column.name: column for column in tables.describe(table).columns}
        for name in frame.columns:
            assert told[name].mean == pytest.approx(frame[name].mean())
            assert told[name].std == pytest.approx(frame[name].std())
            assert (told[name].min, told[name].max) == (frame[name].min(), frame[name].max())
            assert told[name].distinct == frame[name].nunique()
            assert sum(one.count for one in told[name].bins) == 150


def test_types_and_statistics(tables: DuckdbTables, plain: Path) -> None:
    statistics = tables.describe(plain)
    assert statistics.rows == 4
    name, count, when = statistics.columns
    assert (name.type, count.type, when.type) == (ColumnType.TEXT, ColumnType.INTEGER, ColumnType.DATETIME)
    assert (name.missing, name.distinct) == (1, 3)
    assert {top.value: top.count for top in name.top} == {"a": 1, "b": 1, "C": 1}
    assert (when.min, when.max) == ("2023-01-01 00:00:00", "2024-03-01 10:00:00")
    assert when.bins[0].start == datetime(2023, 1, 1, tzinfo=UTC).timestamp()


def test_pages_in_any_order(tables: DuckdbTables, plain: Path) -> None:
    assert first_cells(tables.read_page(plain, TableQuery())) == ["b", "a", None, "C"]
    assert first_cells(tables.read_page(plain, TableQuery(sort="count"))) == ["b", None, "a", "C"]
    assert first_cells(tables.read_page(plain, TableQuery(sort="count", descending=True))) == ["a", None, "b", "C"]
    second = tables.read_page(plain, TableQuery(sort="count", offset=2, limit=1))
    assert (first_cells(second), second.offset, second.total) == (["a"], 2, 4)


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ([("count", "ge", 7)], ["a", None]),
        ([("count", "gt", "2.5")], ["a", None]),
        ([("count", "eq", "10")], ["a"]),
        ([("count", "ne", 10)], ["b", None, "C"]),
        ([("name", "contains", "c")], ["C"]),
        ([("name", "eq", "c")], []),
        ([("name", "missing", None)], [None]),
        ([("count", "present", None), ("name", "present", None)], ["b", "a"]),
        ([("when", "lt", "2024-01-02")], ["a", "C"]),
        ([("name", "contains", "'; DROP TABLE content; --")], []),
    ],
)
def test_filters(
    tables: DuckdbTables, plain: Path, filters: list[tuple[str, str, str | float | None]], kept: list[str | None]
) -> None:
    page = tables.read_page(plain, TableQuery(filters=tuple(where(*one) for one in filters)))
    assert (first_cells(page), page.total) == (kept, len(kept))


@pytest.mark.parametrize(
    ("query", "error", "field"),
    [
        (TableQuery(sort="size"), ColumnUnknown, "sort"),
        (TableQuery(filters=(where("size", "eq", 1),)), ColumnUnknown, "filter.0.column"),
        (TableQuery(filters=(where("name", "present"), where("count", "gt", "many"))), FilterInvalid, "filter.1.value"),
        (TableQuery(filters=(where("count", "gt", True),)), FilterInvalid, "filter.0.value"),
        (TableQuery(filters=(where("when", "gt", "soon"),)), FilterInvalid, "filter.0.value"),
        (TableQuery(filters=(where("name", "eq"),)), FilterInvalid, "filter.0.value"),
    ],
)
def test_what_does_not_fit_names_its_field(
    tables: DuckdbTables, plain: Path, query: TableQuery, error: type[Invalid], field: str
) -> None:
    with pytest.raises(error) as caught:
        tables.read_page(plain, query)
    assert caught.value.field == field
    assert caught.value.remedy
    assert tables.read_page(plain, TableQuery()).total == 4


def test_names_of_columns_are_only_names(tables: DuckdbTables, tmp_path: Path) -> None:
    names = ['a "quoted" one', "it's", "select * from x; --", "c1", "größe", "a,b", "\\", "[0]"]
    table = converted(tables, tmp_path, pa_file({name: [n, 9 - n] for n, name in enumerate(names)}), TableForm.PARQUET)
    page = tables.read_page(table, TableQuery())
    assert [column.name for column in page.columns] == names
    for n, name in enumerate(names):
        query = TableQuery(sort=name, descending=True, filters=(where(name, "eq", n),))
        assert tables.read_page(table, query).total == (2 if n == 9 - n else 1)
    assert [column.name for column in tables.describe(table).columns] == names


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=40))
def test_any_text_is_only_a_value(tables: DuckdbTables, plain: Path, text: str) -> None:
    for op in ("eq", "contains", "lt"):
        page = tables.read_page(plain, TableQuery(filters=(where("name", op, text),)))
        assert page.total <= 3


def test_values_that_json_cannot_carry(tables: DuckdbTables, tmp_path: Path) -> None:
    data = pa_file(
        {
            "large": pa.array([2**60, None]),
            "real": pa.array([float("nan"), float("inf")]),
            "bytes": pa.array([b"\0\1", None]),
            "nested": pa.array([{"a": [1, 2]}, None]),
            "zoned": pa.array([datetime(2024, 1, 1, tzinfo=UTC), None], pa.timestamp("us", "Europe/Berlin")),
            "long": pa.array(["x" * 5000, ""]),
            "exact": pa.array([1, 2], pa.decimal128(20, 2)),
        }
    )
    table = converted(tables, tmp_path, data, TableForm.PARQUET)
    page = tables.read_page(table, TableQuery())
    long = "x" * 1000 + "…"
    assert page.rows[0] == [str(2**60), "nan", "⟨2 bytes⟩", '{"a":[1,2]}', "2024-01-01 00:00:00", long, 1]
    assert page.rows[1] == [None, "inf", None, None, None, "", 2]
    real = tables.describe(table).columns[1]
    assert (real.mean, real.bins) == (None, [])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1", "utf-16"])
def test_other_encodings(tables: DuckdbTables, tmp_path: Path, encoding: str) -> None:
    table = converted(tables, tmp_path, "größe,n\nweiß,1\n".encode(encoding))
    page = tables.read_page(table, TableQuery())
    assert ([column.name for column in page.columns], page.rows) == (["größe", "n"], [["weiß", 1]])


def test_a_late_value_of_another_type(tables: DuckdbTables, tmp_path: Path) -> None:
    table = converted(tables, tmp_path, b"a,b\n" + b"1,2\n" * 50_000 + b"many,3\n")
    page = tables.read_page(table, TableQuery(sort="b", descending=True, limit=1))
    assert (page.rows, page.total) == ([["many", 3]], 50_001)


def test_wide_tables_give_fewer_rows_at_a_time(tables: DuckdbTables, tmp_path: Path) -> None:
    lines = [",".join(f"n{n}" for n in range(MAX_COLUMNS))] + [",".join("1" * MAX_COLUMNS)] * 200
    table = converted(tables, tmp_path, "\n".join(lines).encode())
    page = tables.read_page(table, TableQuery(limit=200))
    assert (len(page.rows), page.total) == (100, 200)
    assert len(tables.describe(table).columns) == MAX_COLUMNS


HOSTILE = {
    "empty": (TableForm.CSV, b""),
    "binary": (TableForm.CSV, bytes(range(256)) * 1000),
    "a million columns": (TableForm.CSV, b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n"),
    "too many columns": (TableForm.CSV, (b"1" + b",1" * MAX_COLUMNS + b"\n") * 3),
    "one endless line": (TableForm.CSV, b"a,b\n" + b"x" * 17 * 1024**2),
    "no parquet": (TableForm.PARQUET, b"PAR1 nothing of the kind PAR1"),
    "no json": (TableForm.JSON_LINES, b'{"a": 1}\n{"a": \n'),
    "deep json": (TableForm.JSON_LINES, b"[" * 100_000 + b"\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_and_neighbours_unharmed(
    tables: DuckdbTables, plain: Path, tmp_path: Path, name: str
) -> None:
    form, data = HOSTILE[name]
    folder = tmp_path / "hostile"
    folder.mkdir()
    with pytest.raises(TableUnreadable) as caught:
        converted(tables, folder, data, form)
    assert caught.value.detail
    assert str(tmp_path) not in caught.value.detail
    assert "ownload" in caught.value.remedy
    assert tables.read_page(plain, TableQuery()).total == 4


def test_a_small_file_of_many_rows_meets_the_limits(tmp_path: Path) -> None:
    """The bomb: a megabyte of Parquet that unfold to 10⁸ rows."""
    tables = DuckdbTables(converting=WorkerLimits(cpu_seconds=1, file_bytes=64 * 1024**2))
    group = pa.table({"a": pa.array(["same"] * 3_000_000).dictionary_encode(), "b": [1] * 3_000_000})
    bomb = tmp_path / "bomb"
    with pq.ParquetWriter(bomb, group.schema, compression="zstd") as writer:
        for _ in range(40):
            writer.write_table(group, row_group_size=group.num_rows)
    assert bomb.stat().st_size < pq.read_metadata(bomb).num_rows / 100
    with pytest.raises(TableUnreadable, match="time or memory"):
        tables.convert(bomb, TableForm.PARQUET, tmp_path / "table")


def test_memory_is_bounded(tmp_path: Path) -> None:
    tables = DuckdbTables(converting=WorkerLimits(memory_bytes=192 * 1024**2, cpu_seconds=60, file_bytes=1024**3))
    with pytest.raises(TableUnreadable):
        converted(tables, tmp_path, b"a,b\n" + b"1,2\n" * 3_000_000)


def test_only_the_file_itself_is_read(tables: DuckdbTables, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("secret\n1\n")
    with pytest.raises(TableUnreadable):
        tables.convert(tmp_path / "*.csv", TableForm.CSV, tmp_path / "table")


def test_many_rows(tables: DuckdbTables, tmp_path: Path) -> None:
    """A million rows; how long each step took is printed (`-s`)."""
    lines = (f"{n},name {n * 7919 % 50_000},{n * 0.37 % 1:.6f}\n" for n in range(1_000_000))
    steps = {"conversion": time.perf_counter()}
    table = converted(tables, tmp_path, b"id,name,x\n" + "".join(lines).encode())
    tables.read_page(table, TableQuery())
    for name, query in {
        "sorted": TableQuery(sort="x", descending=True),
        "filtered": TableQuery(sort="name", filters=(where("name", "contains", "123"),)),
        "far away": TableQuery(sort="name", offset=900_000),
    }.items():
        steps[name] = time.perf_counter()
        assert len(tables.read_page(table, query).rows) == 100
    steps["statistics"] = time.perf_counter()
    assert tables.describe(table).columns[0].max == 999_999
    ends = [*list(steps.values())[1:], time.perf_counter()]
    print({name: round(end - begun, 3) for (name, begun), end in zip(steps.items(), ends, strict=True)})


def pa_file(columns: dict[str, object]) -> bytes:
    target = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), target)
    return bytes(target.getvalue())
