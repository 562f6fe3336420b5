"""The contract of engines, as root: at every isolation level and with every way of limiting."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from contracts.engine_bench import Bench
from contracts.engine_confinement import ConfinementContract, LoopbackContract
from contracts.engine_images import busybox_image
from fakes.blob_folder import LocalFolderBlobs
from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.rooms.runs.ports import Image, Isolation


class LocalContract(ConfinementContract):
    """One engine for all tests of a class: what one test leaves behind would show in the next."""

    options: ClassVar[dict[str, Any]]

    @pytest.fixture(scope="class")
    @classmethod
    def home(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return tmp_path_factory.mktemp("engine")

    @pytest.fixture(scope="class")
    @classmethod
    def blobs(cls, home: Path) -> LocalFolderBlobs:
        return LocalFolderBlobs(home / "blobs")

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls, blobs: LocalFolderBlobs) -> Image:
        return busybox_image(blobs, Entrypoint=["/bin/echo", "default"], Cmd=["command"])

    @pytest.fixture(scope="class")
    @classmethod
    def open_engine(cls, home: Path, blobs: LocalFolderBlobs) -> Callable[[], LocalEngine]:
        return lambda: LocalEngine(home / "engine", blobs, **cls.options)

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls, open_engine: Callable[[], LocalEngine]) -> LocalEngine:
        return open_engine()

    def test_the_level_is_the_one_asked_for(self, bench: Bench) -> None:
        assert bench.engine.isolation is self.options["level"]


class TestNamespaces(LocalContract, LoopbackContract):
    options: ClassVar = {"level": Isolation.NAMESPACES}


class TestNamespacesWithoutControlGroups(LocalContract, LoopbackContract):
    options: ClassVar = {"level": Isolation.NAMESPACES, "control_groups": False}


class TestNamespacesWithoutOverlay(LocalContract, LoopbackContract):
    options: ClassVar = {"level": Isolation.NAMESPACES, "overlay": False}


class TestChroot(LocalContract):
    options: ClassVar = {"level": Isolation.CHROOT}


class TestChrootWithoutControlGroups(LocalContract):
    options: ClassVar = {"level": Isolation.CHROOT, "control_groups": False}
