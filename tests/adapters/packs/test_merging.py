"""Indexes that become one, however their rows come."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from modelyard.adapters.packs.index_files import GROUP, SCHEMA, read_index, write_index
from modelyard.adapters.packs.merging import TAKEN, merge

paths = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=3)
rows = st.dictionaries(paths, st.integers(0, 3))
"""Path → which image it is."""


@given(rows, rows, st.integers(1, 4), st.integers(1, 4))
def test_merging_keeps_what_was_there(new: dict[str, int], base: dict[str, int], many: int, few: int) -> None:
    merged = pa.concat_tables([*merge(_tables(new, many), _tables(base, few)), SCHEMA.empty_table()])
    other = {path for path in new.keys() & base.keys() if new[path] != base[path]}
    listed = [(row["path"], row["digest"], row["error"]) for row in merged.to_pylist()]
    kept = [(path, _digest(image), None) for path, image in {**new, **base}.items()]
    assert sorted(listed, key=str) == sorted([*kept, *((path, _digest(new[path]), TAKEN) for path in other)], key=str)
    assert [path for path, _, _ in listed] == sorted(path for path, _, _ in listed)


def test_the_same_rows_give_the_same_bytes_however_they_are_parted(tmp_path: Path) -> None:
    images = {f"{number:06}": number % 50_000 for number in range(GROUP + 10_000)}
    whole = write_index(_tables(images, len(images)), tmp_path / "whole")
    parted = write_index(_tables(images, 7_000), tmp_path / "parted")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parted").read_bytes()
    assert whole == parted
    assert (whole.items, whole.duplicates) == (len(images), len(images) - 50_000)
    assert pa.concat_tables(read_index(tmp_path / "whole")).equals(pa.concat_tables(_tables(images, len(images))))


def _tables(images: dict[str, int], size: int) -> Iterator[pa.Table]:
    ordered = sorted(images.items())
    for begin in range(0, len(ordered), size):
        yield pa.Table.from_pylist([_row(*one) for one in ordered[begin : begin + size]], schema=SCHEMA)


def _row(path: str, image: int) -> dict[str, Any]:
    place = {"pack": "sha256:0", "offset": 0, "length": 1, "method": 0, "size": 1}
    return {"path": path, "digest": _digest(image), "label": "a", **place}


def _digest(image: int) -> str:
    return f"sha256:{image:016x}{'0' * 48}"
