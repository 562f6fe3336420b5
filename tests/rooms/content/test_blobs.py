"""Grants, collection of garbage, and reading back."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from contracts.blob_store import ABSENT, digest_of
from fakes.blob_store import MemoryBlobStore
from modelyard.adapters.blobs.local import LocalBlobStore
from modelyard.kit.db import Database
from modelyard.rooms.content import service, tasks
from modelyard.rooms.content.errors import BlobDamaged, BlobMissing, BlobVanished
from modelyard.rooms.content.schemas import SITE, Collected
from modelyard.rooms.content.tables import BlobRow
from rooms.content.blob_steps import GRACE, collect, collect_after_grace, info, keep, let_go, read, scrub
from rooms.content.yard import Yard


def damage(yard: Yard, digest: str, change: Callable[[bytes], bytes]) -> Path:
    assert isinstance(yard.store, LocalBlobStore)
    file = yard.store.path(digest)
    data = change(file.read_bytes())
    file.chmod(0o644)
    file.write_bytes(data)
    return file


def test_a_holder_reads_and_others_do_not(yard: Yard, holder: UUID) -> None:
    digest = keep(yard, b"mine", holder)
    assert read(yard, digest, holder) == b"mine"
    assert read(yard, digest, holder, offset=1, length=2) == b"in"
    for stranger in (uuid4(), SITE):
        with pytest.raises(BlobMissing):
            read(yard, digest, stranger)
    with pytest.raises(BlobMissing):
        read(yard, ABSENT, holder)


def test_absent_and_foreign_blobs_look_the_same(yard: Yard, holder: UUID) -> None:
    digest, stranger = keep(yard, b"mine", holder), uuid4()
    answers = []
    for asked in (digest, ABSENT):
        with pytest.raises(BlobMissing) as refused:
            read(yard, asked, stranger)
        answers.append((type(refused.value), refused.value.detail.replace(asked, "…"), refused.value.remedy))
    assert answers[0] == answers[1]


def test_the_whole_size_is_known_before_reading(yard: Yard, holder: UUID) -> None:
    digest = keep(yard, b"12345", holder)
    with yard.database.read() as session:
        assert service.open_granted(session, store=yard.store, holder_id=holder, digest=digest, offset=3).size == 5


def test_grants_repeat_and_are_passed_on(yard: Yard, holder: UUID) -> None:
    digest, other = keep(yard, b"shared", holder), uuid4()
    for _ in range(2):
        with yard.database.write() as session:
            service.grant(session, holder_id=other, digest=digest, why="lfs")
    let_go(yard, holder)
    assert read(yard, digest, other) == b"shared"
    with pytest.raises(BlobMissing), yard.database.write() as session:
        service.grant(session, holder_id=other, digest=ABSENT, why="lfs")


@pytest.mark.parametrize("why", ["", "x" * 101])
def test_a_reason_has_a_sensible_length(yard: Yard, holder: UUID, why: str) -> None:
    with pytest.raises(ValueError, match="a reason has"):
        keep(yard, b"x", holder, why)


def test_reasons_are_revoked_one_by_one_or_by_prefix(yard: Yard, holder: UUID) -> None:
    digest = keep(yard, b"x", holder, "lfs")
    for why in ("image:v1", "image:v10", "image:v2", "image_v1"):
        keep(yard, b"x", holder, why)
    assert let_go(yard, holder, why="image:v1") == 1
    assert let_go(yard, holder, prefix="image:") == 2
    assert let_go(yard, holder, prefix="image_") == 1
    with yard.database.read() as session:
        assert service.holds(session, holder_id=holder, digest=digest)
    assert let_go(yard, holder) == 1
    with yard.database.read() as session:
        assert not service.holds(session, holder_id=holder, digest=digest)


def test_only_recorded_what_is_stored(yard: Yard, holder: UUID) -> None:
    with pytest.raises(BlobVanished), yard.database.write() as session:
        service.record_stored(session, store=yard.store, digest=ABSENT, holder_id=holder, why="lfs")
    assert info(yard, ABSENT) is None


def test_collection_spares_what_is_held_and_waits_for_the_rest(yard: Yard, holder: UUID) -> None:
    held, freed = keep(yard, b"held", holder), keep(yard, b"freed", holder, "tmp")
    let_go(yard, holder, why="tmp")
    assert collect(yard) == Collected()
    yard.clock.ahead += GRACE - timedelta(minutes=1)
    assert collect(yard) == Collected()
    yard.clock.ahead += timedelta(minutes=2)
    assert collect(yard) == Collected(blobs=1, size=5)
    assert yard.store.stat(freed) is None
    assert info(yard, freed) is None
    assert read(yard, held, holder) == b"held"


def test_a_blob_goes_with_its_last_holder_only(yard: Yard, holder: UUID) -> None:
    digest, other = keep(yard, b"shared", holder), uuid4()
    keep(yard, b"shared", other)
    let_go(yard, holder)
    assert collect_after_grace(yard).blobs == 0
    assert read(yard, digest, other) == b"shared"
    let_go(yard, other)
    assert collect_after_grace(yard).blobs == 1


def test_a_grant_within_the_grace_period_saves_the_blob(yard: Yard, holder: UUID) -> None:
    digest = keep(yard, b"saved", holder)
    let_go(yard, holder)
    collect(yard)
    with yard.database.write() as session:
        service.grant(session, holder_id=holder, digest=digest, why="again")
    yard.clock.ahead += GRACE * 2
    assert collect(yard) == Collected()
    let_go(yard, holder)
    assert collect(yard) == Collected(), "the grace period begins anew"
    yard.clock.ahead += GRACE * 2
    assert collect(yard).blobs == 1


def test_a_put_that_is_not_recorded_yet_is_safe(yard: Yard, holder: UUID) -> None:
    """The blob is due for collection, and somebody has just stored it again and is about to record it."""
    digest = keep(yard, b"contested", holder)
    let_go(yard, holder)
    collect(yard)
    os.utime(yard.store.path(digest), (0, 0))  # type: ignore[attr-defined]
    yard.clock.ahead += GRACE - timedelta(minutes=1)
    yard.store.put([b"contested"])
    with yard.database.write() as session:  # as if its grace period had been over
        session.get_one(BlobRow, digest).unheld_since = yard.clock() - 2 * GRACE
    assert collect(yard).blobs == 0
    with yard.database.write() as session:
        service.record_stored(session, store=yard.store, digest=digest, holder_id=holder, why="lfs")
    assert read(yard, digest, holder) == b"contested"


def test_bytes_without_a_record_are_collected_too(yard: Yard) -> None:
    orphan = yard.store.put([b"crashed before it was recorded"]).digest
    assert collect(yard) == Collected(orphans=1)
    assert yard.store.stat(orphan)
    yard.clock.ahead += GRACE + timedelta(minutes=1)
    assert collect(yard) == Collected(blobs=1, size=30)
    assert yard.store.stat(orphan) is None


def test_collecting_beside_storing_loses_nothing(db: Database, tmp_path: Path) -> None:
    """Writers store and let go of the same few contents while a collector with next to no grace runs.

    What was recorded can be read until it is let go; at the end records and bytes agree.
    """
    yard, done = Yard(db, tmp_path / "content"), threading.Event()
    contents = [bytes([number]) * 100 for number in range(3)]

    def write(number: int) -> None:
        while not done.is_set():
            number, holder, data = number + 1, uuid4(), contents[number % 3]
            with contextlib.suppress(BlobVanished):  # collected between storing and recording: the client would retry
                assert read(yard, keep(yard, data, holder), holder) == data
            let_go(yard, holder)

    def collect_some() -> None:
        collected, deadline = 0, time.monotonic() + 30
        while collected < 10:
            assert time.monotonic() < deadline, f"only {collected} collected"
            grace = timedelta(milliseconds=1)
            collected += tasks.collect_garbage(db, yard.store, grace=grace, clock=yard.clock).blobs

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, number) for number in range(3)]
        try:
            collect_some()
        finally:
            done.set()
        for writer in writers:
            writer.result(30)
    recorded = {digest for digest in map(digest_of, contents) if info(yard, digest)}
    assert {blob.digest for blob in yard.store.list()} >= recorded


def test_scrub_finds_nothing_wrong(yard: Yard, holder: UUID) -> None:
    digests = {keep(yard, os.urandom(1000 + number), holder) for number in range(3)}
    seen: dict[str, int] = {}
    report = tasks.scrub(yard.database, yard.store, clock=yard.clock, on_blob=seen.__setitem__)
    assert (report.checked, report.size, report.damaged) == (3, 3003, ())
    assert set(seen) == digests
    assert all((found := info(yard, digest)) and found.verified_at for digest in digests)


def test_scrub_reads_only_what_is_due(yard: Yard, holder: UUID) -> None:
    keep(yard, b"old", holder)
    assert scrub(yard).checked == 1
    yard.clock.ahead += timedelta(days=1)
    keep(yard, b"new", holder)
    assert scrub(yard, stale_after=timedelta(days=7)).checked == 1
    yard.clock.ahead += timedelta(days=7)
    assert scrub(yard, stale_after=timedelta(days=7)).checked == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data + b"!",
        lambda data: bytes([data[0] ^ 1]) + data[1:],
        lambda data: b"",
    ],
    ids=["cut", "grown", "flipped", "emptied"],
)
def test_damage_is_found_refused_and_healed(yard: Yard, holder: UUID, change: Callable[[bytes], bytes]) -> None:
    digest, fine, other = keep(yard, b"precious", holder), keep(yard, b"fine", holder), uuid4()
    keep(yard, b"precious", other, "image:v1")
    damage(yard, digest, change)
    (found,) = scrub(yard).damaged
    assert (found.digest, found.size) == (digest, 8)
    assert set(found.holders) == {(holder, "lfs"), (other, "image:v1")}
    for reader in (holder, other):
        with pytest.raises(BlobDamaged):
            read(yard, digest, reader)
    assert read(yard, fine, holder) == b"fine"
    assert [each.digest for each in scrub(yard).damaged] == [digest], "it is told again until it is healed"

    keep(yard, b"precious", uuid4())
    assert read(yard, digest, holder) == b"precious"
    assert scrub(yard).damaged == ()


def test_content_stored_anew_while_a_scrub_puts_the_old_aside_is_good(
    yard: Yard, holder: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, put_aside = keep(yard, b"precious", holder), LocalBlobStore.quarantine

    def put_aside_and_store(self: LocalBlobStore, digest: str) -> None:
        put_aside(self, digest)
        keep(yard, b"precious", uuid4())

    monkeypatch.setattr(LocalBlobStore, "quarantine", put_aside_and_store)
    damage(yard, digest, lambda data: data[:-1])
    assert scrub(yard).damaged == ()
    assert read(yard, digest, holder) == b"precious"


def test_damaged_bytes_stay_for_the_administrator(yard: Yard, holder: UUID, tmp_path: Path) -> None:
    damage(yard, keep(yard, b"precious", holder), lambda data: data[:-1])
    scrub(yard)
    (kept,) = (tmp_path / "content" / "damaged").iterdir()
    assert kept.read_bytes() == b"preciou"


def test_lost_bytes_are_damage(yard: Yard, holder: UUID) -> None:
    digest = keep(yard, b"precious", holder)
    yard.store.path(digest).unlink()  # type: ignore[attr-defined]
    with pytest.raises(BlobDamaged):
        read(yard, digest, holder)
    assert [each.digest for each in scrub(yard).damaged] == [digest]


def test_a_store_that_cannot_put_aside_loses_the_bytes_but_not_the_order(db: Database, tmp_path: Path) -> None:
    class Plain:
        """Only what ``BlobStore`` asks for."""

        def __init__(self, inner: MemoryBlobStore) -> None:
            self.put, self.open, self.stat, self.delete = inner.put, inner.open, inner.stat, inner.delete
            self.list = inner.list

    inner, holder = MemoryBlobStore(), uuid4()
    yard = Yard(db, tmp_path, store=Plain(inner))
    digest = keep(yard, b"precious", holder)
    inner.blobs[digest] = b"PRECIOUS"
    assert len(scrub(yard).damaged) == 1
    assert inner.stat(digest) is None
    keep(yard, b"precious", holder)
    assert read(yard, digest, holder) == b"precious"


def test_damaged_blobs_are_collected_when_nobody_holds_them(yard: Yard, holder: UUID) -> None:
    damage(yard, keep(yard, b"precious", holder), lambda data: data[:-1])
    scrub(yard)
    let_go(yard, holder)
    assert collect_after_grace(yard).blobs == 1
    assert scrub(yard).damaged == ()
