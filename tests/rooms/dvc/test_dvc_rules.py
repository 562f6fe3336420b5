"""DVC's names and files."""

import hashlib

import pytest

from modelyard.rooms.dvc import rules
from modelyard.rooms.dvc.errors import DvcChecksumMismatch, DvcNameRefused
from modelyard.rooms.dvc.rules import Layout, Md5Watcher, ObjectName

MD5 = "0123456789abcdef0123456789abcdef"


def test_both_layouts_are_understood() -> None:
    assert rules.parse_path(f"files/md5/{MD5[:2]}/{MD5[2:]}") == ObjectName(Layout.MD5, MD5)
    assert rules.parse_path(f"{MD5[:2]}/{MD5[2:]}.dir") == ObjectName(Layout.DOS2UNIX, f"{MD5}.dir")


@pytest.mark.parametrize(
    "path", ["", "files/md5/01", "../01/" + MD5[2:], f"files/md5/../{MD5}", f"01/{MD5[2:]}/..", f"01/{MD5[2:]}\n",
             f"01/{MD5[2:].upper()}", f"01/{MD5}", f"files/sha/01/{MD5[2:]}", f"01/{MD5[2:]}.dir.dir", "٠١/" + MD5[2:]]
)  # fmt: skip
def test_what_is_no_name_is_refused(path: str) -> None:
    with pytest.raises(DvcNameRefused):
        rules.parse_path(path)


@pytest.mark.parametrize("size", [1, 7, 1000, 3_000_000])
def test_texts_of_dvc_two_are_named_by_their_unix_form(size: int) -> None:
    data = b"a line\r\n" * 400_000
    unix = hashlib.md5(data.replace(b"\r\n", b"\n"), usedforsecurity=False).hexdigest()
    watcher = Md5Watcher(ObjectName(Layout.DOS2UNIX, unix))
    for at in range(0, min(len(data), 400 * size), size):
        watcher.update(data[at : at + size])
    whole = 400 * size >= len(data)
    if whole:
        watcher.check()
    else:
        with pytest.raises(DvcChecksumMismatch):
            watcher.check()


def test_other_bytes_are_found_out() -> None:
    watcher = Md5Watcher(ObjectName(Layout.MD5, MD5))
    watcher.update(b"something else")
    with pytest.raises(DvcChecksumMismatch):
        watcher.check()
    named = hashlib.md5(b"a\r\n", usedforsecurity=False).hexdigest()
    unix = hashlib.md5(b"a\n", usedforsecurity=False).hexdigest()
    exact, wrong = Md5Watcher(ObjectName(Layout.MD5, named)), Md5Watcher(ObjectName(Layout.MD5, unix))
    for one in (exact, wrong):
        one.update(b"a\r\n")
    exact.check()
    with pytest.raises(DvcChecksumMismatch):
        wrong.check()


def test_what_the_author_wrote_stays() -> None:
    texts = {
        ".dvc/config": "[core]\n    remote = mine",
        ".gitignore": "*.tmp",
        ".gitattributes": "*.py diff=python\n/a.bin filter=lfs diff=lfs merge=lfs -text\n",
    }
    changes = rules.overlay({"d/[a].bin": (MD5, 3)}, texts, url="http://x/dvc/o/n")
    assert changes["d/[a].bin"] is None
    assert b'path: "[a].bin"' in (changes["d/[a].bin.dvc"] or b"")
    assert changes[".gitattributes"] == b"*.py diff=python\n"
    assert changes[".gitignore"] == b"*.tmp\n/d/\\[a\\].bin\n"
    assert changes[".dvc/config"] == (
        b"[core]\n    remote = mine\n['remote \"modelyard\"']\n    url = http://x/dvc/o/n\n"
    )
