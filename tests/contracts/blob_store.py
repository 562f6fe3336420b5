"""What every content store must do. Subclass in the adapter's tests and override ``store``."""

import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from modelyard.rooms.content.errors import BlobMissing, DigestMismatch
from modelyard.rooms.content.ports import Adopting, BlobStore, Quarantining, StoredBlob

MIB = 1024**2
ABSENT = "sha256:" + "0" * 64


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def read(store: BlobStore, digest: str, *, offset: int = 0, length: int | None = None) -> bytes:
    return b"".join(store.open(digest, offset=offset, length=length))


class BlobStoreContract:
    """Holds for every ``BlobStore``, the fake included."""

    @pytest.fixture
    def store(self) -> BlobStore:
        raise NotImplementedError

    @pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 20 * MIB + 3])
    def test_gives_back_what_was_put(self, store: BlobStore, size: int) -> None:
        data = os.urandom(size)
        stored = store.put(data[at : at + 777_777] for at in range(0, size, 777_777))
        assert stored == StoredBlob(digest_of(data), size)
        assert store.stat(stored.digest) == stored
        assert read(store, stored.digest) == data

    def test_chunks_are_at_most_a_mebibyte(self, store: BlobStore) -> None:
        stored = store.put([os.urandom(3 * MIB + 5)])
        assert max(len(chunk) for chunk in store.open(stored.digest)) <= MIB

    @pytest.mark.parametrize(
        ("offset", "length"), [(0, 10), (5, None), (5, 0), (99, 1), (99, 50), (100, None), (150, 3), (0, 10**12)]
    )
    def test_reads_ranges(self, store: BlobStore, offset: int, length: int | None) -> None:
        data = bytes(range(100))
        digest = store.put([data]).digest
        end = None if length is None else offset + length
        assert read(store, digest, offset=offset, length=length) == data[offset:end]

    def test_a_range_may_cross_chunks(self, store: BlobStore) -> None:
        data = os.urandom(18 * MIB)
        digest = store.put([data]).digest
        assert read(store, digest, offset=MIB - 7, length=16 * MIB) == data[MIB - 7 : 17 * MIB - 7]

    def test_the_same_content_is_held_once(self, store: BlobStore) -> None:
        first, second = store.put([b"twice"]), store.put([b"twi", b"ce"])
        assert first == second
        assert [blob for blob in store.list() if blob.digest == first.digest] == [first]

    def test_lists_what_is_held(self, store: BlobStore) -> None:
        stored = {store.put([str(number).encode()]) for number in range(20)}
        assert set(store.list()) == stored

    def test_an_absent_blob_is_named_by_the_call(self, store: BlobStore) -> None:
        assert store.stat(ABSENT) is None
        with pytest.raises(BlobMissing):
            store.open(ABSENT)

    @pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../../../etc/passwd", "sha256:" + "/" * 64, "md5:x"])
    def test_what_is_no_digest_is_not_held(self, store: BlobStore, digest: str) -> None:
        with pytest.raises(BlobMissing):
            read(store, digest)

    def test_the_expected_digest_is_checked(self, store: BlobStore) -> None:
        assert store.put([b"right"], expected=digest_of(b"right")).size == 5
        with pytest.raises(DigestMismatch):
            store.put([b"wrong"], expected=digest_of(b"right"))
        assert store.stat(digest_of(b"wrong")) is None
        assert read(store, digest_of(b"right")) == b"right"

    def test_a_stream_that_breaks_leaves_nothing(self, store: BlobStore) -> None:
        def broken() -> Iterator[bytes]:
            yield b"half"
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            store.put(broken())
        assert list(store.list()) == []

    def test_forgets(self, store: BlobStore) -> None:
        digest = store.put([b"short-lived"]).digest
        assert store.delete(digest)
        assert store.stat(digest) is None
        assert list(store.list()) == []
        assert store.delete(digest), "deleting again is no error"

    def test_a_recent_put_protects_from_deletion(self, store: BlobStore) -> None:
        digest = store.put([b"kept"]).digest
        assert not store.delete(digest, put_before=datetime.now(UTC) - timedelta(hours=1))
        assert read(store, digest) == b"kept"
        assert store.delete(digest, put_before=datetime.now(UTC) + timedelta(hours=1))
        assert store.stat(digest) is None

    def test_can_be_stored_again_after_deletion(self, store: BlobStore) -> None:
        digest = store.put([b"phoenix"]).digest
        store.delete(digest)
        assert store.put([b"phoenix"]).digest == digest
        assert read(store, digest) == b"phoenix"

    def test_many_writers_of_the_same_content(self, store: BlobStore) -> None:
        data, start = os.urandom(MIB), threading.Barrier(4)

        def write(_number: int) -> StoredBlob:
            start.wait()
            return store.put([data])

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(write, range(4))) == {StoredBlob(digest_of(data), MIB)}
        assert read(store, digest_of(data)) == data

    def test_damaged_bytes_can_be_put_aside(self, store: BlobStore) -> None:
        assert isinstance(store, Quarantining)
        digest = store.put([b"suspect"]).digest
        store.quarantine(digest)
        assert store.stat(digest) is None
        assert list(store.list()) == []
        store.quarantine(digest)
        assert store.put([b"suspect"]).digest == digest


class AdoptingContract:
    """Holds for every store that takes over files."""

    @pytest.fixture
    def store(self) -> BlobStore:
        raise NotImplementedError

    def test_takes_over_a_file(self, store: BlobStore) -> None:
        assert isinstance(store, Adopting)
        file = store.staging() / "layer"
        file.write_bytes(b"adopted")
        assert store.adopt(file, digest=digest_of(b"adopted")) == StoredBlob(digest_of(b"adopted"), 7)
        assert not file.exists()
        assert read(store, digest_of(b"adopted")) == b"adopted"

    def test_takes_over_a_file_that_is_held_already(self, store: BlobStore) -> None:
        assert isinstance(store, Adopting)
        digest = store.put([b"adopted"]).digest
        file = store.staging() / "layer"
        file.write_bytes(b"adopted")
        assert store.adopt(file, digest=digest).size == 7
        assert not file.exists()
        assert read(store, digest) == b"adopted"

    def test_what_lies_in_staging_is_no_blob(self, store: BlobStore) -> None:
        assert isinstance(store, Adopting)
        (store.staging() / "layer").write_bytes(b"half")
        assert list(store.list()) == []
