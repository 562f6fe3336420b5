"""Shells with homes of their own."""

from pathlib import Path

import pytest

from apps.cli.shell import Shell
from support import server


@pytest.fixture
def stranger(tmp_path: Path) -> Shell:
    """Somebody who has never signed in anywhere."""
    return Shell(tmp_path)


@pytest.fixture
def creator(tmp_path: Path) -> Shell:
    """A new account with the role creator, on the run's server."""
    running = server.shared()
    _, _, token = running.account()
    return Shell(tmp_path, {"MODELYARD_URL": running.url, "MODELYARD_TOKEN": token})
