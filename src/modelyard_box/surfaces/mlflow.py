"""The scoring protocol of ``mlflow models serve``: ``/invocations``, ``/ping``, ``/version``.

Its envelope of errors, too: ``{"error_code": …, "message": …}``.
"""

from collections.abc import Callable
from typing import Any

import multipart

from modelyard_box import messages
from modelyard_box.bodies import parse_json
from modelyard_box.connection import Connection
from modelyard_box.errors import Problem
from modelyard_box.inputs import Inputs
from modelyard_box.predicting import Predictor
from modelyard_box.replies import output_json
from modelyard_box.requests import Request
from modelyard_box.surfaces.answers import Rows
from modelyard_box.surfaces.csv_tables import read_csv
from modelyard_box.surfaces.mlflow_data import Calls, Reader
from modelyard_box.surfaces.shapes import input_shapes

PROTOCOL = "3.17.2"
"""The release of MLflow whose protocol this is; tests compare the answers of both."""

_JSON = "application/json"
_CSV = "text/csv"
_INVALID = "INVALID_PARAMETER_VALUE"
_CODES = {
    400: "BAD_REQUEST", 422: _INVALID, 429: "REQUEST_LIMIT_EXCEEDED", 503: "TEMPORARILY_UNAVAILABLE",
}  # fmt: skip


class MlflowSurface:
    """``is_ready`` says whether predictions would be answered now."""

    def __init__(self, signature: dict[str, Any], inputs: Inputs, predictor: Predictor, is_ready: Callable[[], bool]):
        self._reader = Reader(inputs, input_shapes(signature["inputs"]))
        self._is_columns = (signature.get("output") or {}).get("x-modelyard") == "tensors"
        self._predictor = predictor
        self._is_ready = is_ready

    def routes(self) -> dict[str, dict[str, Any]]:
        return {
            "/invocations": {"POST": self._invoke},
            "/ping": {"GET": self._ping},
            "/version": {"GET": self._version},
        }

    def _invoke(self, request: Request, connection: Connection) -> None:
        try:
            calls = self._read(request)
            if not calls.inputs:
                _answer(connection, [], [])
                return
            rows = Rows(self._predictor, request, calls.inputs)
            rows.begin(
                lambda outputs: _answer(connection, self._predictions(outputs, calls), rows.headers),
                lambda problem: _refuse(connection, problem),
            )
        except Problem as problem:
            _refuse(connection, problem)

    def _read(self, request: Request) -> Calls:
        kind = _media_type(request)
        if kind == _CSV:
            return self._reader.read_frame(*read_csv(request.body, self._reader.column_types), {})
        return self._reader.read(parse_json(request.body))

    def _predictions(self, outputs: list[Any], calls: Calls) -> Any:
        """A list with an item for each call; of named tensors, each with a first dimension that counts calls."""
        if calls.whole:
            return outputs[0]
        if self._is_columns and all(isinstance(output, dict) for output in outputs):
            return {name: [output.get(name) for output in outputs] for name in outputs[0]}
        return outputs

    def _ping(self, request: Request, connection: Connection) -> None:
        connection.respond(200 if self._is_ready() else 503, b"\n", _JSON)

    def _version(self, request: Request, connection: Connection) -> None:
        connection.respond(200, PROTOCOL.encode(), _JSON)


def _media_type(request: Request) -> str:
    """Raises Problem for what is neither JSON nor CSV in UTF-8 without compression."""
    given = request.headers.get("content-type", "")
    kind, options = multipart.parse_options_header(given)
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "unsupported-encoding", "send the body without compression")
    if kind not in (_JSON, _CSV):
        known = f"['{_CSV}', '{_JSON}']"
        detail = f"This predictor only supports the following content types: Types: {known}. Got '{given}'."
        raise Problem(415, "unsupported-media-type", detail)
    if options.get("charset", "utf-8").lower() != "utf-8":
        raise Problem(415, "unsupported-media-type", "The scoring server only supports UTF-8")
    return str(kind)


def _answer(connection: Connection, predictions: Any, headers: list[tuple[str, str]]) -> None:
    connection.respond(200, b'{"predictions":%b}' % output_json(predictions), messages.JSON, headers)


def _refuse(connection: Connection, problem: Problem) -> None:
    """MLflow answers 400 for input that is not valid, and plain text for a type of body that it does not read."""
    if problem.status == 415:
        connection.respond(415, problem.detail.encode(), "text/plain; charset=utf-8", problem.headers)
        return
    content: dict[str, Any] = {"error_code": _CODES.get(problem.status, "INTERNAL_ERROR"), "message": problem.detail}
    if connection.show_traceback and "traceback" in problem.more:
        content["stack_trace"] = problem.more["traceback"]
    if problem.more.get("errors"):
        content["errors"] = problem.more["errors"]
    status = 400 if problem.status == 422 else problem.status
    connection.respond(status, messages.dump(content), messages.JSON, problem.headers)
