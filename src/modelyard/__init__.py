"""Modelyard. People are offered ``Client`` and ``load_dataset`` here: those of ``modelyard_client``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelyard_client import Client as Client
    from modelyard_client import load_dataset as load_dataset

OFFERED = ("Client", "load_dataset")


def __getattr__(name: str) -> Any:
    """Imported when asked for: the server's processes start without it."""
    if name in OFFERED:
        return getattr(import_module("modelyard_client"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
