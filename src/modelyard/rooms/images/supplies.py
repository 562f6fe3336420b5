"""What image assembly works with, chosen where the application is wired."""

from dataclasses import dataclass
from pathlib import Path

from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.images.layers import LayerCache
from modelyard.rooms.images.ports import ImageSource, PackageSource, WheelSource

DEFAULT_BASE_REFERENCE = "docker.io/library/python:{python}-slim"


@dataclass(frozen=True, slots=True)
class Supplies:
    """Stores and sources for assembly.

    ``box`` is the folder of the package ``modelyard_box``. ``packages`` is None where there is no ``apt-get``,
    ``registry`` where no image may be pulled. ``base_reference`` is the image that a base is pulled from, with
    ``{python}`` for the version. ``cache`` may be deleted at any time.
    """

    cache: LayerCache
    wheels: WheelSource
    packages: PackageSource | None
    registry: ImageSource | None
    box: Path
    base_reference: str = DEFAULT_BASE_REFERENCE

    @property
    def blobs(self) -> BlobStore:
        return self.cache.blobs
