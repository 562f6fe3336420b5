"""Modelyard. People are offered ``Client`` and ``load_dataset`` here: those of ``modelyard_client``.

Imports nothing, not even ``typing``: what starts a run begins here too, and is to start at once.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelyard_client import Client as Client
    from modelyard_client import load_dataset as load_dataset

OFFERED = ("Client", "load_dataset")


def __getattr__(name: str) -> object:
    """Imported when asked for."""
    if name in OFFERED:
        return getattr(__import__("modelyard_client"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
