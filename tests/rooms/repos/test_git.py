"""Git repositories on disk: commits, LFS pointers, tags; what is written is what `git fsck` accepts."""

import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.rooms.repos import committing, folders, git
from modelyard.rooms.repos.errors import BranchMoved, FileMissing, RepositoryMissing, RevisionMissing
from modelyard.rooms.repos.git import LfsPointer

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
POINTER = LfsPointer("a" * 64, 123_456)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ab" / "r.git"
    folders.create(path)
    return path


def commit(path: Path, folder: Path, files: dict[str, str], *, message: str = "Push", **options: LfsPointer) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    pointers = {name.replace("__", "/"): pointer for name, pointer in options.items()}
    return committing.commit_folder(path, folder, pointers=pointers, message=message, author="ada", at=AT)


def test_a_commit_on_a_base_needs_main_to_be_there_still(path: Path, tmp_path: Path) -> None:
    assert git.head(path) == git.NOTHING
    options: dict[str, Any] = {"pointers": {}, "message": "m", "author": "ada", "at": AT}
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").write_text("1")
    first = committing.commit_folder(path, tmp_path / "tree", base=git.NOTHING, **options)
    assert git.head(path) == first
    (tmp_path / "tree" / "a").write_text("2")
    with pytest.raises(BranchMoved):
        committing.commit_folder(path, tmp_path / "tree", base=git.NOTHING, **options)
    second = committing.commit_folder(path, tmp_path / "tree", base=first, **options)
    assert [f.id for f in git.history(path, "main")] == [second, first]


def test_a_commit_holds_the_folder_and_git_accepts_it(path: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    first = commit(path, tree, {"a.py": "x = 1\n", "deep/er/b.txt": "b", "model.pkl": "never stored"}, message="one")
    (tree / "empty").mkdir()
    (tree / "a.py").chmod(0o755)
    second = commit(path, tree, {}, message="two", **{"model.pkl": POINTER})

    listed = git.list_folder(path, "main")
    assert [(e.path, e.is_folder, e.size) for e in listed] == [
        ("deep", True, None),
        ("a.py", False, 6),
        ("model.pkl", False, 123_456),
    ]
    assert listed[-1].pointer == POINTER
    assert LfsPointer.parse(git.read_file(path, second, "model.pkl")) == POINTER
    assert git.read_file(path, first[:10], "model.pkl") == b"never stored"
    assert [f.message for f in git.history(path, "main")] == ["two", "one"]
    assert git.history(path, "main")[0].at == AT
    shown = subprocess.run(
        ["git", "ls-tree", "-r", "main"], cwd=path, check=True, capture_output=True, text=True
    ).stdout
    assert shown.splitlines()[0].startswith("100755 blob")
    checked = subprocess.run(["git", "fsck", "--strict"], cwd=path, check=True, capture_output=True, text=True)
    assert "error" not in checked.stdout + checked.stderr


def test_the_same_content_makes_no_new_commit(path: Path, tmp_path: Path) -> None:
    first = commit(path, tmp_path / "t", {"a": "1"})
    assert commit(path, tmp_path / "t", {"a": "1"}, message="again") == first
    assert commit(path, tmp_path / "t", {"a": "2"}) != first


def test_two_commits_at_once_are_one_after_the_other(path: Path, tmp_path: Path) -> None:
    def push(i: int) -> str:
        return commit(path, tmp_path / f"t{i}", {"a": str(i), f"f{i}": "x"})

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(push, range(8)))
    assert len(set(ids)) == 8
    assert {f.id for f in git.history(path, "main")} == set(ids)


def test_a_tag_never_moves(path: Path, tmp_path: Path) -> None:
    first, second = commit(path, tmp_path / "t", {"a": "1"}), commit(path, tmp_path / "t", {"a": "2"})
    git.write_tag(path, "v1", first)
    git.write_tag(path, "v1", first)
    with pytest.raises(ValueError, match="v1"):
        git.write_tag(path, "v1", second)
    assert git.tags(path) == {"v1": first}
    git.delete_tag(path, "v1")
    git.delete_tag(path, "v1")
    assert git.tags(path) == {}


