"""Settings as the environment gives them."""

import pytest
from pydantic import ValidationError

from modelyard.apps.settings import Settings
from modelyard.rooms.accounts.schemas import Role
from modelyard.rooms.usage.schemas import QuotaKind


def test_newcomers_are_readers_unless_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().sign_up_role is Role.READER
    monkeypatch.setenv("MODELYARD_SIGN_UP_ROLE", "creator")
    assert Settings().sign_up_role is Role.CREATOR
    monkeypatch.setenv("MODELYARD_SIGN_UP_ROLE", "administrator")
    with pytest.raises(ValidationError, match="sign_up_role"):
        Settings()


def test_quotas_are_json_of_known_kinds_and_amounts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().quotas == {}
    monkeypatch.setenv("MODELYARD_QUOTAS", '{"cpu_seconds": 360000, "storage_bytes": 5e10}')
    assert Settings().quotas == {QuotaKind.CPU_SECONDS: 360000, QuotaKind.STORAGE_BYTES: 5e10}
    for wrong in ('{"cats": 1}', '{"cpu_seconds": -1}', '{"cpu_seconds": null}'):
        monkeypatch.setenv("MODELYARD_QUOTAS", wrong)
        with pytest.raises(ValidationError, match="quotas"):
            Settings()
