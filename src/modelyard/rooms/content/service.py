"""Blobs, and who holds them. Other rooms come in here.

Whoever holds a grant may read a blob; whoever merely knows its digest may not: check ``holds`` before granting a digest
that a caller named. Large streams are stored before the transaction (``store.put``) and recorded in it
(``record_stored``), which makes sure that they were not collected as garbage in between.

A store may be far away, and a transaction that waits for it keeps others waiting (on SQLite all of them). So whoever
can says what was stored (``record_blob``), and makes sure after the commit (``require_held``, ``ensure_held``): what
has a grant is collected no more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock, system_clock
from modelyard.rooms.content import rules
from modelyard.rooms.content import store as rows
from modelyard.rooms.content.errors import BlobDamaged, BlobMissing, BlobVanished, UploadIncomplete, UploadMissing
from modelyard.rooms.content.ports import BlobStore, StoredBlob
from modelyard.rooms.content.schemas import BlobInfo, ClaimedUpload, OpenBlob
from modelyard.rooms.content.tables import BlobRow


def store_blob(
    session: Session,
    *,
    store: BlobStore,
    chunks: Iterable[bytes],
    holder_id: UUID,
    why: str,
    expected: str | None = None,
    clock: Clock = system_clock,
) -> StoredBlob:
    """Stores a short stream and grants it to the holder. The transaction is open all the while: not for large ones."""
    stored = store.put(chunks, expected=expected)
    return record_stored(session, store=store, digest=stored.digest, holder_id=holder_id, why=why, clock=clock)


def record_stored(
    session: Session, *, store: BlobStore, digest: str, holder_id: UUID, why: str, clock: Clock = system_clock
) -> StoredBlob:
    """Records bytes that the caller has just ``put`` or ``adopt``-ed and grants them to the holder. May be repeated.

    Raises ``BlobVanished`` where the store does not hold them (any more). A blob that was damaged is good again.
    """
    row = _lock_or_insert(session, digest, clock)
    stored = _stored(store, digest)
    row.size = stored.size
    _heal(row)
    _grant(session, row, holder_id, why, clock)
    return stored


def record_blob(
    session: Session, *, digest: str, size: int, holder_id: UUID, why: str, clock: Clock = system_clock
) -> StoredBlob:
    """As ``record_stored``, of what the caller has just stored or found there: the store is not asked.

    A collector may have been quicker, so ``require_held`` or ``ensure_held`` comes after the commit.
    """
    row = _lock_or_insert(session, digest, clock)
    row.size = size
    _heal(row)
    _grant(session, row, holder_id, why, clock)
    return StoredBlob(digest, size)


def find_stored(store: BlobStore, digests: Iterable[str]) -> list[StoredBlob]:
    """What the store holds under the digests; blocks. Raises ``BlobVanished`` where it lacks one."""
    return [_stored(store, digest) for digest in digests]


def require_held(store: BlobStore, digests: Iterable[str]) -> None:
    """Raises ``BlobVanished`` where a blob was collected just before its grant; from there on it stays."""
    find_stored(store, digests)


def ensure_held(store: BlobStore, digest: str, chunks: Iterable[bytes]) -> None:
    """Stores a short blob again that was collected just before its grant."""
    if store.stat(digest) is None:
        store.put(chunks, expected=digest)


def grant(session: Session, *, holder_id: UUID, digest: str, why: str, clock: Clock = system_clock) -> None:
    """Lets the holder read a recorded blob and keeps it from collection. May be repeated.

    Raises ``BlobMissing`` where no such blob is recorded. Does not ask whether anybody may pass it on.
    """
    row = rows.lock_blob(session, digest)
    if row is None:
        raise missing(digest)
    _grant(session, row, holder_id, why, clock)


def copy_grants(session: Session, *, source_id: UUID, target_id: UUID, why: str, clock: Clock = system_clock) -> None:
    """Lets another holder, which holds nothing for that reason yet, read what one holds for it.

    Does not ask whether anybody may pass it on.
    """
    rows.copy_grants(session, source=source_id, target=target_id, why=why, at=clock())


def revoke(
    session: Session, *, holder_id: UUID, why: str | None = None, prefix: str | None = None, digest: str | None = None
) -> int:
    """Takes grants back: all of the holder, those of one reason, or of reasons that begin with ``prefix``; with
    ``digest`` only those on that blob.

    Returns how many. What nobody holds afterwards is freed by garbage collection after its grace period.
    """
    return rows.delete_grants(session, holder_id=holder_id, why=why, prefix=prefix, digest=digest)


def holds(session: Session, *, holder_id: UUID, digest: str) -> bool:
    """Whether the holder has any grant on the blob."""
    return rows.find_grant(session, holder_id=holder_id, digest=digest)


def bytes_held(session: Session, owners: Any) -> dict[UUID, int]:
    """How many bytes each owner's holders have, a blob that several of them hold counted once; owners of none are
    left out. ``owners`` is a subquery of another room with ``holder_id`` and ``owner_id``."""
    return rows.bytes_held(session, owners)


def held_sizes(session: Session, *, holder_id: UUID, digests: Iterable[str]) -> dict[str, int]:
    """The sizes in bytes of those blobs among ``digests`` that the holder holds, in one query."""
    return rows.held_sizes(session, holder_id=holder_id, digests=list(digests))


def grants_of(session: Session, *, holder_id: UUID, digest: str) -> list[str]:
    """The reasons for which the holder holds a blob, in order; none where it does not."""
    return rows.reasons(session, holder_id=holder_id, digest=digest)


def open_granted(
    session: Session, *, store: BlobStore, holder_id: UUID, digest: str, offset: int = 0, length: int | None = None
) -> OpenBlob:
    """Opens a blob that the holder holds; the chunks may be read after the session has ended.

    Raises ``BlobMissing`` without a grant, whether or not the blob exists, and ``BlobDamaged`` where a scrub found the
    bytes changed or the store lost them.
    """
    row = rows.get_blob(session, digest) if holds(session, holder_id=holder_id, digest=digest) else None
    if row is None:
        raise missing(digest)
    if row.damaged:
        raise BlobDamaged(digest)
    try:
        return OpenBlob(digest, row.size, store.open(digest, offset=offset, length=length))
    except BlobMissing as e:
        raise BlobDamaged(digest) from e


def find_granted(session: Session, *, store: BlobStore, holder_id: UUID, digest: str) -> "GrantedBlob":
    """A blob that the holder holds, to be read from anywhere while the session lasts; raises ``BlobMissing``."""
    sizes = held_sizes(session, holder_id=holder_id, digests=[digest])
    if digest not in sizes:
        raise missing(digest)
    return GrantedBlob(session, store, holder_id, digest, sizes[digest])


@dataclass(slots=True)
class GrantedBlob:
    """A ``kit.ranges.Readable``; what is wrong with the stored bytes is raised by ``read`` at once."""

    session: Session
    store: BlobStore
    holder_id: UUID
    digest: str
    size: int

    def read(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The chunks may be read after the session has ended. Raises ``BlobDamaged``."""
        opened = open_granted(
            self.session, store=self.store, holder_id=self.holder_id, digest=self.digest, offset=start, length=length
        )
        return opened.chunks


