"""The cache of layers after a crash."""

from pathlib import Path

from fakes.blob_store import MemoryBlobStore
from modelyard.rooms.images.layers import LayerCache


def test_what_was_being_written_goes_and_what_was_written_stays(tmp_path: Path) -> None:
    cache = LayerCache(tmp_path, MemoryBlobStore())
    cache.write("layers", "kept", {"size": 1})
    (tmp_path / "layers" / ".new-half").write_text("{")
    (tmp_path / "interpreters" / ".new-half" / "root").mkdir(parents=True)
    (tmp_path / "work" / "left").mkdir(parents=True)
    with cache.workspace() as used:
        cache.clean()
        assert used.is_dir()
    assert [path.name for path in (tmp_path / "layers").iterdir()] == ["kept.json"]
    assert not any((tmp_path / "interpreters").iterdir())
    assert not any((tmp_path / "work").iterdir())
    assert cache.read("layers", "kept") == {"size": 1}
