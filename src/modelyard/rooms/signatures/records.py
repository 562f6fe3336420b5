"""Reads the fields of dataclasses, ``TypedDict`` and Pydantic classes from their bodies."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modelyard.rooms.signatures.docs import read_docstring
from modelyard.rooms.signatures.fields import MISSING, FieldNote, read_field
from modelyard.rooms.signatures.modules import Module, Tree
from modelyard.rooms.signatures.names import Defined, Meaning, Outside, bases, canonical, look_up_expression
from modelyard.rooms.signatures.values import NotLiteral, evaluate

DATACLASSES = {"dataclasses.dataclass", "pydantic.dataclasses.dataclass"}
MAX_ANCESTORS = 20


@dataclass(frozen=True, slots=True)
class RecordField:
    """One field; ``words`` are constraints and descriptions, ``default`` is ``MISSING`` where JSON cannot say it."""

    name: str
    annotation: ast.expr
    module: Module
    is_required: bool
    words: dict[str, Any]
    default: Any = MISSING


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a class in the order of its constructor; ``is_closed`` when other keys are an error."""

    fields: tuple[RecordField, ...]
    is_closed: bool
    description: str


def read_record(tree: Tree, cls: Defined) -> Record | None:
    """The record that a class is, inherited fields first; None for any other class."""
    line = _ancestors(tree, cls)
    outside = {name for ancestor in line for name in _outside_bases(tree, ancestor)}
    if "pydantic.BaseModel" in outside:
        return _record(tree, line, _pydantic_field, is_closed=any(_forbids_extra(a) for a in line))
    if "typing.TypedDict" in outside:
        return _record(tree, line, _typed_dict_field, is_closed=True)
    if _is_dataclass(tree, cls):
        return _record(tree, [a for a in line if _is_dataclass(tree, a)], _dataclass_field, is_closed=True)
    return None


def _ancestors(tree: Tree, cls: Defined) -> list[Defined]:
    """The class and what it inherits from in the tree, the most distant first, each once."""
    line: list[Defined] = []
    pending = [cls]
    while pending and len(line) < MAX_ANCESTORS:
        current = pending.pop()
        if not any(current.node is known.node for known in line):
            line.append(current)
            pending.extend(base for base in bases(tree, current) if isinstance(base, Defined))
    return line[::-1]


def _record(tree: Tree, line: list[Defined], read: Any, *, is_closed: bool) -> Record:
    fields: dict[str, RecordField] = {}
    for cls in line:
        described = read_docstring(cls.node).parameters
        for name, statement in _annotated_names(cls.node):
            found = read(tree, cls, name, statement)
            if found is not None:
                fields[name] = _described(found, described.get(name))
    return Record(tuple(fields.values()), is_closed, read_docstring(line[-1].node).summary)


def _annotated_names(node: ast.stmt) -> Iterator[tuple[str, ast.AnnAssign]]:
    for statement in getattr(node, "body", []):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, statement


def _described(field: RecordField, text: str | None) -> RecordField:
    if not text or "description" in field.words:
        return field
    words = {**field.words, "description": text}
    return RecordField(field.name, field.annotation, field.module, field.is_required, words, field.default)


def _pydantic_field(tree: Tree, cls: Defined, name: str, statement: ast.AnnAssign) -> RecordField | None:
    if name == "model_config" or name.startswith("_"):
        return None
    return _dataclass_field(tree, cls, name, statement)


def _dataclass_field(tree: Tree, cls: Defined, name: str, statement: ast.AnnAssign) -> RecordField | None:
    if _head(tree, cls.module, statement.annotation) == "typing.ClassVar":
        return None
    note = read_default(tree, cls.module, statement.value)
    note = (
        note if note.default is not MISSING or note.is_optional else _default_inside(tree, cls.module, statement, note)
    )
    if not note.is_input:
        return None
    return RecordField(
        note.alias or name, statement.annotation, cls.module, not note.is_optional, note.words, note.default
    )


def _typed_dict_field(tree: Tree, cls: Defined, name: str, statement: ast.AnnAssign) -> RecordField | None:
    keywords = cls.node.keywords if isinstance(cls.node, ast.ClassDef) else []
    is_total = not any(k.arg == "total" and isinstance(k.value, ast.Constant) and not k.value.value for k in keywords)
    head = _head(tree, cls.module, statement.annotation)
    required = head == "typing.Required" or (is_total and head != "typing.NotRequired")
    return RecordField(name, statement.annotation, cls.module, required, {})


def read_default(tree: Tree, module: Module, node: ast.expr | None) -> FieldNote:
    """What stands behind ``=``: nothing, a value, or a ``Field(...)``."""
    if node is None:
        return FieldNote()
    if isinstance(node, ast.Constant) and node.value is Ellipsis:
        return FieldNote()
    if isinstance(node, ast.Call) and (note := read_field(tree, module, node)):
        return note
    try:
        return FieldNote(default=evaluate(tree, module, node), is_optional=True)
    except NotLiteral:
        return FieldNote(is_optional=True)


def _default_inside(tree: Tree, module: Module, statement: ast.AnnAssign, note: FieldNote) -> FieldNote:
    """A default and alias given as ``Annotated[T, Field(default=…)]``."""
    inside = annotated_field(tree, module, statement.annotation)
    if inside is None:
        return note
    return FieldNote(note.words, inside.default, inside.is_optional, note.alias or inside.alias, note.is_input)


def annotated_field(tree: Tree, module: Module, node: ast.expr) -> FieldNote | None:
    """The ``Field(...)`` inside ``Annotated[…]`` that gives a default or an alias; None where there is none."""
    if _head(tree, module, node) != "typing.Annotated":
        return None
    assert isinstance(node, ast.Subscript)
    metadata = node.slice.elts[1:] if isinstance(node.slice, ast.Tuple) else []
    notes = [read_field(tree, module, item) for item in metadata if isinstance(item, ast.Call)]
    return next((note for note in notes if note and (note.is_optional or note.alias)), None)


def _head(tree: Tree, module: Module, node: ast.expr) -> str:
    """The dotted name before the brackets, or of the whole annotation; empty when it is of the tree."""
    meaning = look_up_expression(tree, module, node.value if isinstance(node, ast.Subscript) else node)
    return canonical(meaning.name) if isinstance(meaning, Outside) else ""


def _outside_bases(tree: Tree, cls: Defined) -> set[str]:
    names = {canonical(base.name) for base in bases(tree, cls) if isinstance(base, Outside)}
    return {"pydantic.BaseModel" if name == "pydantic.main.BaseModel" else name for name in names}


def _is_dataclass(tree: Tree, cls: Defined) -> bool:
    heads: list[Meaning] = []
    for decorator in cls.node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        heads.append(look_up_expression(tree, cls.module, function))
    return any(isinstance(head, Outside) and head.name in DATACLASSES for head in heads)


def _forbids_extra(cls: Defined) -> bool:
    """True when ``model_config`` (or the older ``class Config``) says ``extra="forbid"``."""
    for statement in cls.node.body:
        is_config = isinstance(statement, ast.ClassDef) and statement.name == "Config"
        targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        if is_config or any(isinstance(t, ast.Name) and t.id == "model_config" for t in targets):
            text = ast.unparse(statement).replace("'", '"')
            if any(form in text for form in ('extra="forbid"', '"extra": "forbid"', 'extra = "forbid"')):
                return True
    return False
