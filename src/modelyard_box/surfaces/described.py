"""The protocols' part of the OpenAPI document."""

from typing import Any

from modelyard_box.surfaces.tensors import TYPES

_SCHEMAS = "#/components/schemas/"
_NUMBERED = {"type": "array", "items": {}}
_NAME = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "The repository's name; owner/name will do as well",
}
_VERSION = {"name": "version", "in": "path", "required": True, "schema": {"type": "string"}}
_PREDICTION = {"name": "prediction_id", "in": "path", "required": True, "schema": {"type": "string"}}
_MLFLOW, _V2, _COG = "MLflow scoring", "Open Inference Protocol v2", "Cog"

SCHEMAS: dict[str, Any] = {
    "Invocations": {
        "description": "Exactly one of the four forms, and params, which fill inputs by name.",
        "type": "object",
        "properties": {
            "dataframe_split": {
                "type": "object",
                "properties": {"columns": {"type": "array"}, "index": {"type": "array"}, "data": {"type": "array"}},
                "required": ["data"],
                "additionalProperties": False,
            },
            "dataframe_records": {"type": "array", "items": {"type": "object"}},
            "instances": {},
            "inputs": {},
            "params": {"type": ["object", "null"]},
        },
        "oneOf": [{"required": [form]} for form in ("dataframe_split", "dataframe_records", "instances", "inputs")],
    },
    "Predictions": {"type": "object", "properties": {"predictions": {}}, "required": ["predictions"]},
    "ScoringError": {
        "type": "object",
        "properties": {"error_code": {"type": "string"}, "message": {"type": "string"}},
        "required": ["error_code", "message"],
    },
    "Tensor": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "datatype": {"enum": list(TYPES)},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "data": _NUMBERED,
            "parameters": {"type": "object"},
        },
        "required": ["name", "datatype", "shape"],
    },
    "InferRequest": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "inputs": {"type": "array", "items": {"$ref": f"{_SCHEMAS}Tensor"}},
            "outputs": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["inputs"],
    },
    "InferAnswer": {
        "type": "object",
        "properties": {
            "model_name": {"type": "string"},
            "model_version": {"type": "string"},
            "id": {"type": "string"},
            "outputs": {"type": "array", "items": {"$ref": f"{_SCHEMAS}Tensor"}},
        },
        "required": ["model_name", "outputs"],
    },
    "InferError": {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]},
    "CogRequest": {
        "type": "object",
        "properties": {"id": {"type": "string"}, "input": {"$ref": f"{_SCHEMAS}Inputs"}},
    },
    "CogPrediction": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "status": {"enum": ["succeeded", "failed", "canceled"]},
            "input": {},
            "output": {},
            "error": {"type": ["string", "null"]},
            "logs": {"type": "string"},
            "metrics": {"type": "object", "properties": {"predict_time": {"type": "number"}}},
        },
        "required": ["id", "status", "input", "output", "error", "metrics"],
    },
    "CogError": {"type": "object", "properties": {"detail": {}}, "required": ["detail"]},
}


def surface_paths() -> dict[str, Any]:
    """Path items of all protocols but the box's own."""
    return {**_mlflow(), **_open_inference(), **_cog()}


def _mlflow() -> dict[str, Any]:
    forms = {"application/json": _schema("Invocations"), "text/csv": {"schema": {"type": "string"}}}
    answers = {"200": _json("The predictions, in the rows' order", "Predictions")}
    problems = {**_problems("ScoringError"), "415": {"description": "The body is neither JSON nor CSV"}}
    return {
        "/invocations": {
            "post": {
                "operationId": "invocations",
                "summary": "Predict as with mlflow models serve",
                "tags": [_MLFLOW],
                "requestBody": {"required": True, "content": forms},
                "responses": {**answers, **problems},
            }
        },
        "/ping": {"get": _read("ping", "Whether the model is loaded", _MLFLOW, unavailable=True)},
        "/version": {"get": _read("mlflowVersion", "The release of MLflow whose protocol this is", _MLFLOW)},
    }


