"""Finds the function that a target names, or proves that it is not there."""

import ast
from dataclasses import dataclass

from modelyard.rooms.signatures.bindings import Scope, read_scope
from modelyard.rooms.signatures.errors import TargetMissing
from modelyard.rooms.signatures.modules import Module, Opaque, Tree
from modelyard.rooms.signatures.names import (
    Absent,
    Defined,
    Meaning,
    Outside,
    Submodule,
    Unclear,
    Value,
    find_method,
    look_up,
)
from modelyard.rooms.signatures.rules import closest
from modelyard.rooms.signatures.schemas import Target

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Located:
    """The function of a target, in the module where it is defined; ``is_method`` when it stands in a class body."""

    module: Module
    function: Function
    is_method: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The target is not provably absent, but its parameters cannot be read; ``reason`` completes "because …"."""

    reason: str


def locate(tree: Tree, target: Target) -> Located | Unreadable:
    """Raises ``TargetMissing`` only where nothing could provide the target, ``SourceSyntax`` for a broken module."""
    module = tree.find(target.module)
    if module is None:
        return _without_module(tree, target)
    if isinstance(module, Opaque):
        return Unreadable(module.reason)
    if target.class_name is None:
        return _as_function(look_up(tree, module, target.function), module, target.function, "function")
    owner = look_up(tree, module, target.class_name)
    if not isinstance(owner, Defined):
        return _as_function(owner, module, target.class_name, "class")
    return _as_function(find_method(tree, owner, target.function), module, target.function, "method", owner=owner)


def _as_function(  # noqa: PLR0911 (one return for each meaning)
    meaning: Meaning, module: Module, name: str, part: str, *, owner: Defined | None = None
) -> Located | Unreadable:
    match meaning:
        case Absent():
            raise _missing(meaning, module, name, part, owner)
        case Unclear(reason=reason):
            return Unreadable(reason)
        case Outside(name=origin):
            return Unreadable(f"it comes from {origin}")
        case Defined(node=ast.ClassDef()) if part != "class":
            return Unreadable(f"{name} is a class; name one of its methods")
        case Defined(node=ast.FunctionDef() | ast.AsyncFunctionDef() as function):
            return Located(meaning.module, function, is_method=meaning.owner is not None)
        case Submodule():
            return Unreadable(f"{name} is a module")
        case Value(node=value):
            return Unreadable(f"{name} is assigned {ast.unparse(value)[:60]}")
    return Unreadable("it is of another kind")


def _without_module(tree: Tree, target: Target) -> Unreadable:
    """Refuses a target whose module the source lacks, unless the package that should hold it is not readable."""
    *parents, last = target.module.split(".")
    package: Module | Opaque | None = None
    for depth in range(1, len(parents) + 1):
        package = tree.find(".".join(parents[:depth]))
        if isinstance(package, Opaque):
            return Unreadable(package.reason)
        if package is not None and package.is_dynamic:
            return Unreadable(f"{package.path} changes modules while it runs")
    raise _missing_module(tree, target, parents, last)


def _missing_module(tree: Tree, target: Target, parents: list[str], last: str) -> TargetMissing:
    path = "/".join([*parents, last]) + ".py"
    elsewhere = sorted(p.relative_to(tree.root).as_posix() for p in tree.root.glob(f"*/{path}"))[:1]
    names = tuple(tree.top_level())
    guess = closest(target.module, names)
    remedy = "Name a module of the pushed source. A function of an installed package has to be imported into one."
    if elsewhere:
        remedy = f"There is {elsewhere[0]}: put it at the top of the source, or name it by its folder."
    elif guess:
        remedy = f"Did you mean {guess}?"
    return TargetMissing(
        f"The source has no module {target.module} (no {path}).",
        remedy=remedy,
        field="predict/module",
        path=path,
        candidates=names[:20],
    )


def _missing(absent: Absent, module: Module, name: str, part: str, owner: Defined | None) -> TargetMissing:
    names = _names_there(absent, owner)
    guess = closest(absent.name, names)
    place = f"{absent.module.path}:{absent.line}" if absent.module is module and absent.line else absent.module.path
    detail = f"{place} has no {part} {name}."
    if owner is not None:
        detail = f"{place}: the class {owner.node.name} has no method {name}."
    elif absent.line is not None and absent.module is not module:
        importing = f"{module.path}:{absent.line} imports {absent.name} from {absent.module.name}"
        detail = f"{importing}, but {place} has no {absent.name}."
    elif absent.line is not None:
        detail = f"{place} imports {name} from {absent.name}, which the source does not have."
    return TargetMissing(
        detail,
        remedy=f"Did you mean {guess}?" if guess else _listing(names),
        field=f"predict/{'class' if part == 'class' else 'function'}",
        path=absent.module.path,
        line=absent.line,
        candidates=names,
    )


def _names_there(absent: Absent, owner: Defined | None) -> tuple[str, ...]:
    """The public functions (of the class, where there is one) or functions and classes that could have been meant."""
    scope: Scope = read_scope(owner.node.body) if owner else absent.module.scope
    found = [
        name
        for name, bindings in scope.bindings.items()
        if not name.startswith("_")
        and isinstance(bindings[-1].what, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    return tuple(found[:20])


def _listing(names: tuple[str, ...]) -> str:
    return f"It has {', '.join(names)}." if names else "It defines no function or class of a public name."
