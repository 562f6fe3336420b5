"""What changed between two revisions."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modelyard.rooms.repos import committing, comparing, folders
from modelyard.rooms.repos.errors import RevisionMissing
from modelyard.rooms.repos.git import LfsPointer
from support import digits
from support.server import Server

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TEXT = "".join(f"line {number}\n" for number in range(20))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ab" / "r.git"
    folders.create(path)
    return path


def commit(path: Path, folder: Path, files: dict[str, str], pointers: dict[str, LfsPointer]) -> str:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return committing.commit_folder(path, folder, pointers=pointers, message="m", author="ada", at=AT)


def test_files_that_differ_are_named_with_both_sides(path: Path, tmp_path: Path) -> None:
    old, new = LfsPointer("a" * 64, 100), LfsPointer("b" * 64, 200)
    files = {"same.txt": "s", "gone.txt": "g", "edited.py": "x = 1\n", "old/name.txt": TEXT, "model.pkl": ""}
    base = commit(path, tmp_path / "1", files, {"model.pkl": old})
    files = {"same.txt": "s", "added.txt": "new", "edited.py": "x = 22\n", "new/name.txt": TEXT, "model.pkl": ""}
    head = commit(path, tmp_path / "2", files, {"model.pkl": new})

    found = comparing.compare(path, base, head)
    assert (found.base, found.head, found.total) == (base, head, 5)
    assert [(change.path, change.status) for change in found.files] == [
        ("added.txt", "added"),
        ("edited.py", "changed"),
        ("gone.txt", "removed"),
        ("model.pkl", "changed"),
        ("new/name.txt", "renamed"),
    ]
    by_path = {change.path: change for change in found.files}
    assert by_path["added.txt"].before is None
    assert by_path["gone.txt"].after is None
    sides = by_path["model.pkl"]
    assert sides.before is not None
    assert sides.after is not None
    assert [(side.size, side.lfs) for side in (sides.before, sides.after)] == [(100, True), (200, True)]
    assert by_path["new/name.txt"].before is not None
    assert by_path["new/name.txt"].before.path == "old/name.txt"


def test_a_revision_that_is_not_there_is_named(path: Path, tmp_path: Path) -> None:
    base = commit(path, tmp_path / "1", {"a": "a"}, {})
    with pytest.raises(RevisionMissing, match="v9"):
        comparing.compare(path, base, "v9")


def test_versions_are_compared_over_http(site: Server) -> None:
    _, _, token = site.account()
    version = digits.push(site, token, name=f"c{secrets.token_hex(3)}")
    with site.client(token) as me:
        url = f"/api/v1/repos/{version['address']}/compare"
        assert me.get(url, params={"base": "v1", "head": "v1"}).json()["files"] == []
        assert me.get(url, params={"base": "v1", "head": "v2"}).json()["code"] == "revision_missing"
