"""Tensors by name ↔ inputs and outputs of a signature.

A scalar input is a tensor of one dimension, an element for each call; an array of *d* dimensions is a tensor of *d* for
one call, or of *d* + 1 with a first dimension that counts calls; what is neither (an object, a table whose columns the
signature does not name, a union) is BYTES with a JSON document in each element.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import orjson

from modelyard_box.errors import Problem
from modelyard_box.inputs import Inputs
from modelyard_box.replies import output_json
from modelyard_box.surfaces import tensors
from modelyard_box.surfaces.shapes import Shape

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One of a request's tensors, or of an answer's. ``elements`` are flat."""

    name: str
    datatype: str
    shape: list[int]
    elements: list[Any]


def describe(shape: Shape) -> list[dict[str, Any]]:
    """Metadata: name, datatype and shape, where -1 is any size."""
    if shape.kind == "table" and shape.columns:
        return [_tensor(name, _datatype(kind), 1) for name, kind in shape.columns]
    if shape.kind == "array":
        return [_tensor(shape.name, _datatype(shape.scalar or "number"), shape.depth or 2)]
    return [_tensor(shape.name, _datatype(shape.scalar), 1)]


def rows_of(given: list[Tensor], parameters: Row, shapes: list[Shape], inputs: Inputs) -> tuple[list[Row], bool]:
    """The inputs of each call, and whether there is a single one without a dimension that counts calls.

    Parameters of the request that are inputs go to every call. Raises Problem for tensors that do not fit.
    """
    known = {shape.name: shape for shape in shapes}
    shared = {name: value for name, value in parameters.items() if name in known}
    given, columns = _without_columns(given, shapes)
    values = {tensor.name: _values(tensor, known.get(tensor.name), known) for tensor in given}
    values.update({name: ([_records(tensors)], True) for name, tensors in columns.items()})
    rows, single = _aligned(values)
    found = [{**shared, **row} for row in rows]
    for index, row in enumerate(found):
        _check(row, index, inputs, len(found))
    return found, single


def output_tensors(outputs: list[Any], single: bool, shapes: list[Shape]) -> list[Tensor]:
    """The answer's tensors: those of the only call, or of all calls with a first dimension that counts them."""
    if len(shapes) == 1 and shapes[0].name == "output":
        return [_output(shapes[0], outputs, single)]
    return [_output(shape, [_member(output, shape.name) for output in outputs], single) for shape in shapes]


def _without_columns(given: list[Tensor], shapes: list[Shape]) -> tuple[list[Tensor], dict[str, list[Tensor]]]:
    """The tensors that are inputs; and for the one table that is not among them those that are none: its columns."""
    known, names = {shape.name for shape in shapes}, {tensor.name for tensor in given}
    tables = [shape.name for shape in shapes if shape.kind == "table" and shape.name not in names]
    others = [tensor for tensor in given if tensor.name not in known]
    if len(tables) != 1 or not others:
        return given, {}
    return [tensor for tensor in given if tensor.name in known], {tables[0]: others}


def _tensor(name: str, datatype: str, dimensions: int) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1] * dimensions}


def _datatype(scalar: str | None) -> str:
    return tensors.OF_SCALAR[scalar] if scalar else "BYTES"


def _values(tensor: Tensor, shape: Shape | None, known: dict[str, Shape]) -> tuple[list[Any], bool]:
    """A tensor's value for each call; and whether it is of one call by its dimensions."""
    if shape is None:
        raise tensors.malformed(f"the model has no input '{tensor.name}'; it has {', '.join(known) or 'none'}")
    if not tensor.elements:
        raise tensors.malformed(f"tensor '{tensor.name}' is empty")
    if shape.kind == "array":
        return _array(tensor, shape)
    if shape.kind == "any" and tensor.datatype != "BYTES" and prod(tensor.shape[1:]) != 1:
        return [tensors.nest(tensor.elements, tensor.shape)], True
    if prod(tensor.shape[1:]) != 1:
        raise tensors.malformed(f"tensor '{tensor.name}' must have one element for each call: shape [n] or [n, 1]")
    found = [_element(element, tensor, shape.kind) for element in tensor.elements]
    return ([found], True) if shape.kind == "table" else (found, False)


