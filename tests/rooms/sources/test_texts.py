"""Strict JSON and YAML."""

# ruff: noqa: E501 (rows of tables)

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.rooms.sources.errors import ConfigInvalid
from modelyard.rooms.sources.texts import dump_yaml, parse_json, parse_yaml

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufeff\ufffe\uffff")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcyn~1.:# -", min_size=1), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(st.text("abcdefg", min_size=1), plain, max_size=4))
def test_yaml_round_trip(value):
    assert parse_yaml(dump_yaml(value)) == value


@pytest.mark.parametrize(
    "text", ["yes", "no", "on", "1e5", "0o17", "0x1f", "1_000", "12:30:00", "2024-01-01", "~", "null", ".5", "1.", "007", "true", "=", "<<", "a: b", "- a", "#a", "a\nb", "a\n  b\n", ""],
)  # fmt: skip
def test_texts_stay_texts(text):
    assert parse_yaml(dump_yaml({"a": [text], "b": {"c": text}})) == {"a": [text], "b": {"c": text}}


def test_yaml_is_of_the_newer_kind():
    text = "a: yes\nb: 2024-01-01\nc: 12:30\nd: true\ne: ~\nf: 0o17\ng: 1e3\nh: 1_0\ni:\nj: 3.10"
    found = parse_yaml(text)
    assert found == {
        "a": "yes", "b": "2024-01-01", "c": "12:30", "d": True, "e": None, "f": 15, "g": 1000.0, "h": "1_0", "i": None, "j": 3.1,
    }  # fmt: skip
    assert found["j"].text == "3.10"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "line 2, column 1: the key a stands twice"),
        ("a: {b: 1, b: 2}", "stands twice"),
        ("a: &x 1\nb: *x", "anchors and aliases"),
        ("a: &x [1]", "anchors and aliases"),
        ("a: !!python/object/apply:os.system [id]", "the tag"),
        ("a: !custom 1", "the tag"),
        ("a: !!binary aGk=", "the tag"),
        ("1: a", "not a text"),
        ("? [a]\n: b", "not a text"),
        ("a: [1", "flow sequence"),
        ("a: b: c", "line 1"),
        ("\ta: b", "line 1"),
        ("a: 1\n---\nb: 2", "single document"),
        ("a: 1e999", "too large"),
        ("a: " + "9" * 5000, "YAML"),
        ("[" * 40 + "]" * 40, "nested too deeply"),
        ("[" * 100_000, "nested too deeply"),
        ("- " * 1000 + "a", "nested too deeply"),
        ("a: \x07", "YAML"),
    ],
)
def test_yaml_refuses(text, words):
    with pytest.raises(ConfigInvalid) as e:
        parse_yaml(text)
    assert words in e.value.detail
    assert "\n" not in e.value.detail


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a": 1,\n "b" 2}', "line 2, column 6"),
        (b"", "line 1, column 1"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"a": {"b": 1, "b": 2}}', "stands twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1} x', "line 1, column 10"),
        (b"{'a': 1}", "line 1, column 2"),
        (b'{"a": "\x01"}', "line 1"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * 50 + b"]" * 50, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON"),
        (b"\xff", "UTF-8"),
        (b'"' + b"a" * 300_000 + b'"', "KiB"),
    ],
)
def test_json_refuses(data, words):
    with pytest.raises(ConfigInvalid) as e:
        parse_json(data)
    assert words in e.value.detail
    assert "\n" not in e.value.detail


def test_json_with_byte_order_mark():
    assert parse_json(b'\xef\xbb\xbf{"a": [1, 2.5, null]}') == {"a": [1, 2.5, None]}


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    data = text.encode("utf-8", "surrogatepass")
    for parse in (parse_json, parse_yaml):
        with contextlib.suppress(ConfigInvalid):
            parse(data)
