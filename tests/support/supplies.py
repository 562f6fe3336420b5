"""Real supplies for image assembly: Debian's and PyPI's packages, one cache for the whole test run."""

from pathlib import Path

import modelyard_box
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.debian.packages import AptPackages
from modelyard.adapters.uv.wheels import UvWheels
from modelyard.rooms.images.layers import LayerCache
from modelyard.rooms.images.supplies import Supplies
from support import session


def shared_supplies() -> Supplies:
    """Supplies whose bases and wheels are made once per test run; safe among workers."""
    return new_supplies(session.current() / "assembly")


def new_supplies(folder: Path) -> Supplies:
    """Supplies with a store and caches of their own under ``folder``."""
    blobs = LocalBlobStore(folder / "blobs")
    cache = folder / "cache"
    return Supplies(
        cache=LayerCache(cache, blobs),
        wheels=UvWheels(cache / "uv"),
        packages=AptPackages(cache / "apt"),
        registry=None,
        box=Path(modelyard_box.__file__).parent,
    )
