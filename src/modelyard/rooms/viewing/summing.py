"""What an index holds altogether."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modelyard.rooms.viewing import columns
from modelyard.rooms.viewing.schemas import ClassCount, ItemSummary, ReasonCount, SplitCount


def summarize(file: Path) -> ItemSummary:
    """Counts by class and split, duplicates, and why files could not be read. Takes a second for a million items."""
    table = pa.table(columns.open_prepared(file))
    bad = pc.is_valid(table["error"])
    good, refused = table.filter(pc.invert(bad)), table.filter(bad)
    counts = _counted(good, ["label", "split"])
    splits: Counter[str | None] = Counter()
    by_class: dict[str | None, dict[str | None, int]] = defaultdict(dict)
    for row in counts:
        splits[row["split"]] += row["count"]
        by_class[row["label"]][row["split"]] = row["count"]
    return ItemSummary(
        items=good.num_rows,
        errors=refused.num_rows,
        duplicates=good.num_rows - pc.count_distinct(good["digest"]).as_py(),
        classes=[_class(label, found) for label, found in sorted(by_class.items(), key=_by_name)],
        splits=[SplitCount(split=split, count=count) for split, count in sorted(splits.items(), key=_by_name)],
        reasons=[ReasonCount(reason=row["error"], count=row["count"]) for row in _counted(refused, ["error"])],
    )


def _counted(table: Any, names: list[str]) -> list[dict[str, Any]]:
    plain = pa.table({name: table[name].cast(pa.string()) for name in names})
    found = plain.group_by(names).aggregate([([], "count_all")]).rename_columns([*names, "count"])
    return sorted(found.to_pylist(), key=lambda row: -row["count"])


def _class(label: str | None, splits: dict[str | None, int]) -> ClassCount:
    return ClassCount(label=label, count=sum(splits.values()), splits={str(k): n for k, n in splits.items() if k})


def _by_name(entry: tuple[str | None, Any]) -> tuple[bool, str]:
    """What has no name comes last."""
    return entry[0] is None, entry[0] or ""
