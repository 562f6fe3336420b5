"""Fixtures for all tests: databases of both kinds and the private services of ``support``."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser

from modelyard.kit.db import Database
from support import databases, dockerd, registry, s3, server, session
from support.browser import chromium


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in a shell's background: whom we start would not
        signal.signal(signal.SIGINT, signal.default_int_handler)  # hear Ctrl-C either
    if not hasattr(config, "workerinput"):
        config.stash[_ROOT] = session.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    if root := config.stash.get(_ROOT, None):
        session.end(root)
        os.environ.pop(session.VARIABLE, None)


@pytest.fixture(params=databases.KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a migrated, empty database; the test runs once on SQLite and once on PostgreSQL."""
    url = databases.create(request.param, tmp_path)
    yield url
    databases.drop(url)


@pytest.fixture(params=databases.KINDS)
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database without tables, of both kinds."""
    url = databases.create_bare(request.param, tmp_path)
    yield url
    databases.drop(url)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """The migrated database, opened; of both kinds."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def docker_url() -> str:
    """Address of this run's private Docker engine."""
    return dockerd.url()


@pytest.fixture
def foreign_registry() -> str:
    """``127.0.0.1:PORT`` of a real docker-registry."""
    return registry.address()


@pytest.fixture
def s3_bucket() -> str:
    """A new bucket on ``support.s3.endpoint()``."""
    return s3.create_bucket(f"t-{uuid4().hex}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium. Not wider than a module: while Playwright runs, asyncio cannot start another loop here."""
    with chromium() as running:
        yield running


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> bool:
    """Whether the long counts are wanted (`make soak`); a test that asks is marked ``soak`` and else runs in small."""
    assert request.node.get_closest_marker("soak"), "mark this test with pytest.mark.soak"
    return os.environ.get("MODELYARD_SOAK") == "1"


_ROOT = pytest.StashKey[Path]()


@pytest.fixture(scope="session", params=databases.KINDS)
def site(request: pytest.FixtureRequest) -> server.Server:
    """A real server that the whole run shares, once on SQLite and once on PostgreSQL."""
    return server.shared(request.param)
