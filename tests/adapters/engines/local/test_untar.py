"""Unpacking layers, the hostile ones above all."""

import io
import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.engine_images import Entry, directory, file, hard_link, layer, link
from modelyard.adapters.engines.local.untar import LayerInvalid, Unpacked, remove_tree, unpack


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A folder with a secret beside the root that is unpacked into."""
    (tmp_path / "secret").write_text("untouched")
    (tmp_path / "root").mkdir()
    return tmp_path


def unpack_entries(box: Path, *entries: Entry) -> Unpacked:
    archive = box / "layer.tar"
    archive.write_bytes(layer(*entries))
    try:
        return unpack(archive, box / "root")
    finally:
        assert (box / "secret").read_text() == "untouched"
        assert sorted(path.name for path in box.iterdir()) == ["layer.tar", "root", "secret"]


def special(name: str, kind: bytes, mode: int = 0o644) -> Entry:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.devmajor, info.devminor = kind, mode, 1, 3
    return info, b""


def test_files_folders_and_links_are_there(box: Path) -> None:
    result = unpack_entries(
        box, directory("d"), file("d/f", "text"), link("s", "d/f"), hard_link("h", "d/f"), file("deep/er/g", "x")
    )
    root = box / "root"
    assert (root / "d/f").read_text() == (root / "s").read_text() == (root / "h").read_text() == "text"
    assert (root / "h").stat().st_ino == (root / "d/f").stat().st_ino
    assert (root / "deep/er/g").read_text() == "x"
    assert result.size == 5


def test_nothing_can_be_written_and_everything_read(box: Path) -> None:
    old = os.umask(0o077)
    try:
        unpack_entries(box, directory("d", 0o700), file("d/f", "x", 0o600), file("d/run", "x", 0o4700))
    finally:
        os.umask(old)
    modes = {name: oct((box / "root" / name).stat().st_mode & 0o7777) for name in ("d", "d/f", "d/run")}
    assert modes == {"d": "0o555", "d/f": "0o444", "d/run": "0o555"}


def test_times_are_kept(box: Path) -> None:
    info, content = file("f", "x")
    info.mtime = 1_000_000
    unpack_entries(box, (info, content))
    assert (box / "root/f").stat().st_mtime == 1_000_000


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "d/../../secret"])
def test_names_that_climb_are_refused(box: Path, name: str) -> None:
    with pytest.raises(LayerInvalid, match="leads outside"):
        unpack_entries(box, directory("d"), file(name, "overwritten"))


def test_absolute_names_stay_inside(box: Path) -> None:
    unpack_entries(box, file("/etc/f", "x"), file("//g", "y"), file("./h", "z"))
    assert sorted(path.name for path in (box / "root").rglob("*")) == ["etc", "f", "g", "h"]


@pytest.mark.parametrize("target", ["..", "../..", "/", "/etc/../..", "d/../../.."])
def test_writing_through_a_link_stays_inside(box: Path, target: str) -> None:
    unpack_entries(box, directory("d"), link("way", target), file("way/secret", "overwritten"), file("way/x/y", "z"))


def test_a_file_replaces_a_link_instead_of_following_it(box: Path) -> None:
    unpack_entries(box, link("f", "../secret"), file("f", "own"))
    assert (box / "root/f").read_text() == "own"
    assert not (box / "root/f").is_symlink()


def test_links_may_lead_to_folders_of_the_layer(box: Path) -> None:
    unpack_entries(box, directory("usr/lib"), link("lib", "usr/lib"), file("lib/x", "content"))
    assert (box / "root/usr/lib/x").read_text() == "content"


@pytest.mark.parametrize("target", ["../secret", "/../secret", "absent", "d", "way/secret"])
def test_hard_links_only_to_files_of_the_layer(box: Path, target: str) -> None:
    with pytest.raises(LayerInvalid):
        unpack_entries(box, directory("d"), link("way", ".."), hard_link("h", target))


def test_links_in_a_circle_are_refused(box: Path) -> None:
    with pytest.raises(LayerInvalid, match="too many links"):
        unpack_entries(box, link("a", "b"), link("b", "a"), file("a/x", ""))


@pytest.mark.parametrize(
    "entry",
    [link("l", ""), file("x" * 300), link("l", "x" * 5000)],
    ids=["no target", "name", "target"],
)
def test_names_that_no_file_can_have_are_refused(box: Path, entry: Entry) -> None:
    with pytest.raises(LayerInvalid, match="cannot be made"):
        unpack_entries(box, entry)


def test_depth_is_bounded_also_through_links(box: Path) -> None:
    deep = "a/" * 60
    unpack_entries(box, file(f"{deep}f"))
    with pytest.raises(LayerInvalid, match="deep"):
        unpack_entries(box, link("l", deep), file(f"l/{deep}g"))
    with pytest.raises(LayerInvalid, match="deep"):
        unpack_entries(box, file("b/" * 3000 + "f"))
    remove_tree(box / "root")


def test_devices_pipes_and_sockets_are_left_out(box: Path) -> None:
    unpack_entries(
        box,
        special("null", tarfile.CHRTYPE),
        special("sda", tarfile.BLKTYPE),
        special("p", tarfile.FIFOTYPE),
        file("f"),
    )
    assert [path.name for path in (box / "root").iterdir()] == ["f"]


def test_of_two_entries_the_later_counts(box: Path) -> None:
    unpack_entries(
        box, file("a", "1"), file("a", "2"), file("b", "1"), file("b/c", "2"), file("d/e", "1"), file("d", "2")
    )
    root = box / "root"
    assert [(root / name).read_text() for name in ("a", "b/c", "d")] == ["2", "2", "2"]


def test_whiteouts_are_noted_and_not_written(box: Path) -> None:
    result = unpack_entries(
        box, file("d/.wh.gone"), file(".wh.top"), file("o/.wh..wh..opq"), file(".wh..wh.plnk"), file("o/new", "x")
    )
    assert (result.removed, result.opaque) == (["d/gone", "top"], ["o"])
    assert [path.name for path in (box / "root").rglob(".wh*")] == []


@pytest.mark.parametrize(
    "data", [b"no tar at all" * 100, layer(file("f", b"x" * 5000))[:3000], b"\0" * 100], ids=["text", "cut", "zeros"]
)
def test_what_is_no_tar_is_refused_or_empty(box: Path, data: bytes) -> None:
    (box / "layer.tar").write_bytes(data)
    with pytest.raises(LayerInvalid):
        unpack(box / "layer.tar", box / "root")


def test_sparse_files_keep_their_holes_as_zeros(box: Path) -> None:
    buffer = io.BytesIO()
    info = tarfile.TarInfo("sparse")
    info.size = 4
    info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": "8192"}
    info.pax_headers |= {"GNU.sparse.numblocks": "1", "GNU.sparse.map": "4096,4", "GNU.sparse.name": "sparse"}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(info, io.BytesIO(b"data"))
    (box / "layer.tar").write_bytes(buffer.getvalue())
    unpack(box / "layer.tar", box / "root")
    assert (box / "root/sparse").read_bytes() == b"\0" * 4096 + b"data" + b"\0" * 4092


PARTS = st.sampled_from(["a", "b", "..", ".", "", ".wh.a", ".wh..wh..opq"])
NAMES = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
ENTRIES = st.one_of(
    st.builds(file, NAMES, st.just("overwritten")),
    st.builds(directory, NAMES),
    st.builds(link, NAMES, st.one_of(NAMES, NAMES.map("/{}".format), NAMES.map("../{}".format))),
    st.builds(hard_link, NAMES, NAMES),
)


@given(st.lists(ENTRIES, max_size=8))
@settings(max_examples=200, deadline=None)
def test_no_archive_writes_outside(entries: list[Entry]) -> None:
    with tempfile.TemporaryDirectory() as name:
        outer = Path(name)
        box = outer / "a" / "b"
        (box / "root").mkdir(parents=True)
        (box / "secret").write_text("untouched")
        try:
            unpack_entries(box, *entries)
        except LayerInvalid:
            pass
        finally:
            assert [path.name for path in outer.iterdir()] == ["a"]
            assert [path.name for path in (outer / "a").iterdir()] == ["b"]


def test_read_only_trees_can_be_removed(box: Path) -> None:
    unpack_entries(box, file("d/e/f", "x"), link("l", "/nowhere"))
    remove_tree(box / "root")
    assert not (box / "root").exists()
    remove_tree(box / "root")
