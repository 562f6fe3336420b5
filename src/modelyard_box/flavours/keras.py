"""A ``.keras`` or ``.h5`` file, on whichever backend the requirements bring."""

import importlib
import importlib.util
import os
from typing import Any

from modelyard_box.config import Box
from modelyard_box.errors import LoadError
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

OUTPUT = "output"
BACKENDS = ("tensorflow", "torch", "jax")
KINDS = {"float": "number", "bfloat": "number", "int": "integer", "uint": "integer", "bool": "boolean"}


class Model(RowModel):
    """One call is one item; the model is given a batch. Inputs and outputs have the names that the model gives them.

    A single input is called ``input``, and a single output is the answer itself.
    """

    def __init__(self, box: Box) -> None:
        super().__init__()
        self._keras, self._model = _loaded(box)
        self._numpy = importlib.import_module("numpy")
        if not getattr(self._model, "inputs", None):
            raise LoadError(
                "the model does not say the shape of its input: build it before it is saved", field="artifact"
            )
        structure = _structure(self._model, "input")
        self._is_by_name = isinstance(structure, dict)
        self._tensors = _named(structure, self._model.inputs, "input")
        self._convert = {
            name: row_converter(self._numpy, name, _numpy_type(tensor), len(tensor.shape) - 1)
            for name, tensor in self._tensors.items()
        }

    def predict_rows(self, rows: list[Inputs]) -> list[Any]:
        columns = [[convert(row[name]) for row in rows] for name, convert in self._convert.items()]
        if not all(map(is_uniform, columns)):
            return [self._run([column[i : i + 1] for column in columns])[0] for i in range(len(rows))]
        return self._run(columns)

    def signature(self) -> Schema:
        properties = {name: _row_schema(tensor) for name, tensor in self._tensors.items()}
        model = self._model
        names = getattr(model, "output_names", None)
        outputs = _named(_structure(model, "output"), model.outputs, OUTPUT, names)
        schemas = {name: _row_schema(tensor) for name, tensor in outputs.items()}
        whole: Schema = {"type": "object", "properties": schemas, "required": list(schemas)}
        return make_signature(properties, schemas.get(OUTPUT, whole), self.notes)

    def _run(self, columns: list[list[Any]]) -> list[Any]:
        arrays = {name: self._numpy.stack(column) for name, column in zip(self._convert, columns, strict=True)}
        return self._rows_of(self._model(self._given(arrays), training=False))

    def _given(self, arrays: dict[str, Any]) -> Any:
        """In the structure that the model was made with."""
        if self._is_by_name:
            return arrays
        return list(arrays.values()) if len(arrays) > 1 else next(iter(arrays.values()))

    def _rows_of(self, result: Any) -> list[Any]:
        if isinstance(result, list | tuple):
            result = dict(zip(self._model.output_names, result, strict=True))
        if isinstance(result, dict):
            columns = {name: self._rows_of(part) for name, part in result.items()}
            return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        rows: list[Any] = self._keras.ops.convert_to_numpy(result).tolist()
        return rows


def _structure(model: Any, name: str) -> Any:
    """How the model was given its tensors; None for a Sequential, which does not say, and has one."""
    return getattr(model, name, None)


def _named(structure: Any, tensors: list[Any], single: str, names: list[str] | None = None) -> dict[str, Any]:
    """Tensors by the keys of the model's dictionary, else by ``names``, or their own; ``single`` where there is one."""
    if isinstance(structure, dict):
        return {str(name): tensor for name, tensor in structure.items()}
    if len(tensors) == 1:
        return {single: tensors[0]}
    return dict(zip(names or [str(tensor.name) for tensor in tensors], tensors, strict=True))


def _loaded(box: Box) -> tuple[Any, Any]:
    if box.artifact is None:
        raise LoadError("there is no model file", field="artifact")
    backend = next((name for name in BACKENDS if importlib.util.find_spec(name)), None)
    if backend is None:
        wanted = ", ".join(BACKENDS)
        raise LoadError(f"Keras has nothing to run on: add one of {wanted} to the requirements", field="requirements")
    os.environ.setdefault("KERAS_BACKEND", backend)
    keras = importlib.import_module("keras")
    try:
        return keras, keras.models.load_model(box.artifact, compile=False, safe_mode=True)
    except Exception as error:
        reason = f"Keras {keras.__version__} cannot read it: {code_reason(error)}"
        raise LoadError(reason, field="artifact") from error


def _row_schema(tensor: Any) -> Schema:
    kind = KINDS.get(str(tensor.dtype).rstrip("0123456789"), "string")
    return array_schema(tuple(tensor.shape[1:]), {"type": kind})


def _numpy_type(tensor: Any) -> str:
    name = str(tensor.dtype)
    return {"bfloat16": "float32", "string": "object"}.get(name, name)
