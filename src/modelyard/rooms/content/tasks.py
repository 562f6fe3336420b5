"""Work that runs from time to time: collecting garbage, reading everything back, ending uploads. Each may be broken off
at any point and started again; each blob is handled in a short transaction of its own."""

import errno
import hashlib
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock, system_clock
from modelyard.kit.db import Database
from modelyard.kit.errors import ModelyardError
from modelyard.rooms.content import rules, staging, uploads
from modelyard.rooms.content import store as rows
from modelyard.rooms.content.errors import BlobMissing
from modelyard.rooms.content.ports import BlobStore, Quarantining
from modelyard.rooms.content.schemas import Collected, DamagedBlob, ScrubReport
from modelyard.rooms.content.uploads import UploadTools

PAGE = 200

log = logging.getLogger("modelyard.content")


def collect_garbage(
    database: Database, store: BlobStore, *, grace: timedelta, clock: Clock = system_clock
) -> Collected:
    """Deletes blobs that nobody has held for ``grace``, and gives bytes without a record a grace period too.

    Safe beside uploads and grants of the same digests: a blob goes under the lock of its row, and not if it was ``put``
    within ``grace``.
    """
    now = clock()
    orphans = _record_orphans(database, store, now)
    with database.write() as session:
        rows.mark_unheld(session, at=now)
    sizes = [
        size
        for digest in _pages(
            database, lambda session, after: rows.unheld_before(session, now - grace, limit=PAGE, after=after)
        )
        if (size := _collect(database, store, digest, now, grace)) is not None
    ]
    return Collected(blobs=len(sizes), size=sum(sizes), orphans=orphans)


def scrub(
    database: Database,
    store: BlobStore,
    *,
    stale_after: timedelta = timedelta(0),
    clock: Clock = system_clock,
    on_blob: Callable[[str, int], None] | None = None,
) -> ScrubReport:
    """Reads back every blob that no scrub has read for ``stale_after`` and takes what is damaged out of the store.

    What is damaged is refused to readers until the same content is stored again. ``on_blob`` is told each digest and
    size after it was read. Raises ``StoreUnreachable`` when the store does not answer, which is no damage.
    """
    before, checked, read = clock() - stale_after, 0, 0
    for digest in _pages(
        database, lambda session, after: rows.unverified_since(session, before, limit=PAGE, after=after)
    ):
        size = _verify(database, store, digest, clock)
        checked, read = checked + 1, read + size
        if on_blob:
            on_blob(digest, size)
    return ScrubReport(checked, read, _damaged(database))


def sweep_uploads(tools: UploadTools) -> int:
    """Completes uploads that a crash left before their last step, ends expired ones, removes files and grants without
    an upload. Returns how many uploads ended. To be called at start-up and then now and again."""
    _complete_unsettled(tools)
    now = tools.clock()
    with tools.database.read() as session:
        expired = [row.id for row in rows.expired_uploads(session, now=now)]
    for upload_id in expired:
        uploads.end_upload(tools, upload_id, if_expired_at=now)
    _remove_strays(tools)
    return len(expired)


def _record_orphans(database: Database, store: BlobStore, now: datetime) -> int:
    """Bytes whose recording never came get a row without a grant, so that they wait and go like any other blob."""
    found, orphans = store.list(), 0
    while page := {blob.digest: blob for blob in islice(found, PAGE)}:
        with database.read() as session:
            unknown = page.keys() - rows.known_digests(session, list(page))
        for digest in sorted(unknown):
            with database.write() as session:
                orphans += rows.insert_blob(session, digest=digest, size=page[digest].size, at=now, unheld_since=now)
    return orphans


def _collect(database: Database, store: BlobStore, digest: str, now: datetime, grace: timedelta) -> int | None:
    """The size of the blob if it was deleted. The bytes go under the lock of the row: whoever grants it waits for that,
    and then finds them gone. A store that does not answer is found out before anybody waits."""
    store.stat(digest)
    with database.write() as session:
        row = rows.lock_blob(session, digest)
        if row is None:
            return None
        granted = rows.is_granted(session, digest)
        if not rules.may_collect(unheld_since=row.unheld_since, granted=granted, now=now, grace=grace):
            row.unheld_since = None if granted else row.unheld_since
            return None
        if not store.delete(digest, put_before=now - grace):  # stored again a moment ago: its grant is on the way
            row.unheld_since = now
            return None
        rows.delete_blob(session, row)
        return row.size


def _verify(database: Database, store: BlobStore, digest: str, clock: Clock) -> int:
    """Reads a blob and notes what was found; returns the bytes read. A second reading has to confirm a fault."""
    with database.read() as session:
        row = rows.get_blob(session, digest)
        size = row.size if row else 0
    problem = _problem(store, digest, size) and _problem(store, digest, size)
    if problem:
        log.error("blob %s is damaged: %s", digest, problem)
        _put_aside(store, digest)
    with database.write() as session:
        row = rows.lock_blob(session, digest)
        if row and not problem:
            row.verified_at = clock()
        elif row and store.stat(digest) is None:  # else good bytes were stored meanwhile
            row.damaged = True
    return size


def _put_aside(store: BlobStore, digest: str) -> None:
    if isinstance(store, Quarantining):
        store.quarantine(digest)
    else:
        store.delete(digest)


def _problem(store: BlobStore, digest: str, size: int) -> str | None:
    """What is wrong with the stored bytes; None when they are as they should be."""
    hasher, read = hashlib.sha256(), 0
    try:
        for chunk in store.open(digest):
            hasher.update(chunk)
            read += len(chunk)
    except BlobMissing:
        return "missing"
    except OSError as e:
        if e.errno != errno.EIO:
            raise
        return "unreadable"
    if f"sha256:{hasher.hexdigest()}" == digest:
        return None
    return "changed" if read == size else f"{read} bytes instead of {size}"


def _damaged(database: Database) -> tuple[DamagedBlob, ...]:
    with database.read() as session:
        found = rows.damaged_blobs(session)
        grants = rows.grants_on_damaged(session)
    return tuple(
        DamagedBlob(row.digest, row.size, tuple((g.holder_id, g.why) for g in grants if g.digest == row.digest))
        for row in found
    )


def _complete_unsettled(tools: UploadTools) -> None:
    with tools.database.read() as session:
        unsettled = [uploads.present(row) for row in rows.unsettled_uploads(session)]
    for upload in unsettled:
        try:
            uploads.complete_upload(tools, upload)
        except ModelyardError as e:
            log.warning("upload %s cannot be completed yet: %s", upload.id, e)


def _remove_strays(tools: UploadTools) -> None:
    folder = tools.adopting.staging()
    files = set(staging.found_in(folder))
    with tools.database.write() as session:
        known = rows.existing_uploads(session)
        for grant in rows.grants_with_prefix(session, rules.UPLOAD_REASON):
            if rules.upload_of(grant.why) not in known:
                rows.delete_grants(session, holder_id=grant.holder_id, why=grant.why, prefix=None)
    for upload_id in files - known:
        staging.remove(folder, upload_id)


def _pages(database: Database, page: Callable[[Session, str], list[str]]) -> Iterator[str]:
    """All digests of a query, page after page, without holding a session while they are worked on."""
    after = ""
    while True:
        with database.read() as session:
            digests = page(session, after)
        if not digests:
            return
        yield from digests
        after = digests[-1]
