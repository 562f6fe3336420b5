"""The data of an MLflow scoring request → calls of the target.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/ (inference server specification)
"""

from dataclasses import dataclass
from typing import Any

from modelyard_box.errors import Problem
from modelyard_box.inputs import Inputs
from modelyard_box.surfaces.shapes import Shape

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_SPLIT = frozenset({"columns", "data", "index"})
_KINDS = {"dict": "dictionary"}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Calls:
    """The inputs of each call. ``whole``: there is one, and its output is the predictions, not the only one of them."""

    inputs: list[Row]
    whole: bool


class Reader:
    """Reads data for one signature; every method raises Problem for data that does not fit it.

    Columns that are no inputs and params that are none are left out, as MLflow does.
    """

    def __init__(self, inputs: Inputs, shapes: list[Shape]) -> None:
        self._inputs = inputs
        self._shapes = {shape.name: shape for shape in shapes}
        tables = [shape for shape in shapes if shape.kind == "table"]
        self._table = tables[0] if len(tables) == 1 else None
        self._holder = _holder(shapes)

    @property
    def column_types(self) -> dict[str, str | None]:
        """JSON types of the columns that the signature names."""
        if self._table is not None:
            return dict(self._table.columns)
        return {name: shape.scalar for name, shape in self._shapes.items() if shape.kind == "scalar"}

    def read(self, body: Any) -> Calls:
        """The calls that a JSON body asks for."""
        form, data, params = _parts(body)
        if form == "dataframe_split":
            return self.read_frame(*_split(data), params)
        if form == "dataframe_records":
            if not isinstance(data, list):
                raise _unreadable(f"Dataframe records format must be a list of records. Got {_kind(data)}.")
            return self._checked(self._from_records(data, params))
        if isinstance(data, dict):
            return self._checked(self._from_columns(data, params))
        return self._checked(self._from_values(data, params))

    def read_frame(self, columns: list[Any] | None, rows: list[Any], params: Row) -> Calls:
        """The calls that a table asks for. One without names of its columns suits only a model that takes an array."""
        if columns is None or (self._table is None and not self._knows(columns) and self._takes_matrix):
            return self._checked(self._from_values(rows, params))
        names = [str(column) for column in columns]
        return self._checked(self._from_records([dict(zip(names, row, strict=True)) for row in rows], params))

    @property
    def _takes_matrix(self) -> bool:
        return self._holder is not None and self._holder.kind in ("array", "any")

    def _knows(self, names: Any) -> bool:
        return any(name in self._shapes for name in names)

    def _from_records(self, records: list[Any], params: Row) -> Calls:
        if self._table is not None:
            return self._whole(self._table.name, [self._record(self._table, record) for record in records], params)
        if records and all(isinstance(record, dict) for record in records) and self._knows(records[0]):
            return Calls([self._row(record, params) for record in records], whole=False)
        if self._holder is None or self._holder.kind == "scalar":
            raise self._no_match(records[0] if records else {})
        return self._from_values(records, params)

    def _from_columns(self, columns: Row, params: Row) -> Calls:
        """``inputs`` by name: all of one call, or a column of values for each input."""
        one = self._row(columns, params)
        are_columns = all(isinstance(column, list) for column in columns.values())
        if self._table is None and (not are_columns or self._inputs.are_valid(one)):
            return Calls([one], whole=True)
        if not are_columns or len({len(column) for column in columns.values()}) != 1:
            raise _unreadable("inputs by name must be lists of one length, or the inputs of a single call")
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return self._from_records(rows, params)

    def _from_values(self, values: Any, params: Row) -> Calls:
        """Data without names: the whole of the one input that can hold it, or one value of that input for each call."""
        are_records = isinstance(values, list) and values and all(isinstance(value, dict) for value in values)
        if are_records and (self._table is not None or self._knows(values[0])):
            return self._from_records(values, params)
        holder = self._table or self._holder
        if holder is None:
            raise self._no_match({})
        whole = self._whole(holder.name, values, params)
        if not isinstance(values, list) or self._inputs.are_valid(whole.inputs[0]):
            return whole
        rows = [{**params_of(self._shapes, params), holder.name: value} for value in values]
        each = bool(rows) and (holder.kind == "scalar" or self._inputs.are_valid(rows[0]))
        return Calls(rows, whole=False) if each else whole

    def _whole(self, name: str, value: Any, params: Row) -> Calls:
        return Calls([{**params_of(self._shapes, params), name: value}], whole=True)

    def _record(self, table: Shape, record: Any) -> Any:
        if not table.closed or not isinstance(record, dict):
            return record
        known = {name for name, _ in table.columns}
        return {name: value for name, value in record.items() if name in known}

    def _row(self, record: Row, params: Row) -> Row:
        """A record's values for the inputs; a missing one is left out where the target has a default."""
        row = params_of(self._shapes, params)
        for name, value in record.items():
            shape = self._shapes.get(name)
            if shape is not None and (value is not None or shape.required):
                row[name] = value
        return row

    def _checked(self, calls: Calls) -> Calls:
        for index, inputs in enumerate(calls.inputs):
            try:
                self._inputs.check(inputs)
            except Problem as problem:
                if not calls.whole:
                    problem.detail = f"row {index}: {problem.detail}"
                raise
        return calls

    def _no_match(self, record: Any) -> Problem:
        names = ", ".join(self._shapes) or "none"
        got = f"; there are {', '.join(map(str, record))}" if isinstance(record, dict) and record else ""
        detail = f"the data must have a column for each input of the model ({names}){got}"
        return Problem(422, "invalid-input", detail, errors=[])


