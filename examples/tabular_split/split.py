"""Cleans a table and splits it into one to train on and one to test with."""

from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field
from sklearn.model_selection import train_test_split


def split(
    table: pd.DataFrame,
    output: Path,
    *,
    missing: Literal["drop", "fill", "keep"] = "drop",
    duplicates: bool = True,
    encode: Literal["none", "codes", "columns"] = "none",
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.25,
    stratify: str | None = None,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0,
) -> dict:
    """Cleans a table, splits it and reports what it did.

    Args:
        table: A table with a line of column names.
        missing: What becomes of rows with missing values; "fill" takes the median, or the commonest text.
        duplicates: Leave out rows that are there already.
        encode: Texts as whole numbers ("codes") or as a column for each value ("columns").
        test_share: The share of rows to test with.
        stratify: A column whose values are to be as frequent in both parts.
        seed: Another seed gives another split.
    """
    if stratify is not None and stratify not in table:
        raise ValueError(f"there is no column {stratify!r} to stratify by; there are {', '.join(map(str, table))}")
    report = {"rows": len(table), "columns": len(table.columns), "missing": int(table.isna().sum().sum())}
    clean = table.drop_duplicates() if duplicates else table
    report["duplicates_left_out"] = len(table) - len(clean)
    complete = handle_missing(clean, missing)
    report["incomplete_left_out"] = len(clean) - len(complete)
    labels = complete[stratify] if stratify else None
    encoded = encode_texts(complete, encode, but=stratify if encode == "columns" else None)
    train, test = train_test_split(encoded, test_size=test_share, random_state=seed, stratify=labels)
    for name, part in (("train", train), ("test", test)):
        part.sort_index().to_csv(output / f"{name}.csv", index=False)
    describe(encoded, train, test).to_html(output / "report.html", float_format=lambda value: f"{value:.4g}")
    return report | {"train": len(train), "test": len(test)}


def handle_missing(table: pd.DataFrame, how: str) -> pd.DataFrame:
    if how == "drop":
        return table.dropna()
    if how == "keep":
        return table
    fillers = {
        name: column.median() if pd.api.types.is_numeric_dtype(column) else next(iter(column.mode()), "")
        for name, column in table.items()
    }
    return table.fillna(fillers)


def encode_texts(table: pd.DataFrame, how: str, *, but: str | None) -> pd.DataFrame:
    """``but`` stays as it is: it is what is to be predicted."""
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name]) and name != but]
    if how == "columns":
        return pd.get_dummies(table, columns=texts, dtype=int)
    if how == "codes":
        return table.assign(**{name: table[name].astype("category").cat.codes for name in texts})
    return table


def describe(whole: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """A line for each column: its type, its values, and its mean in both parts."""
    numbers = whole.select_dtypes("number").columns
    report = pd.DataFrame({"type": whole.dtypes.astype(str), "values": whole.nunique(), "missing": whole.isna().sum()})
    report["mean in train"] = train[numbers].mean()
    report["mean in test"] = test[numbers].mean()
    return report