def blob_info(session: Session, *, digest: str) -> BlobInfo | None:
    """What is recorded of a blob, whoever holds it; None where it is not recorded. Not for answers to callers."""
    row = rows.get_blob(session, digest)
    return BlobInfo(row.digest, row.size, row.damaged, row.verified_at) if row else None


def claim_upload(session: Session, *, account_id: UUID, upload_id: UUID) -> ClaimedUpload:
    """A complete upload of the account. It stays claimable, and its blob held by the account, until it expires:
    whoever needs the bytes longer grants them to a repository.

    Raises ``UploadMissing`` (also where it is another account's) and ``UploadIncomplete``.
    """
    row = rows.get_upload(session, upload_id)
    if row is None or row.account_id != account_id:
        raise UploadMissing(f"There is no upload {upload_id}.", remedy="Upload the file again.")
    if row.digest is None or row.completed_at is None:
        raise UploadIncomplete(
            f"{row.received} of {row.length} bytes have come.", remedy="Finish the upload, then try again."
        )
    return ClaimedUpload(row.id, row.digest, row.length, rules.file_name(row.details) or "upload", row.details)


def _stored(store: BlobStore, digest: str) -> StoredBlob:
    if stored := store.stat(digest):
        return stored
    raise BlobVanished(f"The content store does not hold {digest}.", remedy="Send the content again.")


def _lock_or_insert(session: Session, digest: str, clock: Clock) -> BlobRow:
    if not rules.is_digest(digest):
        raise missing(digest)
    while True:  # a collector may delete the row between the two
        now = clock()
        rows.insert_blob(session, digest=digest, size=0, at=now, unheld_since=now)
        if row := rows.lock_blob(session, digest):
            return row


def _grant(session: Session, row: BlobRow, holder_id: UUID, why: str, clock: Clock) -> None:
    if not 0 < len(why) <= rules.MAX_WHY:
        raise ValueError(f"a reason has 1 to {rules.MAX_WHY} characters: {why!r}")
    row.unheld_since = None
    rows.insert_grant(session, holder_id=holder_id, digest=row.digest, why=why, at=clock())


def _heal(row: BlobRow) -> None:
    """A scrub takes damaged bytes out of the store, so what is there now came later."""
    if row.damaged:
        row.damaged = False
        row.verified_at = None


def missing(digest: str) -> BlobMissing:
    """What a reader is told who holds no such blob, whether or not there is one."""
    return BlobMissing(f"There is no blob {digest} here.", remedy="Check the digest and where it belongs.")
