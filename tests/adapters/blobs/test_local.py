"""The content store in a local folder."""

import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.blob_store import ABSENT, MIB, AdoptingContract, BlobStoreContract, digest_of, read
from modelyard.adapters.blobs import local
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.kit.errors import StorageFull
from modelyard.rooms.content.errors import BlobMissing
from modelyard.rooms.content.ports import LocalPaths
from support.waiting import until


@pytest.fixture
def store(tmp_path: Path) -> LocalBlobStore:
    return LocalBlobStore(tmp_path / "content")


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size``: writing fails, as on a full disk or quota."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class TestLocalBlobStore(BlobStoreContract, AdoptingContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalBlobStore:
        return LocalBlobStore(tmp_path / "content")


def test_hands_out_paths(store: LocalBlobStore) -> None:
    assert isinstance(store, LocalPaths)
    digest = store.put([b"on disk"]).digest
    assert store.path(digest).read_bytes() == b"on disk"
    with pytest.raises(BlobMissing):
        store.path(ABSENT)


def test_files_are_read_only_and_folders_closed_to_others(store: LocalBlobStore, tmp_path: Path) -> None:
    file = store.path(store.put([b"private"]).digest)
    assert stat.S_IMODE(file.stat().st_mode) == 0o444
    assert stat.S_IMODE((tmp_path / "content").stat().st_mode) == 0o700
    assert file.relative_to(tmp_path / "content").parts == ("sha256", file.name[:2], file.name[2:4], file.name)


def test_an_adopted_file_is_renamed_not_copied(store: LocalBlobStore) -> None:
    file = store.staging() / "layer"
    file.write_bytes(b"adopted")
    inode = file.stat().st_ino
    assert store.path(store.adopt(file, digest=digest_of(b"adopted")).digest).stat().st_ino == inode


def test_a_put_is_flushed_before_it_has_its_name(store: LocalBlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order that survives a power cut: file, rename, folder of the file and every folder made for it."""
    seen: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def note_fsync(descriptor: int) -> None:
        seen.append("flush " + Path(os.readlink(f"/proc/self/fd/{descriptor}")).name[:4])
        fsync(descriptor)

    def note_rename(self: Path, target: Path) -> Path:
        seen.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "rename", note_rename)
    name = store.put([b"durable"]).digest.removeprefix("sha256:")
    assert seen == ["flush put-", "flush sha2", f"flush {name[:2]}", "rename", f"flush {name[2:4]}"]


def test_no_room_is_said_and_leaves_nothing(store: LocalBlobStore) -> None:
    with file_size_limit(2 * MIB), pytest.raises(StorageFull):
        store.put(bytes(MIB) for _ in range(4))
    assert list(store.staging().iterdir()) == []
    assert list(store.list()) == []
    assert store.put([bytes(4 * MIB)]).size == 4 * MIB


def test_opening_removes_what_a_killed_writer_left(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib; from modelyard.adapters.blobs.local import LocalBlobStore\n"
        "def endless():\n"
        "    yield bytes(1000)\n"
        "    print('written', flush=True)\n"
        "    time.sleep(60)\n"
        "LocalBlobStore(pathlib.Path(sys.argv[1])).put(endless())\n"
    )
    argv = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"written\n"
        store = LocalBlobStore(tmp_path)
        assert len(list(store.staging().iterdir())) == 1, "a living writer's file stays"
        writer.send_signal(signal.SIGKILL)
    until(lambda: list(LocalBlobStore(tmp_path).staging().iterdir()) == [], what="the leftover to be removed")
    assert list(store.list()) == []


def test_opening_leaves_files_of_others_in_staging(tmp_path: Path) -> None:
    (LocalBlobStore(tmp_path).staging() / "upload-1").write_bytes(b"part")
    assert [file.name for file in LocalBlobStore(tmp_path).staging().iterdir()] == ["upload-1"]


def test_deletion_and_put_of_the_same_digest_never_cross(
    store: LocalBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collector that has looked at the age of a blob and not yet removed it: a put that comes then is not lost."""
    digest = store.put([b"contested"]).digest
    os.utime(store.path(digest), (0, 0))
    looked, go_on = threading.Event(), threading.Event()
    put_at = local._put_at

    def slow_put_at(file: Path) -> datetime:
        found = put_at(file)
        looked.set()
        assert go_on.wait(10)
        return found

    monkeypatch.setattr(local, "_put_at", slow_put_at)
    collector = threading.Thread(
        target=store.delete, args=(digest,), kwargs={"put_before": datetime.now(UTC) - timedelta(hours=1)}
    )
    writer = threading.Thread(target=store.put, args=([b"contested"],))
    collector.start()
    assert looked.wait(10)
    writer.start()
    writer.join(0.2)
    go_on.set()
    collector.join(10)
    writer.join(10)
    assert read(store, digest) == b"contested"


def test_memory_stays_constant(tmp_path: Path) -> None:
    script = (
        "import sys, resource, pathlib; from modelyard.adapters.blobs.local import LocalBlobStore\n"
        "store = LocalBlobStore(pathlib.Path(sys.argv[1]))\n"
        "chunk, peak = bytes(2**20), lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "store.put([chunk]); before = peak()\n"
        "digest = store.put(chunk for _ in range(200)).digest\n"
        "assert sum(map(len, store.open(digest))) == 200 * 2**20\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True)
    assert int(done.stdout) < 20 * 1024, "KiB more than for one chunk"
