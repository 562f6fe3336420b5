"""Parameters and inputs of a run from the command line, read by its form."""

from collections.abc import Iterable, Sequence
from typing import Any

from modelyard.apps.cli.exits import UsageError
from modelyard.apps.cli.inputs import kind_of, read_value, resolved
from modelyard.apps.cli.output import print_table, results
from modelyard_client.answers import Form


def read_parameters(given: Sequence[str], form: Form) -> dict[str, Any]:
    """Parameters by name from ``name=value``, typed by the form's schema; ``@file`` reads a value from a file.

    Raises ``UsageError``, which names the parameter and says what there is.
    """
    schema = form["parameters"]
    known: dict[str, Any] = schema.get("properties", {})
    values: dict[str, Any] = {}
    for name, text in _pairs("--param", given):
        if name not in known and schema.get("additionalProperties") is False:
            raise UsageError(f"There is no parameter '{name}'.", remedy=_takes(_described(known)))
        values[name] = read_value(f"--param {name}=", text, resolved(known.get(name, {}), schema))
    missing = [name for name in schema.get("required", []) if name not in values and "default" not in known[name]]
    if missing:
        raise UsageError(f"The parameter '{missing[0]}' is missing.", remedy=_takes(_described(known)))
    return values


def read_inputs(given: Sequence[str], form: Form) -> dict[str, list[str]]:
    """Sources by the input's name, from ``name=source``. Raises ``UsageError``, as ``read_parameters``."""
    known = {field["name"]: field for field in form["inputs"]}
    sources: dict[str, list[str]] = {}
    for name, text in _pairs("--in", given):
        if name not in known:
            raise UsageError(f"There is no input '{name}'.", remedy=_takes(known))
        sources.setdefault(name, []).append(text)
    missing = [name for name, field in known.items() if field["required"] and name not in sources]
    if missing:
        raise UsageError(f"The input '{missing[0]}' is missing.", remedy=f"Write --in {missing[0]}=owner/data@v2.")
    return sources


def show_form(form: Form) -> None:
    """Inputs and parameters for people, one a line."""
    rows = [
        (f"--in {field['name']}=", field["kind"], "" if field["required"] else "optional", field["description"])
        for field in form["inputs"]
    ]
    schema = form["parameters"]
    for name, part in schema.get("properties", {}).items():
        what = resolved(part, schema)
        kind = kind_of(what).lower()
        rows.append((f"--param {name}=", kind, _default(name, part, schema), _about({**what, **part})))
    if not rows:
        results.print("It takes no inputs and no parameters.")
        return
    print_table(("option", "kind", "default", "about"), rows)


def _pairs(option: str, given: Iterable[str]) -> Iterable[tuple[str, str]]:
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"'{option} {pair}' is not understood.", remedy=f"Write {option} name=value.")
        yield name, text


def _described(known: dict[str, Any]) -> list[str]:
    return [f"{name}={kind_of(part)}" for name, part in known.items()]


def _takes(names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f"It takes {listed}." if listed else "It takes none."


def _default(name: str, part: dict[str, Any], schema: dict[str, Any]) -> str:
    if "default" in part:
        return str(part["default"])
    return "" if name in schema.get("required", []) else "optional"


def _about(part: dict[str, Any]) -> str:
    bounds = [f"{sign} {part[key]}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in part]
    words = [str(part.get("description", "")), f"({', '.join(bounds)})" if bounds else ""]
    return " ".join(word for word in words if word)
