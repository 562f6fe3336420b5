"""A folder as a zip."""

import os
import zipfile
from pathlib import Path

import pytest

from modelyard.apps.cli.exits import UsageError
from modelyard.apps.cli.packing import packed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    (made / "inner/__pycache__").mkdir(parents=True)
    (made / ".git").mkdir()
    for name in ("modelyard.yaml", "m.py", "inner/n.py", "inner/__pycache__/n.pyc", ".git/HEAD", "ü.txt", "old.pyc"):
        (made / name).write_text(name)
    return made


def test_holds_the_files_without_those_of_tools(folder: Path) -> None:
    with packed(folder) as file, zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["m.py", "modelyard.yaml", "ü.txt", "inner/n.py"]
        assert archive.read("inner/n.py") == b"inner/n.py"
        assert file.name == "model.zip"
    assert not file.exists()


def test_same_files_give_the_same_bytes(folder: Path) -> None:
    with packed(folder) as first:
        before = first.read_bytes()
    os.utime(folder / "m.py", (1, 1))
    with packed(folder) as second:
        assert second.read_bytes() == before


@pytest.mark.parametrize("target", ["m.py", "inner", "/etc/passwd", "nowhere"])
def test_links_are_refused(folder: Path, target: str) -> None:
    (folder / "link").symlink_to(target)
    with pytest.raises(UsageError, match="is a link"), packed(folder):
        pass


def test_pipes_are_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(UsageError, match="not a file"), packed(folder):
        pass


def test_folder_without_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no modelyard\.yaml"), packed(tmp_path):
        pass
