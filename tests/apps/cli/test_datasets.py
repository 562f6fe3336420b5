"""Datasets with the command line alone, against the real server."""

import os
import zipfile
from pathlib import Path

import pytest

from apps.cli.shell import Shell
from modelyard_client.datasets import safe_target
from modelyard_client.errors import Refused
from rooms.packs.images import digits, zipped

FILES = {
    "README.md": b"---\ntitle: Sea\n---\n",
    "train/a.csv": b"1,2\n",
    "large.bin": os.urandom(1_500_000),
    "empty": b"",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / "sea" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sea" / name).write_bytes(content)
    return tmp_path / "sea"


def read(folder: Path) -> dict[str, bytes]:
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_a_folder_goes_up_and_comes_down(creator: Shell, data: Path) -> None:
    version = creator.json("upload", data, "--name", "sea")
    assert (version["state"], version["contents"]["files"]) == ("ready", 4)
    assert "4 files" in creator.ok("show", "sea:v1")
    assert creator.ok("download", "sea", "-o", "got").strip() == "4 files in got"
    got = creator.home / "got"
    assert read(got) == FILES

    (got / "large.bin").unlink()
    digest = next(f for f in (got / "train").iterdir())
    assert digest.name == "a.csv"
    entry_partial = partial_of(creator, "large.bin")
    (got / entry_partial).write_bytes(FILES["large.bin"][:1_000_000])
    creator.ok("download", "sea", "-o", "got")
    assert read(got) == FILES

    (got / "large.bin").write_bytes(b"changed by hand")
    (got / entry_partial).write_bytes(b"\0" * 1_000_000)
    assert "damaged" in creator.fails(1, "download", "sea", "-o", "got")
    creator.ok("download", "sea", "-o", "got")
    assert read(got) == FILES

    assert creator.json("download", "sea@v1", "train/a.csv", "-o", "one")["files"] == ["one/train/a.csv"]
    creator.fails(4, "download", "sea", "nowhere.csv")
    assert creator.ok("search", "sea", "--kind", "dataset").split("\t")[0].endswith("/sea")


def partial_of(shell: Shell, name: str) -> str:
    import hashlib

    return f"{name}.{hashlib.sha256(FILES[name]).hexdigest()[:12]}.partial"


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_as_one_archive_which_is_checked(creator: Shell, data: Path, form: str) -> None:
    archive = creator.home / "sea.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for name in FILES:
            made.write(data / name, name)
    creator.ok("upload", archive, "--name", "zipped")
    fetched = creator.ok("download", "zipped", "--format", form).strip()
    assert fetched == f"zipped-v1.{form}"
    again = creator.home / "again"
    again.mkdir()
    creator.ok("download", "zipped", "--format", form, "-o", again)
    assert (again / fetched).read_bytes() == (creator.home / fetched).read_bytes()
    assert list(creator.home.glob("*.partial")) == []
    creator.fails(2, "download", "zipped", "a", "--format", form)
    creator.fails(2, "download", "zipped", "--format", "rar")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "", "c:/x", "a\\..\\x"])
def test_a_server_names_no_file_outside(tmp_path: Path, path: str) -> None:
    with pytest.raises(Refused):
        safe_target(tmp_path, path)


def test_tables_are_imported_and_refused_with_their_line(creator: Shell) -> None:
    table, broken = creator.home / "sea.csv", creator.home / "broken.csv"
    table.write_bytes(b"depth,name\n1,a\n2,b\n")
    broken.write_bytes(b"depth,name\n1,a\n2\n")
    version = creator.json("import-data", "tables", table)
    assert (version["state"], version["contents"]["files"], version["packed"]) == ("ready", 1, None)
    assert "broken.csv, line 3: It has 1 fields" in creator.fails(1, "import-data", "tables", broken, "--append")
    creator.ok("download", "tables", "-o", "got")
    assert read(creator.home / "got") == {"sea.csv": table.read_bytes()}


def test_images_are_imported_from_an_archive(creator: Shell) -> None:
    archive = creator.home / "digits.zip"
    archive.write_bytes(zipped(digits()))
    version = creator.json("import-data", "digits", archive, "--split", "0.8,0.1,0.1")
    assert (version["state"], version["packed"]["items"]) == ("ready", 60)
    creator.fails(2, "import-data", "digits", archive, "--split", "0.8,0.3")
    creator.fails(2, "import-data", "digits", archive, "--on-bad", "ignore")
    creator.fails(2, "import-data", "digits", "absent.zip")
    broken = creator.home / "broken.zip"
    broken.write_bytes(zipped({"0/a.png": b"no image"}))
    creator.fails(1, "import-data", "digits", broken)
