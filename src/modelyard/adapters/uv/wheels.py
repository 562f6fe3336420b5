"""The ``WheelSource`` of the application."""

from collections.abc import Callable
from pathlib import Path

from modelyard.adapters.uv.downloads import WheelDownloads
from modelyard.adapters.uv.resolution import UvResolver
from modelyard.adapters.uv.settings import PackageIndexes
from modelyard.rooms.images.schemas import Wheel


class UvWheels:
    """Resolves with ``uv`` and fetches by hash. ``cache`` is a folder for what ``uv`` knows of the index."""

    def __init__(self, cache: Path, indexes: PackageIndexes | None = None) -> None:
        self._resolver = UvResolver(cache, indexes or PackageIndexes())
        self._downloads = WheelDownloads(indexes or PackageIndexes())

    def lock(self, requirements: str, *, python: str, platform: str, glibc: str) -> str:
        return self._resolver.lock(requirements, python=python, platform=platform, glibc=glibc)

    def fetch(self, wheel: Wheel, target: Path, *, on_bytes: Callable[[int], None]) -> None:
        self._downloads.fetch(wheel, target, on_bytes=on_bytes)
