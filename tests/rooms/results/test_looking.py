"""Blobs are looked into, wherever the store has them; what was made of them is kept for their holder."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_wine

from fakes.blob_store import MemoryBlobStore
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.adapters.pictures.previews import PillowPreviews
from modelyard.adapters.tables.duckdb import DuckdbTables
from modelyard.kit.ids import new_id
from modelyard.rooms.content.errors import BlobDamaged
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.results import looking
from modelyard.rooms.results.errors import PreviewImpossible, TableUnreadable
from modelyard.rooms.results.looking import MAX_PREVIEWED, ResultFile, ResultTools
from modelyard.rooms.results.schemas import TableQuery
from modelyard.rooms.results.shelf import Shelf


@pytest.fixture(params=["local", "memory"])
def tools(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ResultTools]:
    blobs: BlobStore = LocalBlobStore(tmp_path / "blobs") if request.param == "local" else MemoryBlobStore()
    shelf = Shelf(tmp_path / "shelf", keep_bytes=10**8)
    yield ResultTools(blobs, tables := DuckdbTables(), previews := PillowPreviews(), shelf, tmp_path)
    shelf.close()
    tables.close()
    previews.close()


def kept(tools: ResultTools, path: str, data: bytes) -> ResultFile:
    stored = tools.blobs.put([data])
    return ResultFile(new_id(), path, stored.size, stored.digest)


def test_a_table(tools: ResultTools) -> None:
    frame = load_wine(as_frame=True).frame
    file = kept(tools, "folder/wine.csv", frame.to_csv(index=False).encode())
    page = looking.read_table(tools, file, TableQuery(sort="alcohol", descending=True, limit=1))
    assert (page.rows[0][0], page.total) == (frame["alcohol"].max(), len(frame))
    statistics = looking.describe_table(tools, file)
    assert statistics.columns[0].mean == pytest.approx(frame["alcohol"].mean())
    assert looking.describe_table(tools, file) == statistics


def test_a_picture(tools: ResultTools) -> None:
    target = io.BytesIO()
    Image.fromarray(load_digits().images[0].astype("uint8") * 16).resize((800, 800)).save(target, "PNG")
    file = kept(tools, "digit.png", target.getvalue())
    assert Image.open(io.BytesIO(looking.draw_preview(tools, file, side=256))).size == (256, 256)
    assert Image.open(io.BytesIO(looking.draw_preview(tools, file, side=1600))).size == (800, 800)


def test_what_was_made_is_kept_for_its_holder_alone(tools: ResultTools, tmp_path: Path) -> None:
    first = kept(tools, "a.csv", b"a,b\n1,2\n")
    second = ResultFile(new_id(), first.path, first.size, first.digest)
    for file in (first, second, first):
        assert looking.read_table(tools, file, TableQuery()).total == 1
    names = {entry.name for entry in (tmp_path / "shelf").iterdir()}
    assert names == {f"{one.holder_id.hex}-{first.digest[7:]}.csv" for one in (first, second)}


def test_what_cannot_be_looked_into(tools: ResultTools) -> None:
    with pytest.raises(TableUnreadable, match="are shown as tables"):
        looking.read_table(tools, kept(tools, "a.xlsx", b"x"), TableQuery())
    large = ResultFile(new_id(), "a.png", MAX_PREVIEWED + 1, "sha256:" + "0" * 64)
    with pytest.raises(PreviewImpossible):
        looking.draw_preview(tools, large, side=256)
    lost = ResultFile(new_id(), "a.csv", 1, "sha256:" + "0" * 64)
    with pytest.raises(BlobDamaged):
        looking.read_table(tools, lost, TableQuery())
