"""The contract of engines, at every isolation level and with every way of limiting."""

from collections.abc import Callable
from pathlib import Path

import pytest
from contracts.engine import ConfinementContract, EngineContract

from modelyard.adapters.engines.local.engine import LocalEngine
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs.ports import Isolation


class TestNamespaces(ConfinementContract):
    @pytest.fixture
    def open_engine(self, tmp_path: Path, blobs: BlobStore) -> Callable[[], LocalEngine]:
        return lambda: LocalEngine(tmp_path / "engine", blobs, level=Isolation.NAMESPACES)
