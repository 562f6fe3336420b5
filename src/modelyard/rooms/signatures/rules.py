"""Pure decisions: how a target is written, and which name was probably meant."""

import difflib
import keyword
import unicodedata
from collections.abc import Iterable

from modelyard.rooms.signatures.errors import TargetInvalid
from modelyard.rooms.signatures.schemas import Target

MAX_NAME = 200
GRAMMAR = 'Write "module:function" or "module:Class.function", as Python names.'


def parse_target(text: str, *, field: str = "predict") -> Target:
    """Reads ``m:f`` or ``m:C.f``; raises ``TargetInvalid``."""
    module, colon, rest = text.partition(":")
    class_name, dot, function = rest.rpartition(".")
    if not colon:
        raise TargetInvalid(f"The target {shown(text)} has no colon.", remedy=GRAMMAR, field=field)
    return make_target(module, function, class_name=class_name if dot else None, field=field)


def make_target(module: str, function: str, *, class_name: str | None = None, field: str = "predict") -> Target:
    """Checks each name against Python's grammar; raises ``TargetInvalid`` that names the part at fault."""
    if not module or not all(is_identifier(part) for part in module.split(".")):
        raise TargetInvalid(f"{shown(module)} is not a module name.", remedy=GRAMMAR, field=f"{field}/module")
    if class_name is not None and not is_identifier(class_name):
        raise TargetInvalid(f"{shown(class_name)} is not a class name.", remedy=GRAMMAR, field=f"{field}/class")
    if not is_identifier(function):
        raise TargetInvalid(f"{shown(function)} is not a function name.", remedy=GRAMMAR, field=f"{field}/function")
    return Target(module, function, class_name)


def is_identifier(name: str) -> bool:
    """True for a Python identifier that is no keyword, in the normal form under which Python looks it up (PEP 3131)."""
    if not name.isidentifier() or keyword.iskeyword(name) or len(name) > MAX_NAME:
        return False
    return unicodedata.normalize("NFKC", name) == name


def shown(text: str) -> str:
    """The text, quoted and cut, safe to stand in one line of a message."""
    cut = text if len(text) <= 60 else text[:60] + "…"
    return ascii(cut) if not cut.isprintable() else f'"{cut}"'


def closest(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, or None."""
    matches = difflib.get_close_matches(name, list(names)[:500], n=1, cutoff=0.6)
    return matches[0] if matches else None
