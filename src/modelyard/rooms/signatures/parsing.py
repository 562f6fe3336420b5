"""The parser, one at a time: CPython 3.11 keeps the depth of the tree it builds in one place for all threads, and says
"AST constructor recursion depth mismatch" (SystemError) when two of them meet there (python/cpython#106905)."""

import ast
import sys
import threading

_one_at_a_time = threading.RLock()


def parse_module(source: bytes, path: str, python: tuple[int, int]) -> ast.Module:
    """A module's tree; raises what ``ast.parse`` does."""
    with _one_at_a_time:
        return ast.parse(source, path, feature_version=min(python, sys.version_info[:2]))


def parse_expression(text: str) -> ast.expr:
    """An expression's tree; raises what ``ast.parse`` does."""
    with _one_at_a_time:
        return ast.parse(text, mode="eval").body
