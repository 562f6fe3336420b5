"""The Open Inference Protocol, version 2 (KServe, Triton), over HTTP, with binary tensor data.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
"""

from collections.abc import Callable
from typing import Any

from modelyard_box import VERSION, messages
from modelyard_box.bodies import parse_json
from modelyard_box.config import Settings
from modelyard_box.connection import Connection
from modelyard_box.errors import Problem
from modelyard_box.inputs import Inputs
from modelyard_box.predicting import Predictor
from modelyard_box.requests import Request
from modelyard_box.surfaces import tensors
from modelyard_box.surfaces.answers import Rows
from modelyard_box.surfaces.shapes import input_shapes, output_shapes
from modelyard_box.surfaces.tensor_mapping import Tensor, describe, output_tensors, rows_of

JSON_LENGTH = "inference-header-content-length"
_BINARY = "application/octet-stream"
_NO_STORE = [("cache-control", "no-store")]
_INVALID = "the body is not an inference request"


class OpenInferenceSurface:
    """One model under the name of its repository; ``is_ready`` says whether it would answer now."""

    def __init__(
        self,
        signature: dict[str, Any],
        inputs: Inputs,
        predictor: Predictor,
        settings: Settings,
        is_ready: Callable[[], bool],
    ) -> None:
        self._inputs = inputs
        self._shapes = input_shapes(signature["inputs"])
        self._outputs = output_shapes(signature.get("output") or {})
        self._predictor = predictor
        self._is_ready = is_ready
        repository = settings.repository or "model"
        self.name = repository.rpartition("/")[2]
        self.version = settings.version or "1"
        self._names = {repository, self.name}
        self._versions = {self.version, f"v{self.version}"}

    def routes(self) -> dict[str, dict[str, Any]]:
        """A model's name may be ``owner/name``, hence the dots."""
        model, version = "/v2/models/{name...}", "/v2/models/{name...}/versions/{version}"
        return {
            "/v2": {"GET": self._server},
            "/v2/health/live": {"GET": self._live},
            "/v2/health/ready": {"GET": self._ready},
            f"{version}/ready": {"GET": self._of_model(self._model_ready)},
            f"{version}/infer": {"POST": self._of_model(self._infer)},
            version: {"GET": self._of_model(self._metadata)},
            f"{model}/ready": {"GET": self._of_model(self._model_ready)},
            f"{model}/infer": {"POST": self._of_model(self._infer)},
            model: {"GET": self._of_model(self._metadata)},
        }

    def metadata(self) -> dict[str, Any]:
        """What the protocol calls the model's metadata."""
        return {
            "name": self.name,
            "versions": [self.version],
            "platform": "modelyard",
            "inputs": [tensor for shape in self._shapes for tensor in describe(shape)],
            "outputs": [tensor for shape in self._outputs for tensor in describe(shape)],
        }

    def _server(self, request: Request, connection: Connection) -> None:
        _respond(connection, {"name": "modelyard", "version": VERSION, "extensions": ["binary_tensor_data"]})

    def _live(self, request: Request, connection: Connection) -> None:
        _respond(connection, {"live": True})

    def _ready(self, request: Request, connection: Connection) -> None:
        ready = self._is_ready()
        _respond(connection, {"ready": ready}, 200 if ready else 503)

    def _model_ready(self, request: Request, connection: Connection) -> None:
        ready = self._is_ready()
        _respond(connection, {"name": self.name, "ready": ready}, 200 if ready else 503)

    def _metadata(self, request: Request, connection: Connection) -> None:
        _respond(connection, self.metadata())

    def _of_model(self, handle: Callable[[Request, Connection], None]) -> Callable[[Request, Connection], None]:
        """The handler, for requests that name this model; problems come in the protocol's envelope."""

        def guarded(request: Request, connection: Connection) -> None:
            try:
                self._check_name(request.parameters)
                handle(request, connection)
            except Problem as problem:
                _refuse(connection, problem)

        return guarded

    def _check_name(self, asked: dict[str, str]) -> None:
        if asked["name"] not in self._names:
            raise Problem(404, "not-found", f"there is no model '{asked['name']}' here, only '{self.name}'")
        if asked.get("version", self.version) not in self._versions:
            raise Problem(404, "not-found", f"there is no version {asked['version']} here, only {self.version}")

    def _infer(self, request: Request, connection: Connection) -> None:
        body, binary = _split(request)
        given = _read_tensors(body, binary)
        parameters = body.get("parameters", {})
        rows, single = rows_of(given, parameters, self._shapes, self._inputs)
        wanted = self._wanted(body.get("outputs"), bool(parameters.get("binary_data_output")))
        calls = Rows(self._predictor, request, rows)
        request_id = body.get("id") or calls.ids[0]

        def answer(outputs: list[Any]) -> None:
            try:
                found = {tensor.name: tensor for tensor in output_tensors(outputs, single, self._outputs)}
                chosen = [(found[name], is_binary) for name, is_binary in wanted]
                self._answer(connection, str(request_id), chosen, calls.headers)
            except Problem as problem:
                _refuse(connection, problem)

        calls.begin(answer, lambda problem: _refuse(connection, problem))

    def _wanted(self, asked: Any, all_binary: bool) -> list[tuple[str, bool]]:
        """Names of the outputs to return, and whether each as binary data."""
        names = [shape.name for shape in self._outputs]
        if not asked:
            return [(name, all_binary) for name in names]
        if not isinstance(asked, list) or not all(isinstance(output, dict) for output in asked):
            raise tensors.malformed(f"{_INVALID}: 'outputs' is not a list of objects")
        for output in asked:
            if output.get("name") not in names:
                raise tensors.malformed(f"the model has no output '{output.get('name')}'; it has {', '.join(names)}")
        return [(output["name"], (output.get("parameters") or {}).get("binary_data", all_binary)) for output in asked]

    def _answer(
        self, connection: Connection, request_id: str, chosen: list[tuple[Tensor, bool]], headers: messages.Headers
    ) -> None:
        told, binary = [], []
        for tensor, is_binary in chosen:
            described: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape}
            if is_binary:
                binary.append(tensors.encode(tensor.elements, tensor.datatype))
                described["parameters"] = {"binary_data_size": len(binary[-1])}
            else:
                described["data"] = tensor.elements
            told.append(described)
        content = {"model_name": self.name, "model_version": self.version, "id": request_id, "outputs": told}
        head = messages.dump(content)
        more = [*headers, (JSON_LENGTH, str(len(head)))] if binary else headers
        connection.respond(200, b"".join([head, *binary]), _BINARY if binary else messages.JSON, more)


