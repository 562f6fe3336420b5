"""Layers on disk: unpacked once, merged, evicted, and safe from crashes."""

import gzip
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import zstandard

from contracts.engine_images import directory, file, layer, link
from fakes.blob_folder import FolderBlobs, LocalFolderBlobs
from modelyard.adapters.engines.local.layers import LayerStore
from modelyard.adapters.engines.local.links import merge
from modelyard.rooms.runs.errors import EngineRefused

TREE = layer(directory("d"), file("d/f", "content"))


@pytest.fixture
def blobs(tmp_path: Path) -> LocalFolderBlobs:
    return LocalFolderBlobs(tmp_path / "blobs")


@pytest.fixture
def store(tmp_path: Path, blobs: LocalFolderBlobs) -> LayerStore:
    return LayerStore(tmp_path / "root", blobs)


def names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress], ids=["plain", "gzip", "zstd"]
)
@pytest.mark.parametrize("kind", [FolderBlobs, LocalFolderBlobs])
def test_layers_may_be_compressed_and_streamed(tmp_path: Path, pack, kind) -> None:
    blobs = kind(tmp_path / "blobs")
    store = LayerStore(tmp_path / "root", blobs)
    unpacked = store.ensure(blobs.put([pack(TREE)]).digest)
    assert (unpacked.path / "d/f").read_text() == "content"
    assert list((tmp_path / "root/trash").iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [gzip.compress(TREE, mtime=0)[:-20], zstandard.ZstdCompressor().compress(TREE)[:-9], b"junk"],
    ids=["gzip", "zstd", "tar"],
)
def test_broken_layers_are_refused_and_leave_nothing(tmp_path: Path, store: LayerStore, blobs, data: bytes) -> None:
    digest = blobs.put([data]).digest
    with pytest.raises(EngineRefused, match="cannot be unpacked"):
        store.ensure(digest)
    assert list((tmp_path / "root/trash").iterdir()) == []
    assert [path.name for path in (tmp_path / "root/l").iterdir()] == ["boot"]


def test_a_layer_is_unpacked_once(store: LayerStore, blobs: LocalFolderBlobs, tmp_path: Path) -> None:
    digest = blobs.put([TREE]).digest
    first = store.ensure(digest)
    blobs.delete(digest)
    assert store.ensure(digest) == first
    assert LayerStore(tmp_path / "root", blobs).ensure(digest) == first


def test_many_may_ask_for_one_layer(store: LayerStore, blobs: LocalFolderBlobs, tmp_path: Path) -> None:
    digest = blobs.put([TREE]).digest
    stores = [store, LayerStore(tmp_path / "root", blobs)] * 4
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: one.ensure(digest), stores))
    assert len({one.path for one in found}) == 1
    assert (found[0].path / "d/f").read_text() == "content"


def test_what_a_crash_left_is_swept(store: LayerStore, blobs: LocalFolderBlobs, tmp_path: Path) -> None:
    kept = store.ensure(blobs.put([TREE]).digest)
    root = tmp_path / "root"
    (root / "trash/half").mkdir()
    (root / "trash/half/file").write_text("x")
    (root / "l/0123456789abcdef").mkdir()  # renamed, its note not yet written
    LayerStore(root, blobs)
    assert list((root / "trash").iterdir()) == []
    assert sorted(path.name for path in (root / "l").iterdir()) == sorted(
        ["boot", kept.path.name, f"{kept.path.name}.json"]
    )


def test_layers_of_another_boot_are_unpacked_again(store: LayerStore, blobs: LocalFolderBlobs, tmp_path: Path) -> None:
    digest = blobs.put([TREE]).digest
    stale = store.ensure(digest).path / "d/f"
    stale.chmod(0o644)
    stale.write_text("")  # as after a power cut
    (tmp_path / "root/l/boot").write_text("another")
    again = LayerStore(tmp_path / "root", blobs).ensure(digest)
    assert (again.path / "d/f").read_text() == "content"


def test_merging_applies_whiteouts_and_replacements(store: LayerStore, blobs: LocalFolderBlobs, tmp_path: Path) -> None:
    base = layer(
        file("keep", "1"), file("gone", "1"), file("dir/a", "1"), file("dir/b", "1"), file("opaque/old", "1"),
        file("becomes-dir", "1"), file("becomes-file/x", "1"), link("becomes-real", "keep"), file("tree/x/y", "1"),
    )  # fmt: skip
    upper = layer(
        file(".wh.gone"), file("dir/.wh.a"), file("opaque/.wh..wh..opq"), file("opaque/new", "2"), file("keep", "2"),
        file("becomes-dir/x", "2"), file("becomes-file", "2"), file("becomes-real", "2"), file(".wh.tree"),
        file("link/.wh.keep"), link("link", "dir"),
    )  # fmt: skip
    layers = [store.ensure(blobs.put([data]).digest) for data in (base, upper)]
    merged = store.merged(layers)
    assert names(merged) == [
        "becomes-dir", "becomes-dir/x", "becomes-file", "becomes-real", "dir", "dir/b", "keep", "link", "opaque",
        "opaque/new",
    ]  # fmt: skip
    assert {(merged / name).read_text() for name in ("keep", "becomes-file", "becomes-real")} == {"2"}
    assert (layers[0].path / "keep").read_text() == "1"
    assert (layers[0].path / "gone").exists()
    assert store.merged(layers) == merged


def test_whiteouts_do_not_reach_through_links(tmp_path: Path, store: LayerStore, blobs: LocalFolderBlobs) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("safe")
    base = layer(link("way", str(tmp_path / "outside")))
    upper = layer(file("way/.wh.file"), file("way/.wh..wh..opq"))
    (tmp_path / "into").mkdir()
    merge([store.ensure(blobs.put([data]).digest) for data in (base, upper)], tmp_path / "into")
    assert (tmp_path / "outside/file").read_text() == "safe"


def test_the_least_recently_used_is_evicted_first(store: LayerStore, blobs: LocalFolderBlobs) -> None:
    layers = [store.ensure(blobs.put([layer(file(f"f{n}", b"x" * 1000))]).digest) for n in range(4)]
    for age, one in enumerate(layers):
        os.utime(one.path.with_name(f"{one.path.name}.json"), (age, age))
    store.ensure(layers[0].digest)  # used just now
    freed = store.evict(keep_bytes=2000, used={layers[1].path.name})
    assert freed == 2000
    assert [one.path.exists() for one in layers] == [True, True, False, False]


def test_nothing_is_evicted_below_the_bound(store: LayerStore, blobs: LocalFolderBlobs) -> None:
    one = store.ensure(blobs.put([TREE]).digest)
    assert store.evict(keep_bytes=10**6, used=set()) == 0
    assert one.path.exists()


def test_merged_chains_go_with_their_layers(store: LayerStore, blobs: LocalFolderBlobs) -> None:
    layers = [store.ensure(blobs.put([layer(file(f"f{n}", "x"))]).digest) for n in range(2)]
    merged = store.merged(layers)
    assert store.evict(keep_bytes=0, used={layers[0].path.name}) == 0
    assert merged.exists()
    assert store.evict(keep_bytes=0, used=set()) == 2
    assert not merged.exists()
