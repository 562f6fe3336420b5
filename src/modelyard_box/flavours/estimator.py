"""A pickled or joblib-dumped estimator: scikit-learn, and what behaves as it does (XGBoost, LightGBM, …).

A file of XGBoost's own is a ``Booster``, which answers what its objective gives: for classes, their probabilities.
"""

import contextlib
import importlib
import importlib.util
import re
import warnings
from typing import Any

from modelyard_box.artifacts import read_artifact
from modelyard_box.config import Box
from modelyard_box.errors import LoadError, Mismatch
from modelyard_box.flavours.columns import column_schemas
from modelyard_box.flavours.rows import Inputs, RowModel, Schema, array_schema, make_signature, tried_output
from modelyard_box.reasons import code_reason

MOST_COLUMNS = 500
MOST_CLASSES = 1000
UNNAMED = re.compile(r"^(?:Column_|f)?\d+$")
VECTORIZERS = frozenset({"TfidfVectorizer", "CountVectorizer", "HashingVectorizer"})
FRAME_USERS = frozenset({"ColumnTransformer", "FunctionTransformer"})
XGBOOST_FORMATS = (".json", ".ubj")
NUMBER: Schema = {"type": "number"}


class Model(RowModel):
    """``.predict`` on rows. With named features each is an input; else there is one, ``features``."""

    def __init__(self, box: Box) -> None:
        super().__init__()
        self.estimator, self._made_with = _read(box)
        self.notes += [self._made_with] if self._made_with else []
        if not callable(getattr(self.estimator, "predict", None)):
            kind = type(self.estimator).__name__
            raise LoadError(f"the file holds a {kind}, which has no predict: push code that calls it", field="artifact")
        self._numpy = importlib.import_module("numpy")
        self._names = _feature_names(self.estimator)
        self._is_text = _takes_text(self.estimator)
        self._pandas = _pandas_for(self.estimator) if self._names else None
        self._call = _caller(self.estimator, self._names)
        warnings.filterwarnings("ignore", message="X does not have valid feature names")

    def predict_rows(self, rows: list[Inputs]) -> list[Any]:
        result = self._call(self._matrix(rows))
        values = result.tolist() if hasattr(result, "tolist") else list(result)
        if len(values) != len(rows):
            raise ValueError(f"predict answered {len(values)} rows for {len(rows)}")
        return values

    def signature(self) -> Schema:
        properties = self._properties()
        try:
            tried = tried_output(self, properties)
        except Exception as error:
            if self._made_with:
                raise LoadError(f"{self._made_with}; it fails: {code_reason(error)}", field="requirements") from error
            self.notes.append(f"it was tried with a made-up row and failed, so its output is not known: {error}")
            tried = {}
        return make_signature(properties, self._labels() or tried, self.notes)

    def _properties(self) -> dict[str, Schema]:
        if self._is_text:
            return {"text": {"type": "string"}}
        if self._names:
            return column_schemas(self.estimator, self._names)
        count = _feature_count(self.estimator)
        item = {"type": ["number", "null"]} if _takes_missing(self.estimator) else NUMBER
        if count is None:
            self.notes.append("the model does not say how many features it takes")
            return {"features": array_schema((None,), {})}
        return {"features": array_schema((count,), item)}

    def _labels(self) -> Schema | None:
        """The classes of a classifier with one answer a row."""
        classes: Any = getattr(self.estimator, "classes_", None)
        if not hasattr(classes, "tolist") or getattr(classes, "ndim", 0) != 1 or len(classes) > MOST_CLASSES:
            return None
        found = classes.tolist()
        kinds = {str: "string", bool: "boolean", int: "integer", float: "number"}
        types = {kinds.get(type(label)) for label in found}
        return {"type": types.pop(), "enum": found} if len(types) == 1 and None not in types else None

    def _matrix(self, rows: list[Inputs]) -> Any:
        if self._is_text:
            return [row["text"] for row in rows]
        if self._pandas is not None:
            return self._pandas.DataFrame([[row[name] for name in self._names] for row in rows], columns=self._names)
        try:
            values = [[row[name] for name in self._names] if self._names else row["features"] for row in rows]
            return self._numpy.array(values, dtype=float)
        except (TypeError, ValueError) as error:
            place: list[str | int] = [] if self._names else ["features"]
            raise Mismatch(f"does not fit what the model takes: {error}", place) from error


def _read(box: Box) -> tuple[Any, str]:
    """The estimator, and what is to be said when it was made with another version; empty when it was not."""
    if box.artifact is None:
        raise LoadError("there is no model file", field="artifact")
    if box.artifact.endswith(XGBOOST_FORMATS):
        return _read_booster(box.artifact), ""
    return read_artifact(box.artifact)


def _read_booster(path: str) -> Any:
    xgboost = importlib.import_module("xgboost")
    try:
        return xgboost.Booster(model_file=path)
    except Exception as error:
        raise LoadError(
            f"XGBoost {xgboost.__version__} cannot read it: {code_reason(error)}", field="artifact"
        ) from error


def _feature_names(estimator: Any) -> list[str]:
    """The names of the columns that it was fitted with, in order; empty where they have none worth showing."""
    found: Any = None
    with contextlib.suppress(Exception):  # xgboost's is a property that raises
        found = getattr(estimator, "feature_names_in_", None)
    if found is None:
        found = getattr(estimator, "feature_names", None)
    if found is None:
        found = getattr(estimator, "feature_name_", None) or getattr(estimator, "feature_name", None)
        found = found() if callable(found) else found
    names = [str(name) for name in found] if found is not None else []
    return [] if len(names) > MOST_COLUMNS or all(UNNAMED.match(name) for name in names) else names


def _feature_count(estimator: Any) -> int | None:
    for name in ("n_features_in_", "num_features", "num_feature"):
        with contextlib.suppress(Exception):
            found = getattr(estimator, name)
            return int(found() if callable(found) else found)
    return None


def _takes_text(estimator: Any) -> bool:
    first = estimator.steps[0][1] if getattr(estimator, "steps", None) else estimator
    return type(first).__name__ in VECTORIZERS


def _takes_missing(estimator: Any) -> bool:
    if type(estimator).__name__ == "Booster":
        return True
    with contextlib.suppress(Exception):
        return bool(estimator.__sklearn_tags__().input_tags.allow_nan)
    return False


def _pandas_for(estimator: Any) -> Any:
    """Pandas where a step chooses columns by name; None where plain rows will do."""
    parts = [estimator]
    with contextlib.suppress(Exception):
        parts += estimator.get_params(deep=True).values()
    if not any(type(part).__name__ in FRAME_USERS for part in parts):
        return None
    if importlib.util.find_spec("pandas") is None:
        raise LoadError(
            "a step of the model chooses columns by name, for which it needs pandas: add pandas to the requirements",
            field="requirements",
        )
    return importlib.import_module("pandas")


def _caller(estimator: Any, names: list[str]) -> Any:
    """``predict`` as each library wants to be called."""
    library = type(estimator).__module__.partition(".")[0]
    if library == "xgboost" and type(estimator).__name__ == "Booster":
        matrix = importlib.import_module("xgboost").DMatrix
        return lambda rows: estimator.predict(matrix(rows, feature_names=names or None))
    if library == "xgboost":
        return lambda rows: estimator.predict(rows, validate_features=False)
    return estimator.predict
