"""The parser, one at a time: CPython 3.11 keeps the depth of the tree it builds in one place for all threads, and says
"AST constructor recursion depth mismatch" (SystemError) when two of them meet there (python/cpython#106905). A thread
that formats a traceback parses too, and asks nobody; so what was disturbed is tried again.
"""

import ast
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

Tree = TypeVar("Tree")

TRIES = 5

_one_at_a_time = threading.RLock()


def parse_module(source: bytes, path: str, python: tuple[int, int]) -> ast.Module:
    """A module's tree; raises what ``ast.parse`` does."""
    return _undisturbed(lambda: ast.parse(source, path, feature_version=min(python, sys.version_info[:2])))


def parse_expression(text: str) -> ast.expr:
    """An expression's tree; raises what ``ast.parse`` does."""
    return _undisturbed(lambda: ast.parse(text, mode="eval").body)


def _undisturbed(parse: Callable[[], Tree]) -> Tree:
    with _one_at_a_time:
        for _ in range(TRIES - 1):
            try:
                return parse()
            except SystemError:
                continue
        return parse()
