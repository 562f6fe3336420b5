"""The inputs of a version as its signature describes them: which there are, and whether given ones are valid."""

from collections.abc import Callable, Iterator
from datetime import datetime, time
from typing import Any

import jsonschema_rs

from modelyard_box.errors import Problem
from modelyard_box.media import is_url

_MOST_ERRORS = 20
_LONGEST_DETAIL = 300
_UPLOADS = frozenset({"file", "image"})


class Inputs:
    """What ``signature["inputs"]`` says. ``uploads`` are the inputs that take a file or an image.

    ``upload_lists`` are those that take a list of such.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self._properties: dict[str, Any] = schema.get("properties", {})
        self._validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats=_FORMATS)
        names = list(self._properties)
        self.uploads = [name for name in names if _takes_upload(self._properties[name])]
        self.upload_lists = [name for name in names if _lists_uploads(self._properties[name])]
        self.only = names[0] if len(names) == 1 and not schema.get("additionalProperties") else None

    def takes_text(self, name: str) -> bool:
        """Whether a form field of that name is text as it stands, rather than JSON."""
        schema = self._properties.get(name, {})
        kinds = {arm.get("type") for arm in _arms(schema)}
        texts = any(isinstance(choice, str) for arm in _arms(schema) for choice in arm.get("enum", ()))
        return "string" in kinds or texts

    def from_json(self, value: Any) -> dict[str, Any]:
        """Inputs from a JSON body: an object of inputs, or a bare value when there is one input. Raises Problem."""
        if type(value) is dict:
            if self.only is None:
                return self.check(value)
            if self._validator.is_valid(value):
                return value
            bare = {self.only: value}
            return bare if self.only not in value and self._validator.is_valid(bare) else self.check(value)
        if self.only is None:
            raise Problem(422, "invalid-input", "the body must be a JSON object of inputs", errors=[])
        return self.check({self.only: value})

    def are_valid(self, inputs: dict[str, Any]) -> bool:
        """Whether ``check`` would pass them."""
        return bool(self._validator.is_valid(inputs))

    def has_url(self, inputs: dict[str, Any]) -> bool:
        """Whether a file or an image among them is given by its address."""
        if any(is_url(inputs.get(name)) for name in self.uploads):
            return True
        lists = [inputs[name] for name in self.upload_lists if isinstance(inputs.get(name), list)]
        return any(is_url(item) for items in lists for item in items)

    def check(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The same inputs. Raises Problem (422) that names each wrong one. Uploads pass for valid base64 text."""
        plain = inputs
        if any(type(value) is tuple for value in inputs.values()):
            plain = {name: "" if type(value) is tuple else value for name, value in inputs.items()}
        if self._validator.is_valid(plain):
            return inputs
        raise invalid_input(_found(self._validator.iter_errors(plain)))


def invalid_input(errors: list[tuple[list[str | int], str]]) -> Problem:
    """The 422 for errors that are each a path from the inputs and what is wrong there."""
    listed = [
        {"field": str(path[0]) if path else "", "pointer": _pointer(path), "detail": detail} for path, detail in errors
    ]
    first = listed[0] if listed else {"field": "", "detail": "the inputs are invalid"}
    more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
    joint = " " if first["detail"].startswith("is ") else ": "
    place = f"input '{first['field']}'{joint}" if first["field"] else ""
    return Problem(422, "invalid-input", f"{place}{first['detail']}{more}", errors=listed)


def _found(errors: Iterator[Any]) -> list[tuple[list[str | int], str]]:
    found: list[tuple[list[str | int], str]] = []
    for error in errors:
        found += _explain(error)
        if len(found) >= _MOST_ERRORS:
            break
    return found[:_MOST_ERRORS]


def _explain(error: Any) -> list[tuple[list[str | int], str]]:
    """One error of the validator, said of the field that is wrong rather than of the object around it."""
    path, kind = list(error.instance_path), error.kind
    name = type(kind).__name__
    if name == "Required":
        return [([*path, kind.property], "is required")]
    if name == "AdditionalProperties":
        return [
            ([*path, extra], "is not an input" if not path else "is not a known field") for extra in kind.unexpected
        ]
    if name == "AnyOf":
        return _explain_union(path, error)
    return [(path, _shorten(error.message))]


def _explain_union(path: list[str | int], error: Any) -> list[tuple[list[str | int], str]]:
    """The complaint of the arm that came closest; the null arm of an optional input says nothing useful."""
    arms = [arm for arm in error.kind.context if not _is_about_null(arm)]
    if len(arms) == 1:
        return [found for inner in arms[0] for found in _explain(inner)]
    return [(path, _shorten(error.message))]


def _is_about_null(errors: list[Any]) -> bool:
    return len(errors) == 1 and errors[0].message.endswith('is not of type "null"')


def _shorten(text: str) -> str:
    if len(text) <= _LONGEST_DETAIL:
        return text
    half = _LONGEST_DETAIL // 2
    return f"{text[:half]} … {text[-half:]}"


def _pointer(path: list[str | int]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _parses(parse: Callable[[str], Any]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


_FORMATS = {"date-time": _parses(datetime.fromisoformat), "time": _parses(time.fromisoformat)}
"""As Python reads them: RFC 3339, which JSON Schema cites, would refuse times without a zone."""


def _takes_upload(schema: Any) -> bool:
    return any(arm.get("x-modelyard") in _UPLOADS for arm in _arms(schema))


def _lists_uploads(schema: Any) -> bool:
    return any(_takes_upload(arm.get("items")) for arm in _arms(schema))


def _arms(schema: Any) -> list[dict[str, Any]]:
    if not isinstance(schema, dict):
        return []
    return [schema, *(arm for arm in schema.get("anyOf", ()) if isinstance(arm, dict))]