def test_a_tag_does_not_wait_for_a_commit(path: Path, tmp_path: Path) -> None:
    first = commit(path, tmp_path / "t", {"a": "1"})
    with committing.locked(path), ThreadPoolExecutor(1) as pool:
        pool.submit(git.write_tag, path, "v1", first).result(timeout=10)
        pool.submit(git.delete_tag, path, "v1").result(timeout=10)


@pytest.mark.parametrize("revision", ["nope", "-x", "main^", "main:a", "@{0}", "", "a\x00b", "f" * 40, "main..main"])
def test_a_revision_that_is_none_is_missing(path: Path, tmp_path: Path, revision: str) -> None:
    commit(path, tmp_path / "t", {"a": "1"})
    with pytest.raises(RevisionMissing):
        git.resolve(path, revision)


@pytest.mark.parametrize("name", ["b", "a/b", "../a", "a\x00", ".", "d/.."])
def test_a_file_that_is_none_is_missing(path: Path, tmp_path: Path, name: str) -> None:
    commit(path, tmp_path / "t", {"a": "1", "d/e": "2"})
    with pytest.raises(FileMissing):
        git.read_file(path, "main", name)


def test_an_empty_repository_lists_nothing(path: Path) -> None:
    assert git.list_folder(path, "main") == []
    assert git.history(path, "main") == []


def test_links_of_a_folder_are_left_out(path: Path, tmp_path: Path) -> None:
    tree = tmp_path / "t"
    tree.mkdir()
    (tree / "secret").symlink_to("/etc/passwd")
    commit(path, tree, {"a": "1"})
    assert [e.path for e in git.list_folder(path, "main")] == ["a"]


def test_deleting_may_be_repeated_and_takes_up_what_was_broken_off(path: Path, tmp_path: Path) -> None:
    commit(path, tmp_path / "t", {"a": "1"})
    path.rename(path.with_suffix(".deleted"))
    folders.delete(path)
    folders.delete(path)
    assert os.listdir(path.parent) == []
    with pytest.raises(RepositoryMissing):
        commit(path, tmp_path / "t", {"a": "2"})


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda t: (git.LFS_HEADER.decode() + t).encode()))
def test_no_bytes_break_the_reading_of_pointers(data: bytes) -> None:
    pointer = LfsPointer.parse(data)
    assert pointer is None or (len(pointer.oid) == 64 and pointer.size >= 0)


def test_a_pointer_reads_back() -> None:
    assert LfsPointer.parse(POINTER.to_bytes()) == POINTER
    assert LfsPointer.parse(POINTER.to_bytes() + b"x" * 2000) is None


def test_what_a_crash_left_does_not_stop_the_next_commit(path: Path, tmp_path: Path) -> None:
    """Git honours a lock file whoever wrote it, so those of a killed process must go."""
    root = path.parent.parent
    first = commit(path, tmp_path / "tree", {"a.py": "1"})
    left = [path / "refs/heads/main.lock", path / "refs/tags/v1.lock", path / "config.lock"]
    for lock in left:
        lock.touch()
    half_made = path.with_name("other.new")
    (half_made / "objects").mkdir(parents=True)
    with pytest.raises(Exception, match="lock"):
        commit(path, tmp_path / "tree", {"a.py": "2"})

    assert set(folders.clear_remains(root)) == {*left, half_made}

    assert not half_made.exists()
    second = commit(path, tmp_path / "tree", {"a.py": "2"})
    git.write_tag(path, "v1", second)
    assert [facts.id for facts in git.history(path, "main")] == [second, first]
    assert folders.clear_remains(root) == []


def test_a_repository_is_made_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ab" / "r.git"
    with monkeypatch.context() as patch:
        patch.setattr(folders.shutil, "rmtree", _cut_off_at("hooks"))
        with pytest.raises(KeyboardInterrupt):
            folders.create(path)
    assert not path.exists()
    folders.create(path)
    assert git.is_empty(path)
    assert not path.with_suffix(".new").exists()


def _cut_off_at(name: str) -> Callable[..., None]:
    def rmtree(folder: Path, **_: object) -> None:
        if folder.name == name:
            raise KeyboardInterrupt

    return rmtree