def _open_inference() -> dict[str, Any]:
    found = {
        "/v2": {"get": _read("serverMetadata", "The server's metadata", _V2)},
        "/v2/health/live": {"get": _read("serverLive", "Whether the server lives", _V2)},
        "/v2/health/ready": {"get": _read("serverReady", "Whether the model is loaded", _V2, unavailable=True)},
    }
    for address, suffix, parameters in (
        ("/v2/models/{name}", "", [_NAME]),
        ("/v2/models/{name}/versions/{version}", "Version", [_NAME, _VERSION]),
    ):
        ready = _read(f"model{suffix}Ready", "Whether the model is loaded", _V2, unavailable=True)
        found[address] = {"get": _of_model(_read(f"model{suffix}Metadata", "Its tensors", _V2), parameters)}
        found[f"{address}/ready"] = {"get": _of_model(ready, parameters)}
        found[f"{address}/infer"] = {"post": _of_model(_infer(f"model{suffix}Infer"), parameters)}
    return found


def _infer(name: str) -> dict[str, Any]:
    binary = {"schema": {"type": "string", "description": "JSON, and after it binary tensor data"}}
    answer = _json("The output tensors", "InferAnswer")
    answer["content"]["application/octet-stream"] = binary
    header = {"name": "Inference-Header-Content-Length", "in": "header", "schema": {"type": "integer"}}
    return {
        "operationId": name,
        "summary": "Predict from tensors",
        "tags": [_V2],
        "parameters": [{**header, "description": "How long the JSON is, where binary tensor data follow it"}],
        "requestBody": {
            "required": True,
            "content": {"application/json": _schema("InferRequest"), "application/octet-stream": binary},
        },
        "responses": {"200": answer, **_problems("InferError"), "404": _json("Another model", "InferError")},
    }


def _cog() -> dict[str, Any]:
    body = {"required": True, "content": {"application/json": _schema("CogRequest")}}
    answer = _json("It ran: status says whether it succeeded", "CogPrediction")
    answer["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    answers = {"200": answer, **_problems("CogError"), "422": _json("An input is wrong", "CogError")}
    create = {"summary": "Predict", "tags": [_COG], "requestBody": body, "responses": answers}
    again = {**create, "operationId": "putPrediction", "parameters": [_PREDICTION]}
    cancel = {
        "operationId": "cancelPrediction",
        "summary": "Call a prediction off that was made with an id",
        "tags": [_COG],
        "parameters": [_PREDICTION],
        "responses": {
            "200": {"description": "Its callers are answered: canceled"},
            "404": {"description": "None runs"},
        },
    }
    return {
        "/predictions": {"post": {**create, "operationId": "createPrediction"}},
        "/predictions/{prediction_id}": {
            "put": {**again, "summary": "Predict, or wait for the prediction with that id if it runs"}
        },
        "/predictions/{prediction_id}/cancel": {"post": cancel},
        "/health-check": {"get": _read("healthCheck", "STARTING, READY or SETUP_FAILED", _COG)},
        "/": {"get": _read("index", "The addresses of Cog's protocol; for browsers, the page of /docs", _COG)},
    }


def _of_model(operation: dict[str, Any], parameters: list[Any]) -> dict[str, Any]:
    missing = {"404": _json("Another model", "InferError")}
    return {
        **operation,
        "parameters": [*parameters, *operation.get("parameters", [])],
        "responses": {**operation["responses"], **missing},
    }


def _read(name: str, summary: str, tag: str, *, unavailable: bool = False) -> dict[str, Any]:
    answers: dict[str, Any] = {"200": {"description": summary}}
    if unavailable:
        answers["503"] = {"description": "It is not (yet)"}
    return {"operationId": name, "summary": summary, "tags": [tag], "responses": answers}


def _problems(schema: str) -> dict[str, Any]:
    told = {
        "400": "The body cannot be read, or does not fit the model",
        "413": "The body is too large",
        "429": "Too many predictions are waiting",
        "500": "The model failed",
        "503": "The model is not loaded, or the request waited too long",
        "504": "The model took too long",
    }
    return {status: _json(words, schema) for status, words in told.items()}


def _json(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": _schema(schema)}}


def _schema(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"{_SCHEMAS}{name}"}}
