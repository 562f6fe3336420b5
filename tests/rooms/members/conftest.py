"""A town on both databases."""

from pathlib import Path

import pytest

from modelyard.kit.db import Database
from rooms.members.town import Town


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    return Town(db, tmp_path / "git")
