"""An ONNX file, run by onnxruntime on the CPU. What it takes and gives stands in its graph."""

import importlib
import os
from typing import Any

from modelyard_box.config import Box
from modelyard_box.errors import LoadError, Mismatch
from modelyard_box.flavours.rows import (
    Inputs,
    RowModel,
    Schema,
    array_schema,
    is_uniform,
    make_signature,
    row_converter,
)
from modelyard_box.reasons import code_reason

KINDS: dict[str, tuple[str, str]] = {
    "float": ("number", "float32"), "double": ("number", "float64"), "float16": ("number", "float16"),
    "int8": ("integer", "int8"), "int16": ("integer", "int16"), "int32": ("integer", "int32"),
    "int64": ("integer", "int64"), "uint8": ("integer", "uint8"), "uint16": ("integer", "uint16"),
    "uint32": ("integer", "uint32"), "uint64": ("integer", "uint64"), "bool": ("boolean", "bool"),
    "string": ("string", "object"),
}  # fmt: skip
"""Element types of ONNX: the JSON type, and numpy's."""


class Model(RowModel):
    """Each input of the graph is an input; where the first dimension is open it counts rows, and one call has one."""

    def __init__(self, box: Box) -> None:
        super().__init__()
        self._session = _open(box)
        self._numpy = importlib.import_module("numpy")
        self._inputs = [Tensor(value) for value in self._session.get_inputs()]
        self._outputs = list(self._session.get_outputs())
        self.rows_open = all(tensor.is_open for tensor in self._inputs) and all(map(_is_open, self._outputs))
        self._has_rows = self.rows_open or all(tensor.shape[:1] == (1,) for tensor in self._inputs)
        self.takes_batches = self.rows_open
        self._shapes = {tensor.name: self._row_shape(tensor) for tensor in self._inputs}
        self._convert = {
            t.name: row_converter(self._numpy, t.name, t.dtype, len(self._shapes[t.name])) for t in self._inputs
        }

    def predict_rows(self, rows: list[Inputs]) -> list[Any]:
        columns = {name: [convert(row[name]) for row in rows] for name, convert in self._convert.items()}
        if not self.rows_open or not all(map(is_uniform, columns.values())):
            return [
                self._run({name: column[i : i + 1] for name, column in columns.items()})[0] for i in range(len(rows))
            ]
        return self._run(columns)

    def signature(self) -> Schema:
        properties = {t.name: array_schema(self._shapes[t.name], {"type": t.kind}) for t in self._inputs}
        outputs = {value.name: self._output_schema(value) for value in self._outputs}
        output: Schema = {"type": "object", "properties": outputs, "required": list(outputs)}
        return make_signature(properties, next(iter(outputs.values())) if len(outputs) == 1 else output, self.notes)

    def _row_shape(self, tensor: "Tensor") -> tuple[int | None, ...]:
        """Of one row. A column of one number, among other columns, is that number."""
        shape = tensor.shape[1:] if self._has_rows else tensor.shape
        return () if shape == (1,) and len(self._inputs) > 1 else shape

    def _run(self, columns: dict[str, list[Any]]) -> list[Any]:
        """One call of the session, cut into rows."""
        feed = {tensor.name: self._fed(tensor, columns[tensor.name]) for tensor in self._inputs}
        try:
            results = self._session.run(None, feed)
        except Exception as error:
            if type(error).__name__ == "InvalidArgument":  # of onnxruntime: the shapes do not go together
                raise Mismatch(f"does not fit the graph: {error}", [self._inputs[0].name]) from error
            raise
        count = len(next(iter(columns.values())))
        cut = [self._rows_of(result, count) for result in results]
        if len(cut) == 1:
            return cut[0]
        names = [value.name for value in self._outputs]
        return [dict(zip(names, parts, strict=True)) for parts in zip(*cut, strict=True)]

    def _fed(self, tensor: "Tensor", arrays: list[Any]) -> Any:
        if not self._has_rows:
            return arrays[0]
        stacked = self._numpy.stack(arrays)
        return stacked[:, None] if stacked.ndim < len(tensor.shape) else stacked

    def _rows_of(self, result: Any, count: int) -> list[Any]:
        values = result.tolist() if hasattr(result, "tolist") else result
        if not self._has_rows or not isinstance(values, list) or len(values) != count:
            return [values]
        return values

    def _output_schema(self, value: Any) -> Schema:
        tensor = Tensor(value, strict=False)
        if not tensor.kind:
            probabilities = value.type.startswith("seq(map(")
            return (
                {"type": "object", "additionalProperties": {"type": "number"}, "x-modelyard": "probabilities"}
                if (probabilities)
                else {}
            )
        return array_schema(tensor.shape[1:] if self._has_rows else tensor.shape, {"type": tensor.kind})


class Tensor:
    """Name, shape (None where a dimension is open), JSON type and numpy type of an input or output."""

    def __init__(self, value: Any, *, strict: bool = True) -> None:
        self.name = str(value.name)
        self.shape = tuple(length if isinstance(length, int) else None for length in (value.shape or ()))
        element = value.type.removeprefix("tensor(").removesuffix(")")
        if strict and element not in KINDS:
            raise LoadError(f"the input {self.name} is a {value.type}, which cannot be sent as JSON", field="artifact")
        self.kind, self.dtype = KINDS.get(element, ("", "object"))

    @property
    def is_open(self) -> bool:
        return bool(self.shape) and self.shape[0] is None


def _is_open(value: Any) -> bool:
    """Sequences have an item a row; their length is not said."""
    return value.type.startswith("seq(") or Tensor(value, strict=False).is_open


def _open(box: Box) -> Any:
    if box.artifact is None:
        raise LoadError("there is no model file", field="artifact")
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(box.artifact, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        name = os.path.basename(box.artifact)  # noqa: PTH119
        if type(error).__name__ == "InvalidProtobuf":  # of onnxruntime
            reason = f"{name} is no ONNX file, or it is damaged or cut short: export or copy it again"
        else:
            reason = f"onnxruntime {runtime.__version__} cannot read {name}: {code_reason(error)}"
        raise LoadError(reason, field="artifact") from error
