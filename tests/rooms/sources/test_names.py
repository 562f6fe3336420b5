"""Names of files."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.rooms.sources.errors import PathUnsafe
from modelyard.rooms.sources.names import check_path, is_junk, safe_file_name


@pytest.mark.parametrize(
    "path", ["m.py", "a/b/c.txt", "a b.py", "ä/ж.py", ".gitignore", ".gitattributes", "a.b:c", "...", "-x"]
)
def test_good_paths(path):
    assert check_path(path) == path
    assert not is_junk(path)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_a_checked_path_stays_inside(path):
    with contextlib.suppress(PathUnsafe):
        check_path(path)
        assert not {"", ".", ".."} & set(path.split("/"))
        assert "\\" not in path


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("model.pkl", "model.pkl"),
        ("C:\\Users\\me\\model.pkl", "model.pkl"),
        ("/etc/passwd", "passwd"),
        ("../../x", "x"),
        ("", "file"),
        ("..", "file"),
        (".git", "git"),
        ("git~1", "file"),
        ("a\nb\x00.pkl", "a_b_.pkl"),
        ("a" * 300 + ".pkl", "a" * 236 + ".pkl"),
        ("e\u0301.pkl", "é.pkl"),
        ("what?.pkl", "what_.pkl"),
    ],
)
def test_safe_file_name(sent, name):
    assert safe_file_name(sent) == name


@settings(deadline=None)
@given(st.text())
def test_a_safe_file_name_is_one_part(sent):
    name = safe_file_name(sent)
    assert check_path(name) == name
    assert "/" not in name
