"""The OpenAPI 3.1 document of a box, from its signature."""

from typing import Any

from modelyard_box.inputs import Inputs
from modelyard_box.surfaces.described import SCHEMAS, surface_paths

_DEFS = "#/$defs/"
_SCHEMAS = "#/components/schemas/"


def build_openapi(signature: dict[str, Any], card: dict[str, Any], version: str | None) -> dict[str, Any]:
    """The whole document. Addresses are relative to it, so that it holds behind every gateway."""
    inputs, output = _hoisted(signature["inputs"]), _hoisted(signature.get("output", {}))
    schemas = {
        **_definitions(signature["inputs"]),
        **_definitions(signature.get("output", {})),
        "Inputs": inputs,
        "Output": output,
        "Prediction": _object({"output": {"$ref": f"{_SCHEMAS}Output"}, "id": {"type": "string", "format": "uuid"}}),
        "Problem": _PROBLEM,
        **SCHEMAS,
    }
    return {
        "openapi": "3.1.0",
        "info": _without_none(
            {"title": card.get("title") or "Model", "description": card.get("description"), "version": version or "0"}
        ),
        "servers": [{"url": "./"}],
        "paths": {
            "/predict": {"post": {**_predict(signature, card), "operationId": "predict"}},
            "/model/predict": {"post": {**_predict(signature, card), "operationId": "modelPredict"}},
            "/model/data": {"get": _read("modelData", "What the model is: its card and signature")},
            "/health": {"get": _read("health", "Whether the model is loaded", unavailable=True)},
            "/metrics": {"get": _page("metrics", "Counters and times, for Prometheus", "text/plain")},
            "/openapi.json": {"get": _read("openapi", "This document")},
            "/docs": {"get": _page("docs", "This document, as a page", "text/html")},
            **surface_paths(),
        },
        "components": {"schemas": schemas},
    }


def _predict(signature: dict[str, Any], card: dict[str, Any]) -> dict[str, Any]:
    body = {"schema": {"$ref": f"{_SCHEMAS}Inputs"}}
    if "example" in card:
        body["example"] = card["example"]
    content: dict[str, Any] = {"application/json": body}
    uploads = Inputs(signature["inputs"]).uploads
    if uploads:
        content["multipart/form-data"] = {"schema": _form(signature["inputs"], uploads)}
    if len(uploads) == 1:
        content["application/octet-stream"] = {}
    return {
        "summary": "Predict",
        "requestBody": {"required": True, "content": content},
        "responses": {"200": _answer(signature), **{status: _problem(words) for status, words in _PROBLEMS.items()}},
    }


def _answer(signature: dict[str, Any]) -> dict[str, Any]:
    header = {"X-Prediction-Id": {"schema": {"type": "string", "format": "uuid"}}}
    if not signature.get("streams"):
        schema = {"$ref": f"{_SCHEMAS}Prediction"}
        return {"description": "The prediction", "headers": header, "content": {"application/json": {"schema": schema}}}
    item = {"type": "string", "description": 'One JSON document for each item, {"output": …}, and {"done": true} last'}
    content = {"application/x-ndjson": {"schema": item}, "text/event-stream": {"schema": item}}
    return {"description": "The items of the prediction as they are made", "headers": header, "content": content}


def _form(inputs: dict[str, Any], uploads: list[str]) -> dict[str, Any]:
    """The inputs with their files as they are in a form: bytes instead of base64 text."""
    form = _hoisted(inputs)
    return {**form, "properties": {**form["properties"], **{name: {"type": "string"} for name in uploads}}}


def _read(name: str, summary: str, *, unavailable: bool = False) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    responses = {"200": {"description": summary, "content": content}}
    if unavailable:
        responses["503"] = {"description": "It is not (yet)", "content": content}
    return {"operationId": name, "summary": summary, "responses": responses}


def _page(name: str, summary: str, kind: str) -> dict[str, Any]:
    content = {kind: {"schema": {"type": "string"}}}
    return {"operationId": name, "summary": summary, "responses": {"200": {"description": summary, "content": content}}}


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": f"{_SCHEMAS}Problem"}}},
    }


def _definitions(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: _hoisted(definition) for name, definition in schema.get("$defs", {}).items()}


def _hoisted(schema: Any) -> Any:
    """The schema with its references pointing at the document's components, and without its own definitions."""
    if isinstance(schema, list):
        return [_hoisted(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    hoisted = {key: _hoisted(value) for key, value in schema.items() if key != "$defs"}
    if isinstance(reference, str) and reference.startswith(_DEFS):
        hoisted["$ref"] = _SCHEMAS + reference.removeprefix(_DEFS)
    return hoisted


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}


_PROBLEMS = {
    "400": "The body cannot be read",
    "413": "The body is too large",
    "415": "The body is of a type that the model does not take",
    "422": "An input is wrong; `errors` names each",
    "429": "Too many predictions are waiting",
    "500": "The model failed",
    "503": "The model is not loaded, or the request waited too long",
    "504": "The model took too long",
}
_ERROR = {
    "type": "object",
    "properties": {"field": {"type": "string"}, "pointer": {"type": "string"}, "detail": {"type": "string"}},
}
_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": _ERROR},
    },
    "required": ["type", "title", "status", "code", "detail"],
}
