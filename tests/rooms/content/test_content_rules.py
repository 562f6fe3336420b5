"""Decisions of the content room, without any I/O."""

from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.rooms.content import rules
from modelyard.rooms.content.errors import UploadHeader

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

keys = st.text("abcXYZ019-_.", min_size=1, max_size=20)
values = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=50)


@given(st.dictionaries(keys, values, max_size=8))
def test_metadata_there_and_back(metadata: dict[str, str]) -> None:
    assert rules.parse_metadata(rules.format_metadata(metadata)) == metadata


@given(st.text(max_size=60))
def test_any_metadata_is_read_or_refused(header: str) -> None:
    with suppress(UploadHeader):
        assert all(isinstance(value, str) for value in rules.parse_metadata(header).values())


@given(st.text(max_size=60))
def test_any_checksum_is_read_or_refused(header: str) -> None:
    with suppress(UploadHeader):
        assert rules.parse_checksum(header).algorithm in rules.CHECKSUM_ALGORITHMS


@given(st.text(max_size=300), st.text(max_size=300))
def test_file_names_have_no_folder(filename: str, name: str) -> None:
    found = rules.file_name({"filename": filename, "name": name})
    assert found is None or (0 < len(found) <= 255 and not {"/", "\\", "\x00", "\n"} & set(found))
    assert found not in {".", ".."}


@pytest.mark.parametrize("header", ["-1", "+1", "1.0", "٣", "", "9" * 19, "0x1"])
def test_content_lengths_are_plain_numbers(header: str) -> None:
    with pytest.raises(UploadHeader):
        rules.parse_content_length(header)


@pytest.mark.parametrize(
    ("digest", "is_one"),
    [
        ("sha256:" + "0a" * 32, True),
        ("sha256:" + "0A" * 32, False),
        ("sha256:" + "0a" * 31, False),
        ("sha256:" + "0a" * 32 + "\n", False),
        ("sha512:" + "0a" * 32, False),
        ("0a" * 32, False),
    ],
)
def test_digests(digest: str, is_one: bool) -> None:
    assert rules.is_digest(digest) is is_one


@pytest.mark.parametrize(
    ("unheld_since", "granted", "may"),
    [
        (NOW - HOUR, False, True),
        (NOW - 2 * HOUR, False, True),
        (NOW - HOUR + timedelta(seconds=1), False, False),
        (None, False, False),
        (NOW - 2 * HOUR, True, False),
    ],
)
def test_what_may_be_collected(unheld_since: datetime | None, granted: bool, may: bool) -> None:
    assert rules.may_collect(unheld_since=unheld_since, granted=granted, now=NOW, grace=HOUR) is may


def test_reasons_name_their_upload() -> None:
    upload_id = uuid4()
    assert rules.upload_of(rules.upload_reason(upload_id)) == upload_id
    assert len(rules.upload_reason(upload_id)) <= rules.MAX_WHY


def test_a_checksum_is_compared_whole() -> None:
    header = f"sha1 {b64encode(b'x' * 20).decode()}"
    rules.parse_checksum(header).require(b"x" * 20)
    with pytest.raises(Exception, match="announced was"):
        rules.parse_checksum(header).require(b"x" * 19)
