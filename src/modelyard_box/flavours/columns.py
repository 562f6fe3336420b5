"""What the named columns of an estimator take, as far as its fitted steps tell."""

import contextlib
from typing import Any

from modelyard_box.flavours.rows import Schema

MOST_CATEGORIES = 200
NUMERIC = frozenset(
    {
        "StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "QuantileTransformer", "PowerTransformer",
        "Normalizer", "PolynomialFeatures", "KBinsDiscretizer", "Binarizer", "PCA", "SplineTransformer", "KNNImputer",
    }
)  # fmt: skip
"""Transformers that take numbers only."""
ANY: Schema = {"type": ["number", "string", "boolean", "null"]}


def column_schemas(estimator: Any, names: list[str]) -> dict[str, Schema]:
    """A schema for each column: a number, one of the categories that an encoder knows, or any scalar."""
    transformer = _column_transformer(estimator)
    if transformer is None:
        number: Schema = {"type": ["number", "null"]} if _allows_missing(estimator) else {"type": "number"}
        free = _has_free_step(estimator)
        return {name: dict(ANY if free else number) for name in names}
    found: dict[str, Schema] = {}
    for _, step, columns in transformer.transformers_:
        if step != "drop":
            found |= _of_step(step, [_name(column, names) for column in _listed(columns)])
    return {name: found.get(name, dict(ANY)) for name in names}


def _column_transformer(estimator: Any) -> Any:
    first = estimator.steps[0][1] if getattr(estimator, "steps", None) else estimator
    return first if hasattr(first, "transformers_") else None


def _has_free_step(estimator: Any) -> bool:
    """Whether a step takes columns whose kind cannot be told: the author's function, an encoder of everything."""
    first = estimator.steps[0][1] if getattr(estimator, "steps", None) else estimator
    return type(first).__name__ == "FunctionTransformer" or hasattr(first, "categories_")


def _allows_missing(estimator: Any) -> bool:
    with contextlib.suppress(Exception):
        return bool(estimator.__sklearn_tags__().input_tags.allow_nan)
    return False


def _of_step(step: Any, columns: list[str | None]) -> dict[str, Schema]:
    steps = [inner for _, inner in step.steps] if hasattr(step, "steps") else [step]
    categories = next((inner.categories_ for inner in steps if hasattr(inner, "categories_")), None)
    if categories is not None and len(categories) == len(columns):
        strict = not any(getattr(inner, "handle_unknown", "error") != "error" for inner in steps)
        pairs = zip(columns, categories, strict=True)
        return {name: _choice(known, strict) for name, known in pairs if name is not None}
    kinds = {type(inner).__name__ for inner in steps}
    imputes = any(kind.endswith("Imputer") for kind in kinds)
    if step == "passthrough" or kinds <= NUMERIC | {"SimpleImputer"}:
        schema: Schema = {"type": ["number", "null"]} if imputes else {"type": "number"}
        return {name: dict(schema) for name in columns if name is not None}
    return {}


def _choice(known: Any, strict: bool) -> Schema:
    """One of the categories; only examples where the encoder takes others too."""
    values = [value for value in known.tolist() if isinstance(value, str | int | float | bool) and value == value]  # noqa: PLR0124 (no NaN)
    if len(values) != len(known) or len(values) > MOST_CATEGORIES:
        return dict(ANY)
    kinds = {type(value) for value in values}
    kind = {str: "string", bool: "boolean"}.get(next(iter(kinds)), "number") if len(kinds) == 1 else None
    schema: Schema = {"type": kind} if kind else dict(ANY)
    return {**schema, "enum": values} if strict else {**schema, "examples": values[:20]}


def _listed(columns: Any) -> list[Any]:
    if hasattr(columns, "tolist"):
        columns = columns.tolist()
    if isinstance(columns, str | int):
        return [columns]
    return list(columns) if isinstance(columns, list | tuple) else []


def _name(column: Any, names: list[str]) -> str | None:
    """Columns are named, or counted; masks and slices are passed over."""
    if isinstance(column, str):
        return column
    if isinstance(column, int) and not isinstance(column, bool) and -len(names) <= column < len(names):
        return names[column]
    return None
