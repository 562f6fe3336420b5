"""Evaluates the few expressions whose value can be told from the text: literals, signs, small sums, constants."""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from modelyard.rooms.signatures.modules import Module, Tree
from modelyard.rooms.signatures.names import Defined, Meaning, Value, bases, look_up_expression

MAX_DEPTH = 20
MAX_ITEMS = 10_000
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class NotLiteral(Exception):
    """The expression has no value that the text tells. Caught inside this room."""


def evaluate(  # noqa: PLR0911 (one return for each form)
    tree: Tree, module: Module, node: ast.expr, *, depth: int = 0
) -> Any:
    """The value as JSON-like Python (tuples and sets become lists); raises ``NotLiteral``."""
    tree.spend()
    if depth > MAX_DEPTH:
        raise NotLiteral
    match node:
        case ast.Constant(value=value):
            return json_value(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(tree, module, operand, depth)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(tree, module, operand, depth)
        case ast.BinOp(left=left, op=op, right=right):
            return _calculate(op, _number(tree, module, left, depth), _number(tree, module, right, depth))
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements) if len(elements) < MAX_ITEMS:
            return [evaluate(tree, module, element, depth=depth + 1) for element in elements]
        case ast.Dict(keys=keys, values=values) if len(keys) < MAX_ITEMS:
            return {
                _key(tree, module, k, depth): evaluate(tree, module, v, depth=depth + 1)
                for k, v in _pairs(keys, values)
            }
        case ast.Name() | ast.Attribute():
            return _named(tree, module, node, depth)
    raise NotLiteral


def json_value(value: Any) -> Any:
    """The value if JSON can say it; raises ``NotLiteral`` for bytes, complex numbers, infinities and ``...``."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise NotLiteral


def enum_members(tree: Tree, cls: Defined) -> dict[str, Any]:
    """The members of an ``Enum`` by name, in order; aliases have the value of another member.

    ``auto()`` counts from 1, or gives the lower-case name in a ``StrEnum``. A value that JSON cannot say, or the text
    does not tell, is replaced by the member's name.
    """
    members: dict[str, Any] = {}
    textual = any(getattr(base, "name", "") == "enum.StrEnum" for base in bases(tree, cls))
    for name, value in _assignments(cls):
        members[name] = _member_value(tree, cls, name, value, position=len(members) + 1, textual=textual)
    return members


def _assignments(cls: Defined) -> list[tuple[str, ast.expr]]:
    pairs: list[tuple[str, ast.expr]] = []
    for statement in cls.node.body:
        if isinstance(statement, ast.Assign) and isinstance(target := statement.targets[0], ast.Name):
            pairs.append((target.id, statement.value))
    return [(name, value) for name, value in pairs if not name.startswith("_")]


def _member_value(tree: Tree, cls: Defined, name: str, node: ast.expr, *, position: int, textual: bool) -> Any:
    if isinstance(node, ast.Call):
        is_auto = not node.args and ast.unparse(node.func).rpartition(".")[2] == "auto"
        return (name.lower() if textual else position) if is_auto else name
    try:
        value = evaluate(tree, cls.module, node)
    except NotLiteral:
        return name
    return name if isinstance(value, list | dict) else value


def _named(tree: Tree, module: Module, node: ast.Name | ast.Attribute, depth: int) -> Any:
    if isinstance(node, ast.Attribute):
        owner = look_up_expression(tree, module, node.value)
        if isinstance(owner, Defined) and is_enum(tree, owner):
            return _member(enum_members(tree, owner), node.attr)
        if node.attr == "value" and isinstance(node.value, ast.Attribute):
            return _named(tree, module, node.value, depth)
    meaning: Meaning = look_up_expression(tree, module, node)
    if isinstance(meaning, Value):
        return evaluate(tree, meaning.module, meaning.node, depth=depth + 1)
    raise NotLiteral


def is_enum(tree: Tree, cls: Defined, *, depth: int = 0) -> bool:
    """True for a class that inherits from one of the standard library's enumerations."""
    for base in bases(tree, cls) if depth < 10 else []:
        if getattr(base, "name", "") in {"enum.Enum", "enum.IntEnum", "enum.StrEnum"}:
            return True
        if isinstance(base, Defined) and is_enum(tree, base, depth=depth + 1):
            return True
    return False


def _member(members: dict[str, Any], name: str) -> Any:
    if name not in members:
        raise NotLiteral
    return members[name]


def _number(tree: Tree, module: Module, node: ast.expr, depth: int) -> int | float:
    value = evaluate(tree, module, node, depth=depth + 1)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotLiteral
    return value


def _calculate(op: ast.operator, left: float, right: float) -> int | float:
    if type(op) not in OPERATORS:
        raise NotLiteral
    try:
        result: int | float = json_value(OPERATORS[type(op)](left, right))
    except ArithmeticError as e:
        raise NotLiteral from e
    return result


def _pairs(keys: list[ast.expr | None], values: list[ast.expr]) -> list[tuple[ast.expr, ast.expr]]:
    if any(key is None for key in keys):
        raise NotLiteral
    return [(key, value) for key, value in zip(keys, values, strict=True) if key is not None]


def _key(tree: Tree, module: Module, node: ast.expr, depth: int) -> str:
    key = evaluate(tree, module, node, depth=depth + 1)
    if not isinstance(key, str):
        raise NotLiteral
    return key
