"""Which files ``.gitattributes`` gives to LFS."""

import pytest

from modelyard.rooms.repos import attributes

WRITTEN = """# *.txt filter=lfs
*.bin filter=lfs diff=lfs merge=lfs -text
/top.dat filter=lfs
data/*.csv filter=lfs
data/kept.csv -filter
*.py diff=python
"""


@pytest.mark.parametrize("path", ["a.bin", "d/e/a.bin", "top.dat", "data/x.csv"])
def test_files_that_fit_are_lfs(path: str) -> None:
    assert attributes.is_lfs(WRITTEN, path)


@pytest.mark.parametrize("path", ["a.txt", "d/top.dat", "data/in/x.csv", "data/kept.csv", "a.py", "bin", "#"])
def test_others_are_not(path: str) -> None:
    assert not attributes.is_lfs(WRITTEN, path)


@pytest.mark.parametrize("path", ["plain", "a b.txt", "[x]*?.txt", 'quo"te', "d/é"])
def test_what_is_added_is_found_and_said_once(path: str) -> None:
    once = attributes.with_lfs("*.py diff=python", [path])
    assert once.startswith("*.py diff=python\n")
    assert attributes.is_lfs(once, path)
    assert attributes.with_lfs(once, [path]) == once