def params_of(shapes: dict[str, Shape], params: Row) -> Row:
    """The params that are inputs."""
    return {name: value for name, value in params.items() if name in shapes}


def _holder(shapes: list[Shape]) -> Shape | None:
    """The input that takes data without names: the only one, the only required one, or the only list."""
    for wanted in (shapes, [s for s in shapes if s.required], [s for s in shapes if s.is_list]):
        if len(wanted) == 1:
            return wanted[0]
    return None


def _parts(body: Any) -> tuple[str, Any, Row]:
    fields = ", ".join(FORMS)
    demand = f"The input must be a JSON dictionary with exactly one of the input fields {fields}"
    if not isinstance(body, dict):
        raise _unreadable(f"{demand}. Received {_kind(body)}.")
    found = [form for form in FORMS if form in body]
    if len(found) != 1:
        raise _unreadable(f"{demand}. Received dictionary with input fields: {list(body)}.")
    params = body.get("params")
    if params is not None and not isinstance(params, dict):
        raise _unreadable(f"params must be a dictionary. Got {_kind(params)}.")
    return found[0], body[found[0]], params or {}


def _split(data: Any) -> tuple[list[Any] | None, list[Any]]:
    if not isinstance(data, dict):
        raise _unreadable(f"Dataframe split format must be a dictionary. Got {_kind(data)}.")
    if "data" not in data or set(data) - _SPLIT:
        raise _unreadable(
            "Dataframe split format must have 'data' field and optionally 'columns' and 'index' fields. "
            f"Got {list(data)}."
        )
    columns, rows = data.get("columns"), data["data"]
    if not isinstance(rows, list) or not (columns is None or isinstance(columns, list)):
        raise _unreadable("'columns' and 'data' of dataframe_split must be lists")
    for index, row in enumerate(rows):
        if columns is not None and (not isinstance(row, list) or len(row) != len(columns)):
            cells = len(row) if isinstance(row, list) else _kind(row)
            raise _unreadable(f"dataframe_split has {len(columns)} columns, but row {index} has {cells}")
    return columns, rows


def _kind(value: Any) -> str:
    name = type(value).__name__
    return _KINDS.get(name, name)


def _unreadable(detail: str) -> Problem:
    return Problem(400, "bad-request", detail)
