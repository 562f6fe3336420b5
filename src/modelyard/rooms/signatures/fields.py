"""Constraints and descriptions that stand beside a type: ``Field(ge=0)``, ``annotated_types.Ge(0)``, ``Doc("…")``."""

import ast
import re
from dataclasses import dataclass, field
from typing import Any

from modelyard.rooms.signatures.kinds import INPUT_KINDS
from modelyard.rooms.signatures.modules import Module, Tree
from modelyard.rooms.signatures.names import Outside, look_up_expression
from modelyard.rooms.signatures.schemas import Schema
from modelyard.rooms.signatures.values import NotLiteral, evaluate

FIELD_CALLS = {"pydantic.Field", "pydantic.fields.Field", "dataclasses.field"}
NUMBER_WORDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}
LENGTH_WORDS = {
    "string": {"min_length": "minLength", "max_length": "maxLength"},
    "array": {"min_length": "minItems", "max_length": "maxItems"},
    "object": {"min_length": "minProperties", "max_length": "maxProperties"},
}
PLAIN_WORDS = ("title", "description", "examples")
EXTRA = "json_schema_extra"
OLD_WORDS = {"regex": "pattern", "min_items": "min_length", "max_items": "max_length", "min_len": "min_length"}
SHORT_FORMS = {
    "Ge": ("ge",),
    "Gt": ("gt",),
    "Le": ("le",),
    "Lt": ("lt",),
    "MultipleOf": ("multiple_of",),
    "MinLen": ("min_length",),
    "MaxLen": ("max_length",),
    "Len": ("min_length", "max_length"),
    "Interval": (),
}
PYTHON_ONLY_PATTERN = re.compile(r"\(\?(?![:=!])|\\[AZzGQE]|[*+?}]\+")
MAX_PATTERN = 1000
MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class FieldNote:
    """What one ``Field(...)`` or its like says. ``default`` is ``MISSING`` where there is none that JSON can say."""

    words: dict[str, Any] = field(default_factory=dict)
    default: Any = MISSING
    is_optional: bool = False
    alias: str | None = None
    is_input: bool = True


def read_field(tree: Tree, module: Module, node: ast.expr) -> FieldNote | None:
    """Reads one piece of metadata of ``Annotated`` or a default; None where it is something else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return FieldNote(words={"description": node.value})
    if not isinstance(node, ast.Call):
        return None
    meaning = look_up_expression(tree, module, node.func)
    return _read_known(tree, module, node, meaning.name) if isinstance(meaning, Outside) else None


def read_constraints(tree: Tree, module: Module, node: ast.Call) -> dict[str, Any]:
    """The keywords of a call such as ``conint(ge=0)`` that can be told."""
    return _read_words(tree, module, node, ())


def apply_words(schema: Schema, words: dict[str, Any]) -> tuple[Schema, list[str]]:
    """The schema with the constraints that its type can bear, and the names of those that were left out.

    Constraints of a union go to each branch that can bear them; titles and descriptions stay with the whole.
    """
    plain = {word: words[word] for word in PLAIN_WORDS if _is_plain(word, words.get(word))}
    plain |= _input_kind(schema, words.get(EXTRA))
    rest = {word: value for word, value in words.items() if word not in (*PLAIN_WORDS, EXTRA)}
    if "anyOf" not in schema:
        constrained, left = _constrain(schema, rest)
        return {**constrained, **plain}, left
    branches = [_constrain(branch, rest) for branch in schema["anyOf"]]
    left = [word for word in rest if all(word in unused for _, unused in branches)]
    return {**schema, "anyOf": [branch for branch, _ in branches], **plain}, left


def _input_kind(schema: Schema, extra: Any) -> Schema:
    """What ``Field(json_schema_extra={"x-modelyard": …})`` makes of a path that an operation is given."""
    kind = extra.get("x-modelyard") if isinstance(extra, dict) else None
    is_path = schema.get("x-modelyard") in INPUT_KINDS and "contentEncoding" not in schema
    return {"x-modelyard": kind} if is_path and kind in INPUT_KINDS else {}


def _read_known(tree: Tree, module: Module, node: ast.Call, callee: str) -> FieldNote | None:
    home, _, name = callee.rpartition(".")
    if callee in FIELD_CALLS:
        return _read_call(tree, module, node)
    if home == "annotated_types" and name in SHORT_FORMS:
        return FieldNote(words=_read_words(tree, module, node, SHORT_FORMS[name]))
    return FieldNote(words=_read_words(tree, module, node, ("description",))) if name == "Doc" else None


def _read_call(tree: Tree, module: Module, node: ast.Call) -> FieldNote:
    keywords = {k.arg: k.value for k in node.keywords if k.arg}
    first = node.args[0] if node.args else keywords.get("default")
    required = first is None or (isinstance(first, ast.Constant) and first.value is Ellipsis)
    alias = next((keywords[word] for word in ("validation_alias", "alias") if word in keywords), None)
    return FieldNote(
        words=_read_words(tree, module, node, ()),
        default=MISSING if required or first is None else _value(tree, module, first),
        is_optional=not required or "default_factory" in keywords,
        alias=alias.value if isinstance(alias, ast.Constant) and isinstance(alias.value, str) else None,
        is_input=not _is_false(keywords.get("init")),
    )


def _read_words(tree: Tree, module: Module, node: ast.Call, positional: tuple[str, ...]) -> dict[str, Any]:
    given = [*zip(positional, node.args, strict=False), *((k.arg, k.value) for k in node.keywords if k.arg)]
    known = {*NUMBER_WORDS, *PLAIN_WORDS, EXTRA, "min_length", "max_length", "pattern"}
    words = {OLD_WORDS.get(name, name): _value(tree, module, value) for name, value in given}
    return {
        name: value for name, value in words.items() if name in known and value is not MISSING and value is not None
    }


def _constrain(schema: Schema, words: dict[str, Any]) -> tuple[Schema, list[str]]:
    added: Schema = {}
    for word, value in words.items():
        keyword = _keyword(schema, word)
        if keyword and _is_fitting(keyword, value):
            added[keyword] = value
    unused = [word for word in words if _keyword(schema, word) not in added]
    return {**schema, **added}, unused


def _keyword(schema: Schema, word: str) -> str | None:
    kind = schema.get("type")
    if word in NUMBER_WORDS:
        return NUMBER_WORDS[word] if kind in {"integer", "number"} else None
    if "contentEncoding" in schema:
        return None  # a length in bytes is not one of its Base64 text
    if word == "pattern":
        return "pattern" if kind == "string" else None
    return LENGTH_WORDS.get(str(kind), {}).get(word)


def _is_fitting(keyword: str, value: Any) -> bool:
    if keyword == "pattern":
        return _is_portable_pattern(value)
    if isinstance(value, bool):
        return False
    if keyword in NUMBER_WORDS.values():
        return isinstance(value, int | float) and (keyword != "multipleOf" or value > 0)
    return isinstance(value, int) and value >= 0


def _is_portable_pattern(pattern: Any) -> bool:
    """True for a regular expression that means the same in ECMA 262, which JSON Schema asks for."""
    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN or PYTHON_ONLY_PATTERN.search(pattern):
        return False
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _is_plain(word: str, value: Any) -> bool:
    return isinstance(value, list if word == "examples" else str)


def _value(tree: Tree, module: Module, node: ast.expr) -> Any:
    try:
        return evaluate(tree, module, node)
    except NotLiteral:
        return MISSING


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
