"""Requests made from the OpenAPI document: each operation with every identifier that it takes, so that a new route is
asked as soon as it is there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PLAIN = {"number": 1, "alias": "production", "path": "a.csv", "row": 0, "branch": "main", "revision": "main"}
"""What paths say that names nothing of anybody's."""
BODY_NAMES = {
    "upload": "upload_id",
    "archive": "upload_id",
    "source": "upload_id",
    "artifact": "upload_id",
    "requirements": "upload_id",
    "config": "upload_id",
    "uploads": "upload_id",
    "labels": "upload_id",
    "experiment_id": "experiment_id",
    "experiment": "experiment_id",
    "run": "run_id",
    "pinned": "run_id",
    "owner": "owner",
    "secret": "secret",
    "dataset": "dataset",
    "model": "model",
    "repository": "model",
    "account": "username",
}
"""Names in bodies and queries → whose identifier they take."""
METHODS = ("get", "head", "put", "post", "patch", "delete")
LAST = ("delete", "post", "put", "patch", "head", "get")


@dataclass(frozen=True)
class Asked:
    """A request, and whether it speaks of something of Alice's beside the address in its path."""

    operation: str
    method: str
    path: str
    body: Any
    query: dict[str, Any]
    media_type: str | None
    names_foreign: bool


def requests(document: dict[str, Any], ids: dict[str, str], owner: str, name: str) -> Iterator[Asked]:
    """All operations on the repository ``owner/name``, with all other identifiers from ``ids``; what destroys last."""
    for method, template, operation in sorted(_operations(document), key=_destroys):
        places = {**ids, **PLAIN, "owner": owner, "name": name}
        parameters = _parameters(operation, "path")
        path = template.format(**{each: places[each] for each in parameters})
        foreign = bool(set(parameters) - {"owner", "name", *PLAIN})
        for query, speaks in _queries(operation, ids):
            for media_type, body, carries in _bodies(document, operation, ids):
                yield Asked(
                    operation["operationId"], method, path, body, query, media_type, foreign or speaks or carries
                )


def unknown_names(document: dict[str, Any], ids: dict[str, str]) -> set[str]:
    """Identifiers that operations take and that nobody here has a value for."""
    found: set[str] = set()
    for _, _, operation in _operations(document):
        found |= set(_parameters(operation, "path")) - {"owner", "name", *PLAIN, *ids}
        for schema in _body_schemas(operation).values():
            found |= {p[-1] for p, each in _leaves(document, schema) if _is_id(each)} - set(BODY_NAMES)
    return found


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def _destroys(asked: tuple[str, str, dict[str, Any]]) -> tuple[int, int, str]:
    method, path, _ = asked
    return -LAST.index(method), -path.count("/"), path


def _parameters(operation: dict[str, Any], place: str) -> list[str]:
    return [each["name"] for each in operation.get("parameters", ()) if each["in"] == place]


def _queries(operation: dict[str, Any], ids: dict[str, str]) -> Iterator[tuple[dict[str, Any], bool]]:
    """With what must be there; then with each identifier, alone."""
    asked = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
    plain = {each["name"]: "a.csv" if each["name"] == "path" else "main" for each in asked if each.get("required")}
    yield plain, False
    for each in asked:
        if each["name"] in BODY_NAMES:
            yield plain | {each["name"]: ids[BODY_NAMES[each["name"]]]}, False


def _bodies(
    document: dict[str, Any], operation: dict[str, Any], ids: dict[str, str]
) -> Iterator[tuple[str | None, Any, bool]]:
    """With what must be there; then for each identifier that a body can carry one that carries it."""
    schemas = _body_schemas(operation)
    if not schemas:
        yield None, None, False
    for media_type, schema in schemas.items():
        if "json" not in media_type:
            yield media_type, b"x", False
            continue
        plain = _sample(document, schema)
        yield media_type, plain, False
        for path, leaf in _leaves(document, schema):
            if path[-1] in BODY_NAMES:
                value = ids[BODY_NAMES[path[-1]]]
                yield media_type, _with(plain, path, [value] if leaf.get("type") == "array" else value), True


def _body_schemas(operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    return {media_type: each.get("schema", {}) for media_type, each in content.items()}


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _resolved(document, document["components"]["schemas"][name])
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            return _resolved(document, each)
    return schema


def _leaves(
    document: dict[str, Any], schema: dict[str, Any], path: tuple[str, ...] = (), depth: int = 0
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every property, also of objects within: its path (``*`` for any key, ``0`` for an item) and schema."""
    schema = _resolved(document, schema)
    if depth > 6:
        return
    for name, each in schema.get("properties", {}).items():
        resolved = _resolved(document, each)
        if resolved.get("properties") or resolved.get("additionalProperties"):
            yield from _leaves(document, resolved, (*path, name), depth + 1)
        elif _resolved(document, resolved.get("items", {})).get("properties"):
            yield from _leaves(document, resolved["items"], (*path, name, "0"), depth + 1)
        else:
            yield (*path, name), resolved
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        yield from _leaves(document, more, (*path, "*"), depth + 1)


def _is_id(schema: dict[str, Any]) -> bool:
    return schema.get("format") == "uuid" or schema.get("items", {}).get("format") == "uuid"


def _sample(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Something that the schema allows, with what must be there and nothing else."""
    schema = _resolved(document, schema)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", ())
            return {name: _sample(document, schema["properties"][name]) for name in wanted}
        case "array":
            return [_sample(document, schema["items"]) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return _text(schema)


def _text(schema: dict[str, Any]) -> str:
    if schema.get("format") == "uuid":
        return "01a1fd56-288a-738b-9efe-03ceb13da0bc"
    if "/" in schema.get("pattern", ""):
        return "some/thing"
    return "word-for-word" if schema.get("maxLength", 99) > 12 else "word"


def _with(body: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    first, rest = path[0], path[1:]
    if first == "0":
        return [_with({}, rest, value)]
    key = "x" if first == "*" else first
    inside = body.get(key) if isinstance(body, dict) else None
    return {**(body if isinstance(body, dict) else {}), key: _with(inside if inside is not None else {}, rest, value)}
