"""Decisions about accounts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.rooms.accounts import rules
from modelyard.rooms.accounts.errors import PasswordRefused, UsernameRefused
from modelyard.rooms.accounts.schemas import Role, SignUp

OCI_COMPONENT = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*")
"""distribution-spec 1.1, "Pulling manifests"."""


@given(st.text(max_size=50) | st.from_regex(rules.USERNAME, fullmatch=True))
def test_accepted_name_is_a_component_of_an_image_name(name: str) -> None:
    try:
        rules.check_username(name)
    except UsernameRefused:
        assert not (2 <= len(name) <= 39 and rules.USERNAME.fullmatch(name)) or name in rules.RESERVED
    else:
        assert OCI_COMPONENT.fullmatch(name)
        assert name == name.lower()
        assert name.isascii()
        assert name not in rules.RESERVED


@given(st.from_regex(rules.USERNAME, fullmatch=True))
def test_accepted_name_is_one_segment_of_an_address(name: str) -> None:
    assert not set(name) & set("/\\?#%:@ \n")
    assert ".." not in name


@pytest.mark.parametrize(
    "word", ["api", "v2", "serve", "mlflow", "dvc", "datasets", "invocations", "assets", "healthz"]
)
def test_addresses_are_reserved(word: str) -> None:
    with pytest.raises(UsernameRefused):
        rules.check_username(word)


@pytest.mark.parametrize("password", ["ada-lovelace", "Ada-Lovelace1815", "1111111111", "abababababab"])
def test_first_guesses_are_refused(password: str) -> None:
    with pytest.raises(PasswordRefused):
        rules.check_password(password, username="ada-lovelace")


def test_good_passwords_are_taken() -> None:
    for password in ("correct horse battery", "пароль длинный", "ada-lovelace and more words"):
        rules.check_password(password, username="ada-lovelace")


@pytest.mark.parametrize("mode", list(SignUp))
def test_invitation_counts_in_every_mode(mode: SignUp) -> None:
    assert rules.sign_up_role(mode, invited_as=Role.CREATOR, open_role=Role.READER) is Role.CREATOR
    expected = Role.READER if mode is SignUp.OPEN else None
    assert rules.sign_up_role(mode, invited_as=None, open_role=Role.READER) is expected


@pytest.mark.parametrize(
    ("peer", "header", "trusted", "expected"),
    [
        ("203.0.113.1", None, (), "203.0.113.1"),
        ("203.0.113.1", "192.0.2.1", (), "203.0.113.1"),
        ("10.0.0.1", "192.0.2.1", ("10.0.0.1",), "192.0.2.1"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.1", ("10.0.0.0/8",), "192.0.2.1"),
        ("10.0.0.1", "192.0.2.1, 10.0.0.2", ("10.0.0.0/8",), "192.0.2.1"),
        ("10.0.0.1", "", ("10.0.0.0/8",), "10.0.0.1"),
        ("10.0.0.1", "nonsense", ("10.0.0.0/8",), "nonsense"),
        (None, "192.0.2.1", ("local",), "192.0.2.1"),
        (None, "192.0.2.1", (), "local"),
        ("::1", "2001:db8::1", ("::1",), "2001:db8::1"),
    ],
)
def test_client_address(peer: str | None, header: str | None, trusted: tuple[str, ...], expected: str) -> None:
    assert rules.client_address(peer, header, trusted=trusted) == expected
