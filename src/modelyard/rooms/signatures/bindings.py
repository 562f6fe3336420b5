"""Which names a module or class body binds, read from its syntax tree alone."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Imported:
    """``from module import name`` (``name`` given) or ``import module`` (None); ``level`` counts the leading dots."""

    module: str
    name: str | None
    level: int = 0


@dataclass(frozen=True, slots=True)
class Assigned:
    """``name = value``; ``value`` is None where it cannot be told from the text (loops, unpacking, ``global``)."""

    value: ast.expr | None


@dataclass(frozen=True, slots=True)
class Binding:
    """One statement that binds a name; ``conditional`` when it stands inside ``if``, ``try``, ``for``, …"""

    what: Definition | Imported | Assigned
    line: int
    conditional: bool


@dataclass(slots=True)
class Scope:
    """The names that one body binds, in the order of the text, and the modules it star-imports."""

    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[Imported] = field(default_factory=list)

    def candidates(self, name: str) -> list[Binding]:
        """The bindings that may be in force at the end of the body, the likeliest first; empty when unbound.

        A binding outside any condition ends what stood before it; of those under a condition the first is the
        likeliest, as in ``try: import fast`` or ``if TYPE_CHECKING:``.
        """
        bound = self.bindings.get(name, [])
        settled = max((i for i, binding in enumerate(bound) if not binding.conditional), default=-1)
        return bound[settled + 1 :] + (bound[settled : settled + 1] if settled >= 0 else [])


def read_scope(body: Sequence[ast.stmt]) -> Scope:
    """Collects what the statements bind, nested blocks included, nested functions and classes left out."""
    scope = Scope()
    pending: list[tuple[ast.stmt, bool]] = [(statement, False) for statement in reversed(body)]
    while pending:
        statement, conditional = pending.pop()
        _read_statement(scope, statement, conditional)
        pending.extend((inner, True) for inner in reversed(list(_inner_statements(statement))))
    return scope


def _inner_statements(statement: ast.stmt) -> Iterator[ast.stmt]:
    if isinstance(statement, Definition):
        return
    for name in ("body", "orelse", "finalbody"):
        yield from getattr(statement, name, [])
    for part in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
        yield from part.body


def _read_statement(scope: Scope, statement: ast.stmt, conditional: bool) -> None:
    for name, what in _bound_names(scope, statement):
        scope.bindings.setdefault(name, []).append(Binding(what, statement.lineno, conditional))


def _bound_names(scope: Scope, statement: ast.stmt) -> Iterator[tuple[str, Definition | Imported | Assigned]]:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name, statement
        case ast.Import():
            yield from (_plain_import(alias) for alias in statement.names)
        case ast.ImportFrom():
            yield from _from_import(scope, statement)
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _assigned(target, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
            yield name, Assigned(value)
        case ast.AugAssign(target=target) | ast.For(target=target) | ast.AsyncFor(target=target):
            yield from _assigned(target, None)
        case ast.With(items=items) | ast.AsyncWith(items=items):
            for item in items:
                if item.optional_vars is not None:
                    yield from _assigned(item.optional_vars, None)
        case ast.Delete(targets=targets):
            for target in targets:
                yield from _assigned(target, None)


def _plain_import(alias: ast.alias) -> tuple[str, Imported]:
    if alias.asname:
        return alias.asname, Imported(alias.name, None)
    head = alias.name.partition(".")[0]
    return head, Imported(head, None)


def _from_import(scope: Scope, statement: ast.ImportFrom) -> Iterator[tuple[str, Imported]]:
    for alias in statement.names:
        source = Imported(statement.module or "", alias.name, statement.level)
        if alias.name == "*":
            scope.stars.append(replace(source, name=None))
        else:
            yield alias.asname or alias.name, source


def _assigned(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, Assigned]]:
    if isinstance(target, ast.Name):
        yield target.id, Assigned(value)
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _assigned(element, None)
    elif isinstance(target, ast.Starred):
        yield from _assigned(target.value, None)
