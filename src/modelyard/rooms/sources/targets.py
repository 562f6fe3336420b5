"""Reads how a configuration names a function: ``"module:function"``, or an object of the parts."""

from typing import Any

from modelyard.rooms.signatures import service as signatures
from modelyard.rooms.signatures.errors import TargetInvalid
from modelyard.rooms.signatures.schemas import Target
from modelyard.rooms.sources.errors import ConfigInvalid

PARTS = ("module", "class", "function")


def read_target(value: Any, *, key: str, remedy: str) -> Target:
    """The target that stands under ``key``; raises ``ConfigInvalid`` that names the part at fault."""
    if not isinstance(value, str | dict):
        raise ConfigInvalid(f"{key} is not an object or a text.", remedy=remedy, field=f"/{key}")
    try:
        if isinstance(value, str):
            return signatures.parse_target(value, field=f"/{key}")
        return _target_of_parts(value, key, remedy)
    except TargetInvalid as e:
        raise ConfigInvalid(e.detail, remedy=e.remedy, field=e.field) from e


def suggestion(key: str, known: list[str]) -> str:
    """What to do about a key that is not known."""
    guess = signatures.closest(key, known)
    return f"Did you mean {guess}?" if guess else f"Known keys: {', '.join(known)}."


def _target_of_parts(parts: dict[str, Any], key: str, remedy: str) -> Target:
    for name, value in parts.items():
        if name not in PARTS:
            raise ConfigInvalid(
                f"{key} has no key {name[:60]!a}.", remedy=suggestion(name, list(PARTS)), field=f"/{key}/{name[:60]}"
            )
        if not isinstance(value, str) and not (name == "class" and value is None):
            raise ConfigInvalid(f"{name} is not a text.", remedy=remedy, field=f"/{key}/{name}")
    for name in ("module", "function"):
        if name not in parts:
            raise ConfigInvalid(f"{key} does not name the {name}.", remedy=remedy, field=f"/{key}/{name}")
    return signatures.make_target(
        parts["module"], parts["function"], class_name=parts.get("class") or None, field=f"/{key}"
    )
