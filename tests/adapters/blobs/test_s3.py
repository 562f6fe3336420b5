"""The content store in a bucket, against a real S3 server on this machine."""

from datetime import timedelta
from pathlib import Path

import obstore
import pytest

from contracts.blob_store import ABSENT, AdoptingContract, BlobStoreContract, read
from modelyard.adapters.blobs.s3 import PART, S3BlobStore, S3Options
from modelyard.rooms.content.errors import BlobMissing, StoreUnreachable
from support import s3
from support.ports import free_port


def open_store(bucket: str, staging: Path, **options: str) -> S3BlobStore:
    given = {"endpoint": s3.endpoint(), "prefix": "yard/"} | s3.CREDENTIALS | options
    return S3BlobStore(S3Options(bucket=bucket, staging=staging, **given))


@pytest.fixture
def store(s3_bucket: str, tmp_path: Path) -> S3BlobStore:
    return open_store(s3_bucket, tmp_path / "staging")


class TestS3BlobStore(BlobStoreContract, AdoptingContract):
    @pytest.fixture
    def store(self, s3_bucket: str, tmp_path: Path) -> S3BlobStore:
        return open_store(s3_bucket, tmp_path / "staging")


def test_a_large_blob_goes_up_in_parts(store: S3BlobStore) -> None:
    stored = store.put(bytes(PART) for _ in range(3))
    meta = obstore.head(store._bucket, f"yard/sha256/{stored.digest[7:]}")
    assert meta["e_tag"] is not None
    assert meta["e_tag"].strip('"').endswith("-3"), "an S3 server names the number of parts in the entity tag"
    assert sum(map(len, store.open(stored.digest))) == 3 * PART


def test_leaves_nothing_in_staging(store: S3BlobStore) -> None:
    store.put([b"x"])
    assert list(store.staging().iterdir()) == []


def test_two_sites_share_a_bucket(store: S3BlobStore, s3_bucket: str, tmp_path: Path) -> None:
    other = open_store(s3_bucket, tmp_path / "other", prefix="other/")
    digest = store.put([b"mine"]).digest
    assert other.stat(digest) is None
    assert list(other.list()) == []


@pytest.mark.parametrize(("recent", "uploaded"), [(timedelta(hours=1), False), (timedelta(0), True)])
def test_held_content_is_uploaded_again_unless_recent(
    store: S3BlobStore, monkeypatch: pytest.MonkeyPatch, recent: timedelta, uploaded: bool
) -> None:
    """Else its ``last-modified`` would not say when it was last put."""
    monkeypatch.setattr("modelyard.adapters.blobs.s3.RECENT", recent)
    digest = store.put([b"again"]).digest
    obstore.put(store._bucket, f"yard/sha256/{digest[7:]}", b"AGAIN")
    store.put([b"again"])
    assert read(store, digest) == (b"again" if uploaded else b"AGAIN")


def test_a_bucket_that_is_not_there(tmp_path: Path) -> None:
    store = open_store("no-such-bucket", tmp_path)
    with pytest.raises((StoreUnreachable, BlobMissing)):
        store.put([b"x"])
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store("bucket", tmp_path, endpoint=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StoreUnreachable):
        store.stat(ABSENT)
    with pytest.raises(StoreUnreachable):
        list(store.list())
