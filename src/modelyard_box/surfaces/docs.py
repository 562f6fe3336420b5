"""``/docs``: the OpenAPI document for people, as one page without scripts or anything from elsewhere; and ``/``."""

import html
import json
from collections.abc import Iterable
from typing import Any

from modelyard_box import messages
from modelyard_box.config import Box, Settings
from modelyard_box.connection import Connection
from modelyard_box.openapi import build_openapi
from modelyard_box.requests import Request
from modelyard_box.surfaces.cog import INDEX

HTML = "text/html; charset=utf-8"
_POLICY = [
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"),
    ("x-content-type-options", "nosniff"),
]
_STYLE = """
:root {
  color-scheme: light dark;
  --line: #bbb; --soft: #f2f2f2; --accent: #0b5cad; --ink: #1a1a1a; --paper: #fff;
}
@media (prefers-color-scheme: dark) {
  :root { --line: #555; --soft: #222; --accent: #8ec5ff; --ink: #eee; --paper: #121212; }
}
body { color: var(--ink); background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { margin: 0 0 .25rem; } h2 { margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0; display: inline; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; padding: .5rem .75rem; }
summary { cursor: pointer; } a, summary:focus-visible { color: var(--accent); }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: var(--soft); padding: .75rem; border-radius: .4rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
.method { font-weight: 700; display: inline-block; min-width: 3.5rem; }
"""


class DocsSurface:
    """The page is made anew for each request: it is asked for rarely, and a kept one would cost memory."""

    def __init__(self, box: Box, settings: Settings) -> None:
        self._box = box
        self._settings = settings

    def routes(self) -> dict[str, dict[str, Any]]:
        return {"/docs": {"GET": self._docs}, "/": {"GET": self._index}}

    def _docs(self, request: Request, connection: Connection) -> None:
        document = build_openapi(self._box.signature, self._box.card, self._settings.version)
        connection.respond(200, render_docs(document).encode(), HTML, _POLICY)

    def _index(self, request: Request, connection: Connection) -> None:
        """People get the page, programs Cog's index."""
        if "text/html" in request.headers.get("accept", ""):
            self._docs(request, connection)
        else:
            connection.respond(200, messages.dump(INDEX), messages.JSON, [("vary", "accept")])


def render_docs(document: dict[str, Any]) -> str:
    """The whole page."""
    info = document["info"]
    title = _text(info["title"])
    parts = [
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}: API</title>\n',
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{_STYLE}</style>\n</head>\n',
        f"<body>\n<main>\n<h1>{title}</h1>\n<p>Version {_text(info['version'])}. ",
        'The same for programs: <a href="openapi.json">openapi.json</a>.</p>\n',
        f"<p>{_text(info['description'])}</p>\n" if info.get("description") else "",
        *_inputs(document),
        *_operations(document),
        "</main>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def _inputs(document: dict[str, Any]) -> Iterable[str]:
    schemas = document["components"]["schemas"]
    inputs = schemas["Inputs"]
    required = inputs.get("required", [])
    yield "<h2>Inputs</h2>\n<table>\n<thead><tr><th scope='col'>Name</th><th scope='col'>Type</th>"
    yield "<th scope='col'>Required</th><th scope='col'>Description</th></tr></thead>\n<tbody>\n"
    for name, schema in inputs.get("properties", {}).items():
        words = schema.get("description", "") if isinstance(schema, dict) else ""
        need = "yes" if name in required else f"no{_default(schema)}"
        yield f"<tr><th scope='row'><code>{_text(name)}</code></th><td><code>{_text(_type(schema))}</code></td>"
        yield f"<td>{need}</td><td>{_text(words)}</td></tr>\n"
    yield f"</tbody>\n</table>\n<h2>Output</h2>\n{_pre(schemas['Output'])}"


def _operations(document: dict[str, Any]) -> Iterable[str]:
    groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for address, methods in document["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict):
                groups.setdefault(operation.get("tags", ["Box"])[0], []).append((address, method, operation))
    for group, operations in groups.items():
        yield f"<h2>{_text(group)}</h2>\n"
        for address, method, operation in operations:
            yield from _operation(address, method, operation)


def _operation(address: str, method: str, operation: dict[str, Any]) -> Iterable[str]:
    yield f'<details>\n<summary><span class="method">{_text(method.upper())}</span> '
    yield f"<h3><code>{_text(address)}</code></h3> {_text(operation.get('summary', ''))}</summary>\n"
    if operation.get("description"):
        yield f"<p>{_text(operation['description'])}</p>\n"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body: <code>{_text(kind)}</code></p>\n"
        yield _pre(content.get("example", content.get("schema", {})))
    yield "<table>\n<thead><tr><th scope='col'>Status</th><th scope='col'>Answer</th></tr></thead>\n<tbody>\n"
    for status, response in operation["responses"].items():
        kinds = ", ".join(response.get("content", {}))
        yield f"<tr><th scope='row'>{_text(status)}</th><td>{_text(response.get('description', ''))}"
        yield f" <code>{_text(kinds)}</code></td></tr>\n"
    yield "</tbody>\n</table>\n</details>\n"


def _type(schema: Any) -> str:
    """A schema in a few words."""
    if not isinstance(schema, dict):
        return "anything"
    if mark := schema.get("x-modelyard"):
        return str(mark)
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if choices := [json.dumps(choice, ensure_ascii=False) for choice in schema.get("enum", ())]:
        return " or ".join(choices)
    return " or ".join(map(_type, schema["anyOf"])) if "anyOf" in schema else _plain_type(schema)


def _plain_type(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "anything")
    if kind == "array" and schema.get("items"):
        return f"list of {_type(schema['items'])}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _default(schema: Any) -> str:
    if not isinstance(schema, dict) or "default" not in schema:
        return ""
    return f", else <code>{_text(json.dumps(schema['default'], ensure_ascii=False))}</code>"


def _pre(content: Any) -> str:
    return f'<pre tabindex="0">{_text(json.dumps(content, indent=2, ensure_ascii=False))}</pre>\n'


def _text(content: Any) -> str:
    return html.escape(str(content))