def _array(tensor: Tensor, shape: Shape) -> tuple[list[Any], bool]:
    whole = tensors.nest([_readable(element, tensor) for element in tensor.elements], tensor.shape)
    depth = shape.depth or len(tensor.shape)
    if len(tensor.shape) == depth:
        return [whole], True
    if len(tensor.shape) == depth + 1:
        return whole, False
    wanted = f"{depth} dimensions, or {depth + 1} for many calls"
    raise tensors.malformed(f"tensor '{tensor.name}' must have {wanted}; it has {len(tensor.shape)}")


def _element(element: Any, tensor: Tensor, kind: str) -> Any:
    if kind == "upload":
        return _upload(element)
    if kind in ("table", "any") and tensor.datatype == "BYTES":
        return _document(element, tensor)
    return _readable(element, tensor)


def _aligned(values: dict[str, tuple[list[Any], bool]]) -> tuple[list[Row], bool]:
    """One row for each call; what is given once holds for all."""
    counts = {len(found) for found, single in values.values() if not single} - {1}
    if len(counts) > 1:
        told = ", ".join(f"{name} {len(found)}" for name, (found, _) in values.items())
        raise tensors.malformed(f"the tensors are of different numbers of calls: {told}")
    single = not counts and any(single for _, single in values.values())
    count = counts.pop() if counts else 1
    rows = [
        {name: found[0] if len(found) == 1 else found[index] for name, (found, _) in values.items()}
        for index in range(count)
    ]
    return rows, single


def _records(columns: list[Tensor]) -> list[Row]:
    if len({len(column.elements) for column in columns}) > 1:
        told = ", ".join(f"{column.name} {len(column.elements)}" for column in columns)
        raise tensors.malformed(f"the columns are of different lengths: {told}")
    names = [column.name for column in columns]
    cells = [[_readable(element, column) for element in column.elements] for column in columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


def _check(row: Row, index: int, inputs: Inputs, count: int) -> None:
    try:
        inputs.check(row)
    except Problem as problem:
        if count > 1:
            problem.detail = f"call {index}: {problem.detail}"
        raise


def _upload(element: Any) -> Any:
    """Binary data are the file itself, unless they are a data URI; in JSON a file is text, as everywhere."""
    if isinstance(element, bytes) and not element.startswith(b"data:"):
        return element, ""
    return element.decode("ascii", "replace") if isinstance(element, bytes) else element


def _readable(element: Any, tensor: Tensor) -> Any:
    if not isinstance(element, bytes):
        return element
    try:
        return element.decode()
    except UnicodeDecodeError as error:
        raise tensors.malformed(f"tensor '{tensor.name}' has an element that is not UTF-8") from error


def _document(element: Any, tensor: Tensor) -> Any:
    if not isinstance(element, str | bytes):
        return element
    try:
        return orjson.loads(element)
    except orjson.JSONDecodeError:
        return _readable(element, tensor)  # plain text; the schema says whether that will do


def _member(output: Any, name: str) -> Any:
    return output.get(name) if isinstance(output, dict) else None


def _output(shape: Shape, outputs: list[Any], single: bool) -> Tensor:
    """A regular tensor where the values allow it, else one JSON document for each call."""
    value = outputs[0] if single else outputs
    dimensions = tensors.measure(value)
    if dimensions is not None and shape.kind in ("scalar", "array", "any", "upload"):
        elements = tensors.flatten(value, len(dimensions))
        datatype = _fitting(shape, elements)
        if datatype is not None:
            return Tensor(shape.name, datatype, dimensions or [1], elements)
    documents = value if single and isinstance(value, list) else [value] if single else outputs
    return Tensor(shape.name, "BYTES", [len(documents)], [output_json(document).decode() for document in documents])


def _fitting(shape: Shape, elements: list[Any]) -> str | None:
    """The signature's datatype where the values are of it, else the one that holds them."""
    guessed = tensors.guess_datatype(elements)
    told = tensors.OF_SCALAR.get(shape.scalar or "")
    if told == "FP64" and (guessed in ("INT64", "FP64") or not any(element is not None for element in elements)):
        return told
    return told if guessed is None and not elements else guessed
