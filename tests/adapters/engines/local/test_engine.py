"""The contract of engines, at every isolation level and with every way of limiting."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contracts.engine import ConfinementContract

from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs.ports import Isolation


class LocalContract(ConfinementContract):
    options: dict[str, Any]

    @pytest.fixture
    def open_engine(self, tmp_path: Path, blobs: BlobStore) -> Callable[[], LocalEngine]:
        return lambda: LocalEngine(tmp_path / "engine", blobs, **self.options)


class TestNamespaces(LocalContract):
    options = {"level": Isolation.NAMESPACES}


class TestNamespacesWithoutControlGroups(LocalContract):
    options = {"level": Isolation.NAMESPACES, "control_groups": False}


class TestNamespacesWithoutOverlay(LocalContract):
    options = {"level": Isolation.NAMESPACES, "overlay": False}


class TestChroot(LocalContract):
    options = {"level": Isolation.CHROOT}


class TestChrootWithoutControlGroups(LocalContract):
    options = {"level": Isolation.CHROOT, "control_groups": False}
