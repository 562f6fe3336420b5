"""A yard on both databases."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from modelyard.kit.db import Database
from rooms.content.yard import Yard


@pytest.fixture
def yard(db: Database, tmp_path: Path) -> Yard:
    return Yard(db, tmp_path / "content")


@pytest.fixture
def holder() -> UUID:
    return uuid4()
