"""A PyTorch module of the source with weights from a file, which are read as data (``weights_only``)."""

import importlib
import inspect
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
    tried_output,
)
from modelyard_box.reasons import code_reason, import_reason

FIRST_LAYERS: dict[str, tuple[str, int, int]] = {
    "Linear": ("in_features", 0, 0), "BatchNorm1d": ("num_features", 0, 0), "Conv1d": ("in_channels", 0, 1),
    "Conv2d": ("in_channels", 0, 2), "Conv3d": ("in_channels", 0, 3), "LSTM": ("input_size", 1, 0),
    "GRU": ("input_size", 1, 0), "RNN": ("input_size", 1, 0),
}  # fmt: skip
"""For a first layer: the attribute that says a length, and how many open dimensions stand before and after it."""


class Model(RowModel):
    """One call is one item; the module is given a batch. ``input_shape`` in modelyard.yaml is that of one item."""

    def __init__(self, box: Box) -> None:
        super().__init__()
        self._framework = box.framework or {}
        self._torch = importlib.import_module("torch")
        self._numpy = importlib.import_module("numpy")
        self._module = _loaded(self._torch, box, self._framework).eval()
        self._names = _parameter_names(self._module)
        self._shape, self._is_index = self._first_input()
        dtypes = ["int64" if self._is_index else "float32", *["float32"] * len(self._names)]
        ranks = [None if self._shape is None else len(self._shape), *[None] * len(self._names)]
        self._convert = {
            name: row_converter(self._numpy, name, dtype, rank)
            for name, dtype, rank in zip(self._names, dtypes, ranks, strict=False)
        }

    def predict_rows(self, rows: list[Inputs]) -> list[Any]:
        columns = [[convert(row[name]) for row in rows] for name, convert in self._convert.items()]
        if not all(map(is_uniform, columns)):
            return [self._run([column[i : i + 1] for column in columns])[0] for i in range(len(rows))]
        return self._run(columns)

    def signature(self) -> Schema:
        item: Schema = {"type": "integer", "minimum": 0} if self._is_index else {"type": "number"}
        properties = {name: array_schema((None,), {}) for name in self._names}
        if self._shape is None:
            self.notes.append("say input_shape in modelyard.yaml, such as [1, 28, 28], for a form that fits")
        else:
            properties[self._names[0]] = array_schema(self._shape, item)
        try:
            output = tried_output(self, properties) if self._shape is not None else {}
        except Exception as error:
            if self._framework.get("input_shape") is not None:
                raise LoadError(
                    f"the module does not take the input_shape {list(self._shape or ())}: {code_reason(error)}",
                    field="input_shape",
                ) from error
            self.notes.append(f"it was tried with zeros and failed, so its output is not known: {code_reason(error)}")
            output = {}
        return make_signature(properties, output, self.notes)

    def _run(self, columns: list[list[Any]]) -> list[Any]:
        tensors = [self._torch.from_numpy(self._numpy.stack(column)) for column in columns]
        with self._torch.inference_mode():
            result = self._module(*tensors)
        return _rows_of(result, len(columns[0]))

    def _first_input(self) -> tuple[tuple[int | None, ...] | None, bool]:
        """The shape of one item, as said or as the first layer tells, and whether it is of whole numbers."""
        first = _first_layer(self._module)
        kind = type(first).__name__
        is_index = kind in ("Embedding", "EmbeddingBag")
        if self._framework.get("input_shape") is not None:
            return tuple(self._framework["input_shape"]), is_index
        if is_index:
            return (None,), True
        if kind not in FIRST_LAYERS:
            return None, False
        name, before, after = FIRST_LAYERS[kind]
        self.notes.append(f"the shape of the input is that of the first layer, {kind}; input_shape would say it better")
        return (*[None] * before, int(getattr(first, name)), *[None] * after), False


def _loaded(torch: Any, box: Box, framework: dict[str, Any]) -> Any:
    if box.artifact is None:
        raise LoadError("there is no file of weights", field="artifact")
    module = _made(torch, box, framework)
    state = _weights(torch, box.artifact)
    try:
        module.load_state_dict(state)
    except Exception as error:
        reason = f"the weights do not fit {framework.get('model')}: {code_reason(error)}"
        raise LoadError(reason, field="artifact") from error
    return module


def _made(torch: Any, box: Box, framework: dict[str, Any]) -> Any:
    name, _, attribute = str(framework.get("model")).partition(":")
    try:
        found: Any = importlib.import_module(name)
    except BaseException as error:
        raise LoadError(import_reason(error, name, box.source), field="model") from error
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise LoadError(f"{name} has no class or function {attribute}", field="model")
    try:
        module = found(**framework.get("arguments", {}))
    except BaseException as error:
        raise LoadError(f"{attribute} cannot be created: {code_reason(error)}", field="arguments") from error
    if not isinstance(module, torch.nn.Module):
        raise LoadError(f"{attribute} gives a {type(module).__name__}, which is no torch.nn.Module", field="model")
    return module


def _weights(torch: Any, path: str) -> Any:
    """The state dictionary; files that ask for more than tensors are refused."""
    try:
        if path.endswith(".safetensors"):
            return importlib.import_module("safetensors.torch").load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        hint = "save model.state_dict() and push that"
        raise LoadError(
            f"the weights cannot be read as data: {code_reason(error)}; {hint}", field="artifact"
        ) from error
    inner = state.get("state_dict") if isinstance(state, dict) else None
    state = inner if isinstance(inner, dict) else state
    if not isinstance(state, dict):
        raise LoadError(f"the file holds a {type(state).__name__}: save model.state_dict()", field="artifact")
    return state


def _parameter_names(module: Any) -> list[str]:
    """The inputs: what ``forward`` needs."""
    parameters = [
        parameter
        for parameter in inspect.signature(module.forward).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return [p.name for i, p in enumerate(parameters) if p.default is p.empty or i == 0] or ["input"]


def _first_layer(module: Any) -> Any:
    """The first part, in the order of definition, that has parameters and no parts of its own."""
    for part in module.modules():
        if not list(part.children()) and list(part.parameters(recurse=False)):
            return part
    return None


def _rows_of(result: Any, count: int) -> list[Any]:
    if isinstance(result, dict):
        columns = {name: _rows_of(part, count) for name, part in result.items()}
        return [{name: column[i] for name, column in columns.items()} for i in range(count)]
    if isinstance(result, tuple | list):
        parts = [_rows_of(part, count) for part in result]
        return [list(row) for row in zip(*parts, strict=True)]
    values = result.detach().cpu().tolist()
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"the module answered {len(values) if isinstance(values, list) else 1} items for {count}")
    return values
