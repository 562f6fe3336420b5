"""``load_dataset`` against a real server: found, fetched once, checked, resumed, shared among processes."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import modelyard
from modelyard_client import (
    Client,
    ImageDataset,
    Missing,
    NotSignedIn,
    Refused,
    ServerFailed,
    TableDataset,
    load_dataset,
)
from modelyard_client.loading import cache
from rooms.datasets.shelf import Collector, collector
from support import packs
from support.server import Server

PACK = packs.pack(packs.pictures())
DIGEST = f"sha256-{hashlib.sha256(PACK).hexdigest()}"


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Collector:
    return collector(site, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_a_version_is_loaded_by_its_address_and_fetched_once(me: Collector, folder: Path) -> None:
    number = me.ready(me.push(packs.files_of(PACK)))
    told: list[tuple[int, int]] = []
    dataset = load_dataset(
        f"{me.address}@v{number}", client=me.client, cache_dir=folder, progress=lambda *bytes: told.append(bytes)
    )
    assert isinstance(dataset, ImageDataset)
    assert {item.path: item.image.size for item in dataset} == dict.fromkeys(packs.pictures(), (8, 8))
    assert (len(PACK), len(PACK)) in told
    told.clear()
    newest = load_dataset(
        me.address, split="test", client=me.client, cache_dir=folder, progress=lambda *bytes: told.append(bytes)
    )
    assert (len(newest), told) == (10, [])


def test_it_is_offered_by_the_package_of_the_server_too(
    me: Collector, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    me.ready(me.push(packs.files_of(PACK)))
    monkeypatch.setenv("MODELYARD_URL", me.server.url)
    monkeypatch.setenv("MODELYARD_TOKEN", me.http.headers["authorization"].removeprefix("Bearer "))
    monkeypatch.setenv("MODELYARD_CACHE", str(folder))
    assert len(modelyard.load_dataset(me.address)) == 30
    assert modelyard.Client is Client
    asked = subprocess.run(
        [sys.executable, "-c", "import modelyard, sys; print('modelyard_client' in sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert asked.stdout == "False\n"


def test_an_unfinished_file_is_gone_on_with_and_a_damaged_one_is_not_kept(me: Collector, folder: Path) -> None:
    me.ready(me.push(packs.files_of(PACK)))
    folder.mkdir()
    partial = folder / f"{DIGEST}.{DIGEST[7:19]}.partial"
    partial.write_bytes(PACK[:1000])
    told: list[tuple[int, int]] = []
    load_dataset(me.address, client=me.client, cache_dir=folder, progress=lambda *bytes: told.append(bytes))
    assert (folder / DIGEST).read_bytes() == PACK
    (folder / DIGEST).unlink()
    partial.write_bytes(b"\x01" * 1000)
    with pytest.raises(ServerFailed, match="damaged"):
        load_dataset(me.address, client=me.client, cache_dir=folder)
    assert not (folder / DIGEST).exists()
    assert len(load_dataset(me.address, client=me.client, cache_dir=folder)) == 30


def test_of_several_who_want_a_file_one_fetches_it(tmp_path: Path) -> None:
    fetched: list[Path] = []

    def fetch(entry: object, target: Path, progress: object) -> None:
        fetched.append(target)
        target.write_bytes(PACK)

    entry = {"digest": DIGEST.replace("-", ":"), "size": len(PACK)}
    with ThreadPoolExecutor(8) as threads:
        found = list(
            threads.map(lambda _: cache.obtain(tmp_path, entry, fetch=fetch, progress=lambda *_: None), range(8))
        )
    assert (len(fetched), set(found)) == (1, {tmp_path / DIGEST})


def test_tables_are_read_as_one(me: Collector, folder: Path) -> None:
    me.ready(me.push({"a.csv": b"n,name\n1,x\n2,y\n", "b.csv": b"n,name\n3,z\n", "README.md": b"# T"}))
    table = load_dataset(me.address, client=me.client, cache_dir=folder)
    assert isinstance(table, TableDataset)
    assert [row["name"] for row in table] == ["x", "y", "z"]
    assert (table[-1], len(table)) == ({"n": 3, "name": "z"}, 3)
    assert list(table.pandas()["n"]) == [1, 2, 3]
    assert table.numpy()["n"].tolist() == [1, 2, 3]
    assert len(load_dataset(me.address, files=["a.csv"], client=me.client, cache_dir=folder)) == 2


def test_what_cannot_be_loaded_says_why(me: Collector, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Missing, match="no version that is ready"):
        load_dataset(me.address, client=me.client, cache_dir=folder)
    number = me.ready(me.push({"notes.txt": b"words"}))
    with pytest.raises(Refused, match="no images with an index") as refused:
        load_dataset(f"{me.address}@v{number}", client=me.client, cache_dir=folder)
    assert "modelyard download" in refused.value.remedy
    with pytest.raises(Missing):
        load_dataset(f"{me.address}@v9", client=me.client, cache_dir=folder)
    with pytest.raises(Refused, match="is no dataset"):
        load_dataset("flowers", client=me.client, cache_dir=folder)
    stranger = Client(me.server.url, http=httpx.HTTPTransport())
    with pytest.raises(Missing):
        load_dataset(me.address, client=stranger, cache_dir=folder)
    monkeypatch.delenv("MODELYARD_URL", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    with pytest.raises(NotSignedIn, match="No server is known"):
        load_dataset("ada/flowers")


def test_a_library_that_is_missing_is_named(tmp_path: Path) -> None:
    """As where only ``httpx`` is installed."""
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from modelyard_client.loading.images import ImageDataset\n"
        "from modelyard_client import ClientError\n"
        "try: ImageDataset('x', None, split=None, decode=True)\n"
        "except ClientError as e: print(e.remedy)"
    )
    asked = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert asked.stdout == "Run `pip install pyarrow`.\n"
