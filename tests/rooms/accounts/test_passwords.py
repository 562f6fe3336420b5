"""What is kept of a password."""

import pytest

from modelyard.rooms.accounts import passwords


@pytest.fixture(autouse=True)
def cheap_hashes() -> None:
    """The real work, here."""


def test_hash_is_argon2id_with_enough_work() -> None:
    kept = passwords.hash_password("correct horse battery")
    _, kind, _version, work, *_ = kept.split("$")
    figures = dict(part.split("=") for part in work.split(","))
    assert kind == "argon2id"
    assert int(figures["m"]) * int(figures["t"]) >= 19 * 1024 * 2, "OWASP's least: 19 MiB, twice"
    assert passwords.verify_password("correct horse battery", kept)
    assert not passwords.verify_password("correct horse batterx", kept)


def test_no_password_fits_where_there_is_none() -> None:
    assert not passwords.verify_password("", None)


def test_generated_passwords_differ() -> None:
    assert len({passwords.new_password() for _ in range(100)}) == 100
