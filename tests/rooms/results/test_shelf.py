"""What is made once is kept, made by one of many, and goes when it is in the way."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelyard.kit.ids import new_id
from modelyard.rooms.content.errors import BlobDamaged
from modelyard.rooms.results.errors import StillReading, TableUnreadable
from modelyard.rooms.results.shelf import DRAFT, Shelf


class Maker:
    """Writes ``data`` and counts how often it was asked; waits for ``may_end``."""

    def __init__(self, data: bytes = b"made", error: Exception | None = None) -> None:
        self.data, self.error, self.calls = data, error, 0
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self, target: Path) -> None:
        self.calls += 1
        assert self.may_end.wait(30)
        if self.error:
            raise self.error
        target.write_bytes(self.data)


def test_made_once_by_one_of_many(tmp_path: Path) -> None:
    shelf, make = Shelf(tmp_path, keep_bytes=100), Maker()
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(lambda _: shelf.obtain("a", make, patience=30), range(32)))
    assert {file.read_bytes() for file in files} == {b"made"}
    assert make.calls == 1
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_what_takes_long_goes_on(tmp_path: Path) -> None:
    shelf, make = Shelf(tmp_path, keep_bytes=100), Maker()
    make.may_end.clear()
    for _ in range(2):
        with pytest.raises(StillReading) as caught:
            shelf.obtain("a", make, patience=0.01)
    assert caught.value.headers() == {"Retry-After": "1"}
    make.may_end.set()
    assert shelf.obtain("a", make, patience=30).read_bytes() == b"made"
    assert make.calls == 1


def test_a_file_that_cannot_be_read_is_not_tried_again_and_again(tmp_path: Path) -> None:
    shelf, make = Shelf(tmp_path, keep_bytes=100), Maker(error=TableUnreadable("No.", remedy="Look elsewhere."))
    for _ in range(3):
        with pytest.raises(TableUnreadable) as caught:
            shelf.obtain("a", make, patience=30)
        assert (caught.value.detail, caught.value.remedy) == ("No.", "Look elsewhere.")
    assert make.calls == 1
    assert not list(tmp_path.iterdir())


def test_what_is_not_the_files_fault_is_tried_again(tmp_path: Path) -> None:
    shelf, make = Shelf(tmp_path, keep_bytes=100), Maker(error=BlobDamaged("sha256:0"))
    with pytest.raises(BlobDamaged):
        shelf.obtain("a", make, patience=30)
    make.error = None
    assert shelf.obtain("a", make, patience=30).read_bytes() == b"made"


def test_what_nobody_wants_makes_room(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, keep_bytes=10)
    for at, name in enumerate("abc"):
        os.utime(shelf.obtain(name, Maker(b"1234"), patience=30), (at, at))
        shelf.obtain("a", Maker(), patience=30)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "c"]


def test_what_a_crash_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / f"{DRAFT}1").write_bytes(b"half")
    (tmp_path / "a").write_bytes(b"whole")
    shelf, make = Shelf(tmp_path, keep_bytes=10), Maker()
    assert shelf.obtain("a", make, patience=30).read_bytes() == b"whole"
    assert (make.calls, [file.name for file in tmp_path.iterdir()]) == (0, ["a"])


def test_what_was_made_of_a_holders_files_is_forgotten_also_what_is_being_made(tmp_path: Path) -> None:
    shelf, mine, others = Shelf(tmp_path, keep_bytes=100), new_id(), new_id()
    shelf.obtain(f"{mine.hex}-a", Maker(), patience=30)
    shelf.obtain(f"{others.hex}-a", Maker(), patience=30)
    slow = Maker()
    slow.may_end.clear()
    with pytest.raises(StillReading):
        shelf.obtain(f"{mine.hex}-b", slow, patience=0.01)
    with ThreadPoolExecutor(1) as pool:
        forgotten = pool.submit(shelf.forget, mine)
        slow.may_end.set()
        forgotten.result(timeout=30)
    assert [file.name for file in tmp_path.iterdir()] == [f"{others.hex}-a"]
