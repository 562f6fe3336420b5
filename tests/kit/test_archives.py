"""The bytes of archives: read by programs that people use, the same from anywhere, and right beyond 4 GiB."""

import io
import random
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.kit import archives
from modelyard.kit.archives import ArchiveFormat
from modelyard.rooms.datasets.schemas import SnapshotFile

CONTENTS = {
    "a.txt": b"one",
    "empty": b"",
    "folder/größe.csv": b"x" * 70_000,
    "folder/inner/b.bin": bytes(range(256)) * 600,
    "z" * 200 + ".txt": b"long name",
    "exact": b"e" * 512,
}


def snapshot(contents: dict[str, bytes]) -> list[SnapshotFile]:
    return [SnapshotFile(path, len(data), "", zlib.crc32(data), stored=True) for path, data in contents.items()]


def whole(contents: dict[str, bytes], form: ArchiveFormat) -> bytes:
    layout = archives.lay_out(snapshot(contents), form)
    data = b"".join(archives.read(layout, 0, layout.size, opener(contents)))
    assert len(data) == layout.size
    return data


def opener(contents: dict[str, bytes]) -> archives.Opened[SnapshotFile]:
    def opened(file: SnapshotFile, offset: int, length: int) -> Iterator[bytes]:
        yield contents[file.path][offset : offset + length]

    return opened


def test_zip_is_read_by_python_and_unzip(tmp_path: Path) -> None:
    data = whole(CONTENTS, ArchiveFormat.ZIP)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {info.filename: archive.read(info) for info in archive.infolist()} == CONTENTS
    (tmp_path / "data.zip").write_bytes(data)
    done = subprocess.run(["python3", "-m", "zipfile", "-t", tmp_path / "data.zip"], capture_output=True, check=True)
    assert b"Done testing" in done.stdout


def test_tar_is_read_by_python_and_tar(tmp_path: Path) -> None:
    data = whole(CONTENTS, ArchiveFormat.TAR)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert {m.name: archive.extractfile(m).read() for m in archive.getmembers()} == CONTENTS  # type: ignore[union-attr]
    (tmp_path / "data.tar").write_bytes(data)
    subprocess.run(["tar", "-xf", tmp_path / "data.tar", "-C", tmp_path], check=True, capture_output=True)
    assert (tmp_path / "folder/größe.csv").read_bytes() == CONTENTS["folder/größe.csv"]


def test_the_order_of_files_does_not_matter() -> None:
    other = dict(sorted(CONTENTS.items(), reverse=True))
    for form in ArchiveFormat:
        assert whole(CONTENTS, form) == whole(other, form)


@pytest.mark.parametrize("form", list(ArchiveFormat))
@settings(max_examples=60, deadline=None)
@given(first=st.integers(0, 300_000), length=st.integers(0, 300_000))
def test_every_range_is_a_part_of_the_whole(form: ArchiveFormat, first: int, length: int) -> None:
    layout = archives.lay_out(snapshot(CONTENTS), form)
    data = whole(CONTENTS, form)
    start, end = min(first, layout.size), min(first + length, layout.size)
    assert b"".join(archives.read(layout, start, end, opener(CONTENTS))) == data[start:end]


class Holed:
    """A huge archive as a file: its headers and zeros for what the files hold."""

    def __init__(self, layout: archives.Layout) -> None:
        self.layout, self.at = layout, 0

    def read(self, size: int = -1) -> bytes:
        end = self.layout.size if size < 0 else min(self.at + size, self.layout.size)
        data = b"".join(archives.read(self.layout, self.at, end, zeros))
        self.at = end
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + {0: 0, 1: self.at, 2: self.layout.size}[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def seekable(self) -> bool:
        return True


def zeros(_file: SnapshotFile, _offset: int, length: int) -> Iterator[bytes]:
    yield bytes(length)


def test_beyond_four_gibibytes_and_65535_files() -> None:
    large = [
        SnapshotFile("a-small", 3, "", zlib.crc32(bytes(3)), True),
        SnapshotFile("large", 5 * 1024**3, "", 7, True),
    ]
    large += [SnapshotFile("z-last", 4, "", zlib.crc32(bytes(4)), True)]
    with zipfile.ZipFile(Holed(archives.lay_out(large, ArchiveFormat.ZIP))) as archive:  # type: ignore[call-overload]
        assert [i.file_size for i in archive.infolist()] == [3, 5 * 1024**3, 4]
        assert archive.read("z-last") == bytes(4)
    with tarfile.open(fileobj=Holed(archives.lay_out(large, ArchiveFormat.TAR)), mode="r:") as tar:  # type: ignore[call-overload]
        assert [m.size for m in tar.getmembers()] == [3, 5 * 1024**3, 4]
    many = [SnapshotFile(f"f{i}", 0, "", 0, False) for i in range(66_000)]
    with zipfile.ZipFile(Holed(archives.lay_out(many, ArchiveFormat.ZIP))) as archive:  # type: ignore[call-overload]
        assert len(archive.infolist()) == 66_000


def test_small_files_are_sent_together() -> None:
    contents = {f"f{i}": random.Random(i).randbytes(100) for i in range(2000)}
    layout = archives.lay_out(snapshot(contents), ArchiveFormat.ZIP)
    chunks = list(archives.read(layout, 0, layout.size, opener(contents)))
    assert len(chunks) <= layout.size / archives.GATHERED * 2 + 2
