"""Reads descriptions from docstrings in Google, NumPy and reST style."""

import ast
from dataclasses import dataclass, field

import docstring_parser

MAX_DOCSTRING = 20_000


@dataclass(frozen=True, slots=True)
class Docstring:
    """The first sentence or paragraph, what it says of each parameter or attribute, and of the result."""

    summary: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    result: str = ""


def read_docstring(node: ast.AST) -> Docstring:
    """The docstring of a function or class; empty where there is none or it cannot be read."""
    text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else None
    if not text or len(text) > MAX_DOCSTRING:
        return Docstring()
    try:
        parsed = docstring_parser.parse(text)
    except docstring_parser.ParseError:
        return Docstring(summary=_one_line(text.split("\n\n")[0]))
    parameters = {p.arg_name.lstrip("*"): _one_line(p.description or "") for p in parsed.params}
    returns = parsed.returns.description if parsed.returns else None
    return Docstring(
        summary=_one_line(parsed.short_description or ""),
        parameters={name: text for name, text in parameters.items() if text},
        result=_one_line(returns or ""),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
