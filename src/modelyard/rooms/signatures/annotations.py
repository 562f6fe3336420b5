"""Turns the syntax tree of a type annotation into JSON Schema. Unknown types become permissive, with a note."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelyard.rooms.signatures import kinds
from modelyard.rooms.signatures.fields import MISSING, apply_words, read_constraints, read_field
from modelyard.rooms.signatures.modules import Module, TooComplex, Tree
from modelyard.rooms.signatures.names import Defined, Meaning, Outside, Value, canonical, look_up_expression
from modelyard.rooms.signatures.parsing import parse_expression
from modelyard.rooms.signatures.records import Record, RecordField, read_record
from modelyard.rooms.signatures.schemas import Schema
from modelyard.rooms.signatures.values import NotLiteral, enum_members, evaluate, is_enum

MAX_NODES = 5000
MAX_DEPTH = 40
MAX_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where an annotation stands: its module, and words for a note (``parameter "x"``)."""

    module: Module
    words: str


@dataclass
class AnnotationReader:
    """Reads annotations into one JSON Schema document; ``defs`` are its ``$defs``, ``notes`` what could not be read.

    ``named`` gives the schemas of types by their dotted names.
    """

    tree: Tree
    named: Callable[[str], Schema | None] = kinds.named_schema
    defs: dict[str, Schema] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _names: dict[int, str] = field(default_factory=dict)
    _nodes: int = 0
    _depth: int = 0

    def read_whole(self, node: ast.expr, place: Place) -> Schema:
        """The schema of one annotation; permissive, with a note, where the type is too large or has no end."""
        self._nodes = 0
        try:
            return self.read(node, place)
        except TooComplex:
            self.note(f"The type of {place.words} is too large for a form; anything is accepted.")
            return {}

    def read(self, node: ast.expr, place: Place) -> Schema:
        """The schema of a part of an annotation; raises ``TooComplex``."""
        self.tree.spend()
        self._nodes += 1
        self._depth += 1
        try:
            if self._nodes > MAX_NODES or self._depth > MAX_DEPTH:
                raise TooComplex
            return self._dispatch(node, place)
        finally:
            self._depth -= 1

    def meaning(self, node: ast.expr, place: Place) -> Meaning:
        return look_up_expression(self.tree, place.module, node)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def read_words(self, schema: Schema, words: dict[str, Any], place: Place) -> Schema:
        """The schema with constraints and descriptions; notes those that its type cannot bear."""
        constrained, left = apply_words(schema, words)
        for word in left:
            self.note(
                f'The constraint "{word}" of {place.words} cannot be shown in the form; the code has to check it.'
            )
        return constrained

    def _dispatch(self, node: ast.expr, place: Place) -> Schema:  # noqa: PLR0911 (one return for each form)
        match node:
            case ast.Constant(value=None):
                return {"type": "null"}
            case ast.Constant(value=str() as text):
                return self._read_text(text, place)
            case ast.BinOp(op=ast.BitOr()):
                return self._union(_flatten_union(node), place)
            case ast.Subscript(value=head, slice=inner):
                return self._generic(head, _arguments(inner), place)
            case ast.Name() | ast.Attribute():
                return self._named(node, place)
            case ast.Call():
                return self._call(node, place)
        return self._unknown(node, place)

    def _read_text(self, text: str, place: Place) -> Schema:
        try:
            parsed = parse_expression(text.strip()[:MAX_TEXT])
        except (SyntaxError, ValueError, MemoryError):
            self.note(f"The type of {place.words} is a text that is no type; anything is accepted.")
            return {}
        return self.read(parsed, place)

    def _named(self, node: ast.expr, place: Place) -> Schema:
        match self.meaning(node, place):
            case Outside(name=name):
                schema = self.named(canonical(name))
                return self._unknown(node, place) if schema is None else schema
            case Value(module=module, node=value):
                return self._alias(value, Place(module, place.words))
            case Defined(node=ast.ClassDef()) as cls:
                return self._class(cls, node, place)
        return self._unknown(node, place)

    def _alias(self, value: ast.expr, place: Place) -> Schema:
        """``X = Literal[…]``; also ``NewType`` and ``TypeVar``, which stand for what they are bound to."""
        if not isinstance(value, ast.Call):
            return self.read(value, place)
        return self._call(value, place)

    def _call(self, node: ast.Call, place: Place) -> Schema:
        meaning = self.meaning(node.func, place)
        name = canonical(meaning.name) if isinstance(meaning, Outside) else ""
        if name == "typing.NewType" and len(node.args) == 2:
            return self.read(node.args[1], place)
        if name == "typing.TypeVar":
            bound = next((k.value for k in node.keywords if k.arg == "bound"), None)
            options = node.args[1:] or ([bound] if bound else [])
            return self._union(options, place) if options else {}
        if base := kinds.CONSTRAINED_CALLS.get(name):
            return self.read_words(dict(base), read_constraints(self.tree, place.module, node), place)
        return self._unknown(node, place)

    def _class(self, cls: Defined, node: ast.expr, place: Place) -> Schema:
        if is_enum(self.tree, cls):
            choices = list(dict.fromkeys(enum_members(self.tree, cls).values()))
            return {"enum": choices} if choices else self._unknown(node, place)
        key = id(cls.node)
        if key not in self._names:
            record = read_record(self.tree, cls)
            if record is None:
                return self._unknown(node, place)
            self._define(cls, record)
        return {"$ref": f"#/$defs/{self._names[key]}"}

    def _define(self, cls: Defined, record: Record) -> None:
        """Puts the class under ``$defs``; its name is taken first, so that its fields may refer to it."""
        name = _free_name(cls.node.name, self.defs)
        self._names[id(cls.node)] = name
        self.defs[name] = {}
        properties = {f.name: self._field(f, name) for f in record.fields}
        schema: Schema = {"type": "object", "title": cls.node.name}
        if record.description:
            schema["description"] = record.description
        schema |= {"properties": properties, "required": [f.name for f in record.fields if f.is_required]}
        self.defs[name] = {**schema, "additionalProperties": False} if record.is_closed else schema

    def _field(self, field: RecordField, record: str) -> Schema:
        place = Place(field.module, f'"{field.name}" of {record}')
        schema = self.read_words(self.read(field.annotation, place), field.words, place)
        return schema if field.default is MISSING else {**schema, "default": field.default}

    def _generic(  # noqa: PLR0911 (one return for each form)
        self, head: ast.expr, arguments: list[ast.expr], place: Place
    ) -> Schema:
        meaning = self.meaning(head, place)
        if isinstance(meaning, Defined):
            return self._named(head, place)  # Base[T] of a generic class of the source: its own fields
        name = canonical(meaning.name) if isinstance(meaning, Outside) else ""
        if name == "typing.Literal":
            return self._literal(arguments, place)
        if name == "typing.Annotated":
            return self._annotated(arguments, place)
        if name == "typing.Optional":
            return self._union([*arguments, ast.Constant(None)], place)
        if name == "typing.Union":
            return self._union(arguments, place)
        if name in kinds.TRANSPARENT:
            return self.read(arguments[0], place)
        return self._collection(name, arguments, place) or self._plain_head(head, name, place)

    def _plain_head(self, head: ast.expr, name: str, place: Place) -> Schema:
        schema = self.named(name)
        return self._unknown(head, place) if schema is None else schema

    def _collection(self, name: str, arguments: list[ast.expr], place: Place) -> Schema | None:
        if name in kinds.LISTS:
            return {"type": "array", **self._items(arguments[0], place)}
        if name in kinds.SETS:
            return {"type": "array", "uniqueItems": True, **self._items(arguments[0], place)}
        if name in kinds.TUPLES:
            return self._tuple(arguments, place)
        if name in kinds.MAPPINGS and len(arguments) == 2:
            return self._mapping(arguments[0], arguments[1], place)
        return None

    def _items(self, node: ast.expr, place: Place) -> Schema:
        items = self.read(node, place)
        return {"items": items} if items else {}

    def _tuple(self, arguments: list[ast.expr], place: Place) -> Schema:
        if len(arguments) == 2 and isinstance(last := arguments[1], ast.Constant) and last.value is Ellipsis:
            return {"type": "array", **self._items(arguments[0], place)}
        if len(arguments) == 1 and isinstance(arguments[0], ast.Tuple):
            arguments = arguments[0].elts  # tuple[()]
        items = [self.read(argument, place) for argument in arguments]
        shape: Schema = {"type": "array", "prefixItems": items, "items": False}
        return {**shape, "minItems": len(items), "maxItems": len(items)} if items else {"type": "array", "maxItems": 0}

    def _mapping(self, key: ast.expr, value: ast.expr, place: Place) -> Schema:
        schema: Schema = {"type": "object"}
        keys = self.read(key, place)
        if "enum" in keys and all(isinstance(option, str) for option in keys["enum"]):
            schema["propertyNames"] = keys
        elif keys.get("type") == "integer":
            schema["propertyNames"] = {"pattern": "^-?[0-9]+$"}
        values = self.read(value, place)
        return {**schema, "additionalProperties": values} if values else schema

    def _literal(self, arguments: list[ast.expr], place: Place) -> Schema:
        found = [option for argument in arguments for option in self._literal_options(argument, place)]
        options = list({(type(option), option): option for option in found}.values())
        return {"enum": options} if options else self._unknown(arguments[0], place)

    def _literal_options(self, node: ast.expr, place: Place) -> list[object]:
        try:
            value = evaluate(self.tree, place.module, node)
            return [] if isinstance(value, list | dict) else [value]
        except NotLiteral:
            schema = self.read(node, place) if isinstance(node, ast.Subscript | ast.Name | ast.Attribute) else {}
        if "enum" in schema:
            return list(schema["enum"])
        self.note(f"A choice of {place.words} is not a text, number, boolean or None, and is left out.")
        return []

    def _annotated(self, arguments: list[ast.expr], place: Place) -> Schema:
        schema = self.read(arguments[0], place)
        for metadata in arguments[1:]:
            if found := read_field(self.tree, place.module, metadata):
                schema = self.read_words(schema, found.words, place)
        return schema

    def _union(self, nodes: Sequence[ast.expr], place: Place) -> Schema:
        branches: list[Schema] = []
        for node in nodes:
            schema = self.read(node, place)
            for branch in schema["anyOf"] if set(schema) == {"anyOf"} else [schema]:
                if branch not in branches:
                    branches.append(branch)
        if {} in branches:
            return {}
        return branches[0] if len(branches) == 1 else {"anyOf": branches}

    def _unknown(self, node: ast.expr, place: Place) -> Schema:
        text = ast.unparse(node)
        shown = text if len(text) <= 60 else text[:60] + "…"
        self.note(f"The type {shown} of {place.words} is not one that a form can show; anything is accepted.")
        return {}


def _flatten_union(node: ast.expr) -> list[ast.expr]:
    branches: list[ast.expr] = []
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, ast.BinOp) and isinstance(current.op, ast.BitOr):
            pending += [current.right, current.left]
        else:
            branches.append(current)
    return branches


def _arguments(inner: ast.expr) -> list[ast.expr]:
    return list(inner.elts) if isinstance(inner, ast.Tuple) and inner.elts else [inner]


def _free_name(name: str, taken: dict[str, Schema]) -> str:
    """The class's name, numbered when another class of that name is defined already."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
