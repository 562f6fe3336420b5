"""Settings as the environment gives them."""

import pytest
from pydantic import ValidationError

from modelyard.apps.settings import Settings
from modelyard.rooms.accounts.schemas import Role


def test_newcomers_are_readers_unless_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().sign_up_role is Role.READER
    monkeypatch.setenv("MODELYARD_SIGN_UP_ROLE", "creator")
    assert Settings().sign_up_role is Role.CREATOR
    monkeypatch.setenv("MODELYARD_SIGN_UP_ROLE", "administrator")
    with pytest.raises(ValidationError, match="sign_up_role"):
        Settings()
