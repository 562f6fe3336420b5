"""A directory that MLflow wrote, called through ``mlflow.pyfunc``: whatever flavor, one row a call."""

import importlib
from typing import Any

from modelyard_box.config import Box
from modelyard_box.errors import LoadError, Mismatch
from modelyard_box.flavours.rows import Inputs, RowModel, Schema, make_signature, schema_of
from modelyard_box.media import to_bytes
from modelyard_box.outgoing import to_plain
from modelyard_box.reasons import code_reason

COLUMN_TYPES = {
    "boolean": "bool", "integer": "int32", "long": "int64", "float": "float32", "double": "float64",
}  # fmt: skip
UNNAMED = "input"


class Model(RowModel):
    """Columns become a data frame, tensors an array; a model without a signature is given ``input`` as it comes."""

    def __init__(self, box: Box) -> None:
        super().__init__()
        self._model = _loaded(box)
        self._numpy, self._pandas = importlib.import_module("numpy"), importlib.import_module("pandas")
        signature = self._model.metadata.signature
        self._specs = _specs(getattr(signature, "inputs", None))
        self._is_tensor = bool(self._specs) and all(hasattr(spec, "shape") for _, spec in self._specs)
        self._has_rows = not self._is_tensor or all(spec.shape[:1] == (-1,) for _, spec in self._specs)
        self._params = [param.name for param in getattr(getattr(signature, "params", None), "params", [])]
        self.takes_batches = bool(self._specs) and self._has_rows

    def predict_rows(self, rows: list[Inputs]) -> list[Any]:
        params = [{name: row[name] for name in self._params if row.get(name) is not None} for row in rows]
        if any(given != params[0] for given in params):
            return [self._run([row], given)[0] for row, given in zip(rows, params, strict=True)]
        return self._run(rows, params[0])

    def signature(self) -> Schema:
        """Only asked where ``MLmodel`` has none that could be read."""
        self.notes.append("the model has no signature: its input is given to it as it comes")
        output: Schema = {}
        example = getattr(self._model, "input_example", None)
        if isinstance(example, list) and example:
            output = schema_of(to_plain(self._run([{UNNAMED: example[:1]}], {})[0]))
        return make_signature({UNNAMED: {}}, output, self.notes)

    def _run(self, rows: list[Inputs], params: dict[str, Any]) -> list[Any]:
        data = self._data(rows)
        result = self._model.predict(data, params=params) if params else self._model.predict(data)
        return self._rows_of(result, len(rows))

    def _data(self, rows: list[Inputs]) -> Any:
        if not self._specs:
            return rows[0].get(UNNAMED)
        if self._is_tensor:
            return self._tensors(rows)
        frame = self._pandas.DataFrame([[row.get(name) for name, _ in self._specs] for row in rows])
        frame.columns = [name for name, _ in self._specs]
        for name, spec in self._specs:
            frame[name] = self._column(name, frame[name], spec)
        unnamed = [getattr(spec, "name", None) is None for _, spec in self._specs]
        return frame.set_axis(range(len(self._specs)), axis=1) if all(unnamed) else frame

    def _column(self, name: str, values: Any, spec: Any) -> Any:
        """A column in the very type of the signature: MLflow refuses others."""
        kind = getattr(getattr(spec, "type", None), "name", "").lower()
        try:
            if kind == "binary":
                return values.map(lambda value: to_bytes(value) if value is not None else None)
            if kind == "datetime":
                return self._pandas.to_datetime(values)
            if kind in COLUMN_TYPES and not values.isna().any():
                return values.astype(COLUMN_TYPES[kind])
        except (TypeError, ValueError, OverflowError) as error:
            raise Mismatch(f"does not fit what the model takes: {error}", [name]) from error
        return values

    def _tensors(self, rows: list[Inputs]) -> Any:
        found = {name: self._stacked(name, [row[name] for row in rows], spec) for name, spec in self._specs}
        return next(iter(found.values())) if self._specs[0][1].name is None else found

    def _stacked(self, name: str, values: list[Any], spec: Any) -> Any:
        try:
            return self._numpy.asarray(values if self._has_rows else values[0], dtype=spec.type)
        except (TypeError, ValueError, OverflowError) as error:
            raise Mismatch(f"does not fit what the model takes: {error}", [name]) from error

    def _rows_of(self, result: Any, count: int) -> list[Any]:
        """What pyfunc answered, a part for each row: frames by record, what cannot be cut whole for its one row."""
        if hasattr(result, "to_dict") and hasattr(result, "columns"):
            records = result.to_dict(orient="records")
            is_bare = list(result.columns) == [0]
            values: Any = [record[0] for record in records] if is_bare else records
        elif isinstance(result, dict):
            values = [dict(zip(result, row, strict=True)) for row in zip(*map(_listed, result.values()), strict=False)]
        else:
            values = _listed(result)
        if len(values) == count and self._has_rows and self._specs:
            return list(values)
        if count != 1:
            raise ValueError(f"the model answered {len(values)} rows for {count}")
        return [result]


def _listed(values: Any) -> list[Any]:
    if hasattr(values, "tolist"):
        values = values.tolist()
    return values if isinstance(values, list) else [values]


def _specs(schema: Any) -> list[tuple[str, Any]]:
    """Name and specification of each input, by the names that the platform uses."""
    inputs = list(schema.inputs) if schema is not None else []
    names = [spec.name for spec in inputs]
    if len(inputs) == 1 and names[0] is None:
        return [(UNNAMED, inputs[0])]
    return [
        (str(name if name is not None else i), spec) for i, (name, spec) in enumerate(zip(names, inputs, strict=True))
    ]


def _loaded(box: Box) -> Any:
    pyfunc = importlib.import_module("mlflow.pyfunc")
    try:
        return pyfunc.load_model(box.source)
    except Exception as error:
        raise LoadError(f"MLflow cannot load it: {code_reason(error)}", field="MLmodel") from error
