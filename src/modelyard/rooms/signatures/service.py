"""Reads what a predict target takes and gives from its source, without importing or executing anything."""

import json
from collections.abc import Callable
from pathlib import Path

from modelyard.rooms.signatures import kinds
from modelyard.rooms.signatures.described import accept_signature
from modelyard.rooms.signatures.mlflow_schemas import read_mlflow_signature
from modelyard.rooms.signatures.modules import TooComplex, Tree
from modelyard.rooms.signatures.operations import as_operation
from modelyard.rooms.signatures.parameters import read_function
from modelyard.rooms.signatures.published import read_cog, read_published
from modelyard.rooms.signatures.rules import closest, make_target, parse_target
from modelyard.rooms.signatures.schemas import PERMISSIVE_INPUTS, Signature, Target
from modelyard.rooms.signatures.targets import Unreadable, locate

__all__ = [
    "accept_signature",
    "closest",
    "make_target",
    "parse_target",
    "read_cog",
    "read_mlflow_signature",
    "read_operation",
    "read_published",
    "read_signature",
]

MAX_SIGNATURE_BYTES = 256 * 1024


def read_signature(tree: Path, target: Target, *, has_model: bool, python: tuple[int, int] = (3, 11)) -> Signature:
    """The signature of a target in the source folder ``tree``, parsed as Python ``python``.

    With ``has_model`` and no class the first parameter takes the model and is no input. What cannot be told from the
    text is permissive, with a note. Raises ``TargetMissing``, ``SourceSyntax`` and ``SignatureUnsupported``.
    """
    return _bounded(lambda: _read(Tree(tree, python=python), target, has_model), target)


def read_operation(tree: Path, target: Target, *, python: tuple[int, int] = (3, 11)) -> Signature:
    """The signature of an operation: properties with ``x-modelyard`` are inputs (a path each), others parameters.

    A parameter ``output`` (or ``out``) is given the folder for results and is not among them. Raises as
    ``read_signature``.
    """
    return _bounded(lambda: _read_operation(Tree(tree, python=python), target), target)


def _bounded(read: Callable[[], Signature], target: Target) -> Signature:
    try:
        signature = read()
    except TooComplex as e:
        return _permissive(target, str(e))
    except RecursionError:
        return _permissive(target, "its source is nested too deeply")
    if len(json.dumps(signature.to_json())) > MAX_SIGNATURE_BYTES:
        return _permissive(target, f"its signature is larger than {MAX_SIGNATURE_BYTES // 1024} KiB")
    return signature


def _read(tree: Tree, target: Target, has_model: bool) -> Signature:
    located = locate(tree, target)
    if isinstance(located, Unreadable):
        return _permissive(target, located.reason)
    return read_function(tree, located, target, takes_model=has_model and target.class_name is None)


def _read_operation(tree: Tree, target: Target) -> Signature:
    located = locate(tree, target)
    if isinstance(located, Unreadable):
        return _permissive(target, located.reason)
    return as_operation(read_function(tree, located, target, takes_model=False, named=kinds.operation_schema))


def _permissive(target: Target, reason: str) -> Signature:
    note = f"The inputs of {target} cannot be read from the source because {reason}; anything is accepted."
    return Signature(PERMISSIVE_INPUTS, {}, notes=(note,))
