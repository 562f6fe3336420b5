"""Writes docs/reference from the code: settings, error codes, routes. ``--check`` only says whether they are fresh."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import modelyard
from modelyard.apps.server import create_api
from modelyard.apps.settings import Settings
from modelyard.kit.errors import ModelyardError
from modelyard.kit.http import api_routes, declared_policies

FOLDER = Path(__file__).parents[1] / "docs" / "reference"


def main() -> int:
    pages = {"settings.md": settings_page(), "errors.md": errors_page(), "routes.md": routes_page()}
    stale = [
        name for name, text in pages.items() if not (FOLDER / name).exists() or (FOLDER / name).read_text() != text
    ]
    if "--check" in sys.argv[1:]:
        for name in stale:
            sys.stderr.write(f"docs/reference/{name} is stale: run .venv/bin/python scripts/reference.py\n")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (FOLDER / name).write_text(text)
    return 0


def settings_page() -> str:
    rows = [
        f"| `MODELYARD_{name.upper()}` | {field.description} | {_default(name, field)} |"
        for name, field in Settings.model_fields.items()
    ]
    return _page(
        "Settings",
        "Environment variables of the server. Lists are JSON, durations seconds or ISO 8601, sizes bytes.",
        ["| variable | what it sets | default |", "| --- | --- | --- |", *rows],
    )


def errors_page() -> str:
    rows = [f"| `{kind.code}` | {kind.status} | {kind.title} |" for kind in sorted(error_kinds(), key=lambda k: k.code)]
    return _page(
        "Error codes",
        "Every error is `application/problem+json` (RFC 9457) with a stable `code`, what was wrong (`detail`) and what "
        "to do (`remedy`).",
        ["| code | status | meaning |", "| --- | --- | --- |", *rows],
    )


def routes_page() -> str:
    rows = []
    for route in sorted(api_routes(create_api()), key=lambda r: (r.path, sorted(r.methods or ()))):
        policies = ", ".join(sorted(declared_policies(route)))
        summary = (route.endpoint.__doc__ or "").strip().split("\n")[0]
        rows.append(f"| `{'/'.join(sorted(route.methods or ()))}` | `{route.path}` | {policies} | {summary} |")
    return _page(
        "Routes",
        "Every address of the server but `/serve/…` (the box's own surfaces) and the policies that guard it. The API "
        "is described in full at `/api/docs`.",
        ["| method | address | who may | what it does |", "| --- | --- | --- | --- |", *rows],
    )


def error_kinds() -> list[type[ModelyardError]]:
    """Every kind of error that the server can answer with."""
    for module in pkgutil.walk_packages(modelyard.__path__, "modelyard."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return sorted(set(_subclasses(ModelyardError)), key=lambda k: k.__name__)


def _subclasses(kind: type[ModelyardError]) -> Iterator[type[ModelyardError]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from _subclasses(inner)


def _default(name: str, field: object) -> str:
    if name == "data_dir":
        return "`~/.local/share/modelyard`"
    value = getattr(field, "default", None)
    return "" if value in (None, "", ()) else f"`{getattr(value, 'value', value)}`"


def _page(title: str, lead: str, lines: list[str]) -> str:
    note = "<!-- Written by scripts/reference.py; do not edit. -->"
    return "\n".join([f"# {title}", "", note, "", lead, "", *lines, ""])


if __name__ == "__main__":
    sys.exit(main())
