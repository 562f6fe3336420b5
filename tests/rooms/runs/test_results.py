"""What a container leaves behind is read without trust."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.kit import db
from modelyard.rooms.runs.results import RESULT_LIMIT, read_result


def test_an_object_is_read(tmp_path: Path) -> None:
    (tmp_path / "r").write_text('{"ok": true, "notes": ["a"]}')
    assert read_result(tmp_path / "r") == {"ok": True, "notes": ["a"]}


@pytest.mark.parametrize("text", ["", "[]", "1", "{", '{"a":', "nan", "{" * 100_000, '{"a":' * 2000])
def test_anything_else_is_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "r").write_text(text)
    assert read_result(tmp_path / "r") is None


def test_what_is_no_plain_file_of_bounded_size_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"secret": 1}')
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "large").write_text(json.dumps({"a": "x" * RESULT_LIMIT}))
    for name in ("link", "fifo", "folder", "large", "absent"):
        assert read_result(tmp_path / name) is None, name


def test_what_no_database_can_keep_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "r").write_text('{"a\\u0000": ["\\ud800x", NaN, Infinity, 1e999, {"b": -Infinity}], "n": 5}')
    assert read_result(tmp_path / "r") == {"a\ufffd": ["\ufffd\ufffd\ufffdx", None, None, None, {"b": None}], "n": 5}


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=[])))
def test_storable_text_is_utf8_without_nul(text: str) -> None:
    kept = db.storable_text(text)
    assert "\x00" not in kept
    assert kept.encode().decode() == kept
    if "\x00" not in text and not any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        assert kept == text
