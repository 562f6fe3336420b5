"""Finds and parses the modules of a source tree. Nothing is ever imported or executed."""

import ast
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from modelyard.rooms.signatures.bindings import Imported, Scope, read_scope
from modelyard.rooms.signatures.errors import SourceSyntax
from modelyard.rooms.signatures.parsing import parse_module

MAX_MODULE_BYTES = 256 * 1024
MAX_BRACES = 5000  # the parser of Python 3.11 needs quadratic time for f-strings
MAX_MODULES = 200
MAX_STEPS = 200_000
COMPILED = (".so", ".pyd", ".pyc")
REWRITES_NAMES = re.compile(r"\b(exec|globals|setattr|vars|locals|__dict__|sys\.modules|__path__)\b|def __getattr__")
PATCH = re.compile(r"\.\s*(\w+)\s*=(?!=)")


class TooComplex(Exception):
    """Reading on would take too long; the text completes "because …". Caught inside this room."""


@dataclass(eq=False)
class Module:
    """A parsed module; ``path`` is relative to the tree. A folder without ``__init__.py`` has an empty body."""

    name: str
    path: str
    is_package: bool
    body: list[ast.stmt]
    text: str

    @cached_property
    def scope(self) -> Scope:
        return read_scope(self.body)

    @cached_property
    def is_dynamic(self) -> bool:
        """True when the text may bind names in ways that cannot be read."""
        return bool(REWRITES_NAMES.search(self.text))

    @cached_property
    def patched_names(self) -> frozenset[str]:
        """Names that something in the module sets as an attribute, as a patch or ``self.name = …`` does."""
        return frozenset(PATCH.findall(self.text))

    @cached_property
    def global_names(self) -> frozenset[str]:
        """Names that functions declare ``global``, so that calling them may bind these."""
        nodes = (node for statement in self.body for node in ast.walk(statement))
        return frozenset(name for node in nodes if isinstance(node, ast.Global) for name in node.names)


@dataclass(frozen=True, slots=True)
class Opaque:
    """A module that exists but cannot be read, and why."""

    name: str
    reason: str


class Tree:
    """The modules of one folder, parsed once each as Python ``python``."""

    def __init__(self, root: Path, *, python: tuple[int, int]) -> None:
        self.root = root
        self.python = python
        self._modules: dict[str, Module | Opaque | None] = {}
        self._scopes: dict[int, Scope] = {}
        self._steps = 0

    def spend(self) -> None:
        """Counts one step of work; raises ``TooComplex`` when a hostile source asks for too many."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TooComplex("its types take too long to be read")

    def class_scope(self, node: ast.ClassDef) -> Scope:
        """What a class body binds, read once."""
        if id(node) not in self._scopes:
            self._scopes[id(node)] = read_scope(node.body)
        return self._scopes[id(node)]

    def find(self, name: str) -> Module | Opaque | None:
        """The module of a dotted name, or None where the tree has none; raises ``SourceSyntax``."""
        if name not in self._modules:
            if len(self._modules) >= MAX_MODULES:
                raise TooComplex(f"more than {MAX_MODULES} modules stand between it and its types")
            self._modules[name] = self._load(name)
        return self._modules[name]

    def find_import(self, source: Imported, *, importer: Module) -> str | None:
        """The absolute name of an imported module, or None where the dots lead out of the tree."""
        if source.level == 0:
            return source.module
        package = importer.name.split(".")
        drop = source.level - (1 if importer.is_package else 0)
        if drop >= len(package):
            return None
        parts = package[: len(package) - drop]
        return ".".join([*parts, source.module] if source.module else parts)

    def top_level(self) -> list[str]:
        """The names of the modules and packages at the root."""
        entries = sorted(self.root.iterdir())
        return [e.stem for e in entries if e.suffix == ".py"] + [e.name for e in entries if _is_package_folder(e)]

    def _load(self, name: str) -> Module | Opaque | None:
        *parents, last = name.split(".")
        folder = self.root.joinpath(*parents)
        if not _is_plain_folder(folder, self.root):
            return None
        package = folder / last
        if _is_plain_file(package / "__init__.py"):
            return self._parse(name, package / "__init__.py", is_package=True)
        if _is_plain_file(folder / f"{last}.py"):
            return self._parse(name, folder / f"{last}.py", is_package=False)
        if any(entry.name.startswith(f"{last}.") and entry.suffix in COMPILED for entry in folder.iterdir()):
            return Opaque(name, "it is compiled")
        if _is_plain_folder(package, self.root):
            return Module(name, "/".join([*parents, last]), is_package=True, body=[], text="")
        return None

    def _parse(self, name: str, file: Path, *, is_package: bool) -> Module | Opaque:
        path = file.relative_to(self.root).as_posix()
        source = file.read_bytes() if file.stat().st_size <= MAX_MODULE_BYTES else None
        if source is None or source.count(b"{") > MAX_BRACES:
            return Opaque(name, f"{path} is too large to be read")
        try:
            tree = parse_module(source, path, self.python)
        except SyntaxError as e:
            if self.python > sys.version_info[:2]:
                return Opaque(name, f"{path} may use syntax of Python {self.python[0]}.{self.python[1]}")
            raise _syntax_error(e, path) from e
        except (MemoryError, RecursionError):
            return Opaque(name, f"{path} is nested too deeply to be read")
        except ValueError as e:
            raise SourceSyntax(f"{path} cannot be parsed: {e}.", path=path, line=None) from e
        return Module(name, path, is_package, tree.body, source.decode("utf-8", "replace"))


def _syntax_error(error: SyntaxError, path: str) -> SourceSyntax:
    place = f"{path}:{error.lineno}" if error.lineno else path
    return SourceSyntax(f"{place}: {error.msg}.", path=path, line=error.lineno)


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_plain_folder(path: Path, root: Path) -> bool:
    """A folder reached without any link, so that nothing outside the tree is read."""
    return path.is_dir() and path.resolve() == root.resolve() / path.relative_to(root)


def _is_package_folder(path: Path) -> bool:
    return path.is_dir() and path.name.isidentifier() and any(path.glob("*.py"))
