"""Real supplies for image assembly: Debian's and PyPI's packages, one cache for the whole test run."""

import shutil
from pathlib import Path

import modelyard_box
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.debian.packages import AptPackages
from modelyard.adapters.uv.wheels import UvWheels
from modelyard.rooms.images import service
from modelyard.rooms.images.layers import LayerCache
from modelyard.rooms.images.supplies import Supplies
from support import session


def shared_supplies() -> Supplies:
    """Supplies whose bases and wheels are made once per test run; safe among workers."""
    return new_supplies(session.current() / "assembly")


def supplies_with_base(folder: Path, source: Supplies) -> Supplies:
    """Supplies under ``folder`` that know the base of ``source`` for Python 3.11 here, and nothing else."""
    base = service.ensure_base("3.11", "linux/amd64", supplies=source)
    anew = new_supplies(folder)
    shutil.copytree(source.cache.folder / "bases", anew.cache.folder / "bases")
    for layer in base.layers:
        anew.blobs.put(source.blobs.open(layer.digest))
    return anew


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
