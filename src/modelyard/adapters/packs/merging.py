"""Adding to an index: two that are sorted by path become one, some rows of each at a time."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from modelyard.adapters.packs.index_files import SCHEMA, by_path

TAKEN = "The dataset has another image of this name; rename one of them."


def merge(new: Iterator[pa.Table], base: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Both by path. A path that was there keeps its row: the same image is left out, another one is listed as bad."""
    added, there = next(new, None), next(base, None)
    while added is not None and there is not None:
        reached = min(_last(added), _last(there))
        (fresh, added), (known, there) = _parted(added, reached), _parted(there, reached)
        yield _added(fresh, known)
        added = added if len(added) else next(new, None)
        there = there if len(there) else next(base, None)
    for rest, more in ((added, new), (there, base)):
        if rest is not None:
            yield rest
            yield from more


def _last(table: pa.Table) -> bytes:
    return table["path"][-1].as_py().encode()


def _parted(table: pa.Table, reached: bytes) -> tuple[pa.Table, pa.Table]:
    """The rows up to this path, and those behind it."""
    paths = pc.cast(table["path"], pa.binary())
    place = pc.sum(pc.less_equal(paths, reached)).as_py() or 0
    return table.slice(0, place), table.slice(place)


def _added(new: pa.Table, base: pa.Table) -> pa.Table:
    is_there = pc.is_in(new["path"], value_set=base["path"])
    fresh, again = new.filter(pc.invert(is_there)), new.filter(is_there)
    rows = base.filter(pc.is_in(base["path"], value_set=again["path"]))
    known = dict(zip(rows["path"].to_pylist(), rows["digest"].to_pylist(), strict=True))
    pairs = zip(again["path"].to_pylist(), again["digest"].to_pylist(), strict=True)
    other = again.filter(pa.array([known[path] != digest for path, digest in pairs], pa.bool_()))
    column = SCHEMA.get_field_index("error")
    other = other.set_column(column, SCHEMA.field("error"), pa.array([TAKEN] * len(other), pa.string()))
    return by_path(pa.concat_tables([base, fresh, other]))
