"""Follows a name through modules, imports and aliases to what it stands for."""

import ast
import builtins
from dataclasses import dataclass

from modelyard.rooms.signatures.bindings import Assigned, Binding, Definition, Imported, Scope
from modelyard.rooms.signatures.modules import Module, Opaque, Tree


@dataclass(frozen=True, slots=True)
class Defined:
    """A function or class of the tree; ``owner`` is the class whose body it was found in, if any."""

    module: Module
    node: Definition
    owner: "Defined | None" = None


@dataclass(frozen=True, slots=True)
class Outside:
    """Something of an installed package or the standard library, by its dotted name: ``numpy.ndarray``."""

    name: str


@dataclass(frozen=True, slots=True)
class Value:
    """A name assigned to an expression that is not itself a name."""

    module: Module
    node: ast.expr


@dataclass(frozen=True, slots=True)
class Submodule:
    module: Module


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may exist, but the text alone does not tell what it is; ``reason`` completes "because …"."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """Provably not there: ``name`` is looked for in ``module`` (at ``line``, where it is imported from there)."""

    module: Module
    name: str
    line: int | None = None


Meaning = Defined | Outside | Value | Submodule | Unclear | Absent
Seen = frozenset[tuple[str, str]]

METHODLESS = frozenset({"builtins.object", "typing.Generic", "typing.Protocol", "abc.ABC"})
TYPING_HOMES = {"typing_extensions": "typing", "collections.abc": "typing"}


def look_up(tree: Tree, module: Module, name: str, *, seen: Seen = frozenset()) -> Meaning:
    """What ``module.name`` is after the module has been imported."""
    tree.spend()
    if (module.name, name) in seen:
        return Unclear("its imports go round in a circle")
    seen |= {(module.name, name)}
    candidates = module.scope.candidates(name)
    if not candidates:
        return _look_beyond_body(tree, module, name, seen)
    meaning = _first_clear(tree, module, candidates, seen)
    if name in module.global_names:
        return Unclear("a function assigns it with a global statement")
    return meaning


def look_up_expression(tree: Tree, module: Module, node: ast.expr, *, seen: Seen = frozenset()) -> Meaning:
    """What a name, a dotted name or any other expression stands for, seen from the body of ``module``."""
    if isinstance(node, ast.Name):
        meaning = look_up(tree, module, node.id, seen=seen)
        if isinstance(meaning, Absent) and meaning.module is module and hasattr(builtins, node.id):
            return Outside(f"builtins.{node.id}")
        return meaning
    if isinstance(node, ast.Attribute):
        return _attribute(tree, look_up_expression(tree, module, node.value, seen=seen), node.attr, seen)
    return Value(module, node)


def find_method(tree: Tree, owner: Defined, name: str, *, depth: int = 0) -> Meaning:
    """A method by the order of inheritance; ``Absent`` only if every base is in the tree and nothing can add it."""
    if not isinstance(owner.node, ast.ClassDef):
        return Unclear(f"{owner.node.name} is a function")
    if depth > 30:
        return Unclear("its classes inherit in a circle")
    scope = tree.class_scope(owner.node)
    if candidates := scope.candidates(name):
        return _member(tree, owner, scope, candidates)
    doubts = [reason] if (reason := _doubt(owner, scope, name)) else []
    for base in owner.node.bases:
        meaning = _base_method(tree, owner.module, base, name, depth)
        if isinstance(meaning, Unclear):
            doubts.append(meaning.reason)
        elif not isinstance(meaning, Absent):
            return meaning
    return Unclear(doubts[0]) if doubts else Absent(owner.module, name, owner.node.lineno)


def bases(tree: Tree, owner: Defined) -> list[Meaning]:
    """What the classes in the parentheses of a class stand for; ``Base[T]`` counts as ``Base``."""
    if not isinstance(owner.node, ast.ClassDef):
        return []
    return [look_up_expression(tree, owner.module, _unsubscripted(base)) for base in owner.node.bases]


def canonical(name: str) -> str:
    """One dotted name for what several modules offer: ``collections.abc.Iterator`` is ``typing.Iterator``."""
    home, _, last = name.rpartition(".")
    return f"{TYPING_HOMES[home]}.{last}" if home in TYPING_HOMES else name


def _first_clear(tree: Tree, module: Module, candidates: list[Binding], seen: Seen) -> Meaning:
    meanings = [_bound(tree, module, binding, seen) for binding in candidates]
    functions = [m for m in meanings if isinstance(m, Defined) and not isinstance(m.node, ast.ClassDef)]
    if len(functions) > 1:
        return Unclear("it is defined more than once, under conditions")
    clear = [m for m in meanings if not isinstance(m, Unclear | Absent) and not _is_none(m)]
    if clear:
        return clear[0]
    if any(b.conditional for b in candidates) and isinstance(meanings[0], Absent):
        return Unclear("it is imported under a condition")
    return meanings[0]


def _is_none(meaning: Meaning) -> bool:
    return isinstance(meaning, Value) and isinstance(meaning.node, ast.Constant) and meaning.node.value is None


def _bound(tree: Tree, module: Module, binding: Binding, seen: Seen) -> Meaning:
    match binding.what:
        case Imported() as source:
            return _imported(tree, module, source, binding.line, seen)
        case Assigned(value=None):
            return Unclear("it is assigned in a way that the text does not tell")
        case Assigned(value=ast.Name() | ast.Attribute() as value):
            meaning = look_up_expression(tree, module, value, seen=seen)
            return Unclear("it stands for a name that cannot be found") if isinstance(meaning, Absent) else meaning
        case Assigned(value=value):
            return Value(module, value) if value is not None else Unclear("")
        case definition:
            return Defined(module, definition)


def _imported(tree: Tree, importer: Module, source: Imported, line: int, seen: Seen) -> Meaning:
    name = tree.find_import(source, importer=importer)
    if name is None:
        return Absent(importer, "." * source.level + source.module, line)
    module = tree.find(name) if name else None
    if isinstance(module, Opaque):
        return Unclear(f"it comes from {name}, and {module.reason}")
    if module is None:
        return _from_outside(importer, source, name, line)
    if source.name is None:
        return Submodule(module)
    meaning = look_up(tree, module, source.name, seen=seen)
    return Absent(module, source.name, line) if isinstance(meaning, Absent) else meaning


def _from_outside(importer: Module, source: Imported, name: str, line: int) -> Meaning:
    if source.level:
        return Absent(importer, "." * source.level + source.module, line)
    return Outside(f"{name}.{source.name}" if source.name else name)


def _look_beyond_body(tree: Tree, module: Module, name: str, seen: Seen) -> Meaning:
    if module.is_package and isinstance(found := tree.find(f"{module.name}.{name}"), Module):
        return Submodule(found)
    doubt = ""
    for star in module.scope.stars:
        meaning = _starred(tree, module, star, name, seen)
        if isinstance(meaning, Unclear):
            doubt = meaning.reason
        elif not isinstance(meaning, Absent):
            return meaning
    if doubt:
        return Unclear(doubt)
    if module.is_dynamic or name in module.global_names or name in module.patched_names:
        return Unclear(f"{module.path} binds names while it runs")
    return Absent(module, name)


def _starred(tree: Tree, importer: Module, star: Imported, name: str, seen: Seen) -> Meaning:
    source = tree.find_import(star, importer=importer)
    module = tree.find(source) if source else None
    if isinstance(module, Module):
        return look_up(tree, module, name, seen=seen)
    if source and canonical(f"{source}.{name}").startswith("typing."):
        return Outside(f"{source}.{name}") if name[:1].isupper() else Absent(importer, name)
    return Unclear(f"{importer.path} imports everything from {source or 'a package'}")


def _attribute(tree: Tree, owner: Meaning, name: str, seen: Seen) -> Meaning:
    match owner:
        case Submodule(module=module):
            return look_up(tree, module, name, seen=seen)
        case Outside(name=package):
            return Outside(f"{package}.{name}")
        case Defined():
            found = find_method(tree, owner, name)
            return Unclear("it is an attribute of a class") if isinstance(found, Absent) else found
        case _:
            return Unclear("it is an attribute of something else")


def _member(tree: Tree, owner: Defined, scope: Scope, candidates: list[Binding]) -> Meaning:
    definitions = [c.what for c in candidates if isinstance(c.what, Definition)]
    if len(definitions) == 1:
        return Defined(owner.module, definitions[0], owner)
    what = candidates[0].what
    if not definitions and isinstance(what, Assigned) and isinstance(what.value, ast.Name):
        inner = [c.what for c in scope.candidates(what.value.id) if isinstance(c.what, Definition)]
        if len(inner) == 1:
            return Defined(owner.module, inner[0], owner)
    if not definitions and isinstance(what, Assigned) and what.value is not None:
        return Value(owner.module, what.value)
    return Unclear("its class binds it in a way that the text does not tell")


def _doubt(owner: Defined, scope: Scope, name: str) -> str:
    """Why a class may have a method that its body does not show; empty when it cannot."""
    node, module = owner.node, owner.module
    assert isinstance(node, ast.ClassDef)
    if node.keywords:
        return f"{node.name} has a metaclass or class arguments"
    if "__getattr__" in scope.bindings or "__getattribute__" in scope.bindings:
        return f"{node.name} makes attributes while it runs"
    if any(ast.unparse(d).split("(")[0].rpartition(".")[2] != "dataclass" for d in node.decorator_list):
        return f"{node.name} is decorated"
    if module.is_dynamic or name in module.patched_names:
        return f"{module.path} sets attributes while it runs"
    return ""


def _base_method(tree: Tree, module: Module, base: ast.expr, name: str, depth: int) -> Meaning:
    meaning = look_up_expression(tree, module, _unsubscripted(base))
    if isinstance(meaning, Defined):
        return find_method(tree, meaning, name, depth=depth + 1)
    if isinstance(meaning, Outside) and canonical(meaning.name) in METHODLESS:
        return Absent(module, name)
    return Unclear(f"it may be inherited from {ast.unparse(base)[:80]}")


def _unsubscripted(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node
