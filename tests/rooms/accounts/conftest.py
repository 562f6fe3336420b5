"""A small site on both databases."""

from collections.abc import Iterator

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from modelyard.kit.db import Database
from modelyard.rooms.accounts import passwords
from rooms.accounts.small_site import SmallSite


@pytest.fixture
def site(db: Database) -> SmallSite:
    return SmallSite(db)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Argon2 with little work: these tests sign in hundreds of times. ``test_passwords`` looks at the real thing."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)))
    passwords._nobody_hash.cache_clear()
    yield
    passwords._nobody_hash.cache_clear()
