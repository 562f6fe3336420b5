"""Secrets at rest: sealed with the first key of a file, opened with any."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from modelyard.kit.secrets import SecretBox, SecretUnreadable


def test_what_is_sealed_is_opened_by_the_same_keys_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets.key"
    sealed = SecretBox(file).seal("a secret")
    assert "a secret" not in sealed
    assert file.stat().st_mode & 0o777 == 0o600
    assert SecretBox(file).open(sealed) == "a secret"
    with pytest.raises(SecretUnreadable):
        SecretBox(tmp_path / "other.key").open(sealed)


def test_a_new_first_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    file = tmp_path / "secrets.key"
    before = SecretBox(file).seal("a secret")
    old = file.read_text()
    file.write_text(f"{Fernet.generate_key().decode()}\n{old}")
    box = SecretBox(file)
    assert box.open(before) == "a secret"
    after = box.seal("another")
    file.write_text(old)
    with pytest.raises(SecretUnreadable):
        SecretBox(file).open(after)