def _split(request: Request) -> tuple[dict[str, Any], bytes]:
    """The JSON part of a body, and the binary data after it."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "unsupported-encoding", "send the body without compression")
    told = request.headers.get(JSON_LENGTH, str(len(request.body)))
    if not told.isdigit() or int(told) > len(request.body):
        raise tensors.malformed(f"{JSON_LENGTH} is {told}, but the body has {len(request.body)} bytes")
    size = int(told)
    body = parse_json(request.body[:size])
    if not isinstance(body, dict) or not isinstance(body.get("inputs"), list):
        raise tensors.malformed(f"{_INVALID}: it must be a JSON object with 'inputs', a list of tensors")
    if not isinstance(body.get("parameters", {}), dict):
        raise tensors.malformed(f"{_INVALID}: 'parameters' is not an object")
    return body, request.body[size:]


def _read_tensors(body: dict[str, Any], binary: bytes) -> list[Tensor]:
    found: dict[str, Tensor] = {}
    start = 0
    for tensor in body["inputs"]:
        if not isinstance(tensor, dict):
            raise tensors.malformed(f"{_INVALID}: an input is not an object")
        parameters = tensor.get("parameters") or {}
        size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
        piece = None if size is None else _piece(binary, start, size, tensor)
        start += len(piece or b"")
        elements, shape = tensors.read_tensor(tensor, piece)
        if tensor["name"] in found:
            raise tensors.malformed(f"tensor '{tensor['name']}' is given more than once")
        found[tensor["name"]] = Tensor(tensor["name"], tensor["datatype"], shape, elements)
    if start != len(binary):
        raise tensors.malformed(f"{len(binary) - start} bytes of binary data belong to no tensor")
    return list(found.values())


def _piece(binary: bytes, start: int, size: Any, tensor: dict[str, Any]) -> bytes:
    if type(size) is not int or size < 0 or start + size > len(binary):
        left = len(binary) - start
        raise tensors.malformed(f"tensor '{tensor.get('name')}' says {size} bytes of binary data, but {left} are left")
    return binary[start : start + size]


def _respond(connection: Connection, content: dict[str, Any], status: int = 200) -> None:
    connection.respond(status, messages.dump(content), messages.JSON, _NO_STORE)


def _refuse(connection: Connection, problem: Problem) -> None:
    """The protocol knows one member, ``error``, and 400 for input that is not valid."""
    status = 400 if problem.status == 422 else problem.status
    connection.respond(status, messages.dump({"error": problem.detail}), messages.JSON, problem.headers)
