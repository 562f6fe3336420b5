"""Identifiers and cursors."""

import threading
import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.kit.ids import new_id, new_secret
from modelyard.kit.paging import BadCursor, decode_cursor, encode_cursor


def test_ids_are_uuid_version_7_of_now() -> None:
    before = time.time_ns() // 1_000_000
    identity = new_id()
    after = time.time_ns() // 1_000_000
    assert identity.version == 7
    assert identity.variant == "specified in RFC 4122"
    assert before <= identity.int >> 80 <= after + 1


def test_ids_ascend_and_are_unique_across_threads() -> None:
    made: list[list[UUID]] = [[] for _ in range(4)]

    def make(own: list[UUID]) -> None:
        own.extend(new_id() for _ in range(5000))

    threads = [threading.Thread(target=make, args=(own,)) for own in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(own == sorted(own) for own in made)
    assert len({identity for own in made for identity in own}) == 20_000


def test_secrets_have_256_bits_and_a_prefix() -> None:
    secret = new_secret("my_token")
    assert secret.startswith("my_token_")
    assert len(secret.removeprefix("my_token_")) == 43  # 32 bytes in base64 without padding
    assert secret != new_secret("my_token")


@given(st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=50), st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_comes_back(text: str, number: int) -> None:
    assert decode_cursor(encode_cursor(text, number), str, int) == [text, number]


def test_a_cursor_of_an_id() -> None:
    identity = new_id()
    assert decode_cursor(encode_cursor(identity), UUID) == [identity]


@given(st.text(max_size=80))
def test_any_other_text_is_refused_as_a_cursor(text: str) -> None:
    with pytest.raises(BadCursor) as refused:
        decode_cursor(text, UUID)
    assert refused.value.field == "cursor"


@pytest.mark.parametrize(
    "cursor", ["", "e30", "W10", "WzFd", "%%%", "WyJ4Il0", encode_cursor(True), encode_cursor(2**64)]
)
def test_foreign_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(cursor, UUID)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**40])
def test_numbers_that_no_database_holds_are_refused(number: int) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(encode_cursor(number), int)
