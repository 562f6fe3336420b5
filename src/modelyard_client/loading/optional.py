"""Libraries that only some need: imported when they are asked for, with words on how to get them."""

from importlib import import_module
from types import ModuleType

from modelyard_client.errors import ClientError

PACKAGES = {"PIL.Image": "pillow", "PIL.ImageOps": "pillow", "pyarrow.parquet": "pyarrow"}


class LibraryMissing(ClientError):
    """What was asked for needs a library that is not installed."""


def require(module: str) -> ModuleType:
    """The module; raises ``LibraryMissing``, which says what to install."""
    try:
        return import_module(module)
    except ModuleNotFoundError as e:
        package = PACKAGES.get(module, module.partition(".")[0])
        raise LibraryMissing(
            f"This needs {package}, which is not installed.",
            code="library_missing",
            remedy=f"Run `pip install {package}`.",
        ) from e
