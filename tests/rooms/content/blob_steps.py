"""What tests of blobs do again and again."""

from datetime import timedelta
from uuid import UUID

from modelyard.rooms.content import service, tasks
from modelyard.rooms.content.schemas import BlobInfo, Collected
from rooms.content.yard import Yard

GRACE = timedelta(hours=1)


def keep(yard: Yard, data: bytes, holder: UUID, why: str = "lfs") -> str:
    with yard.database.write() as session:
        return service.store_blob(session, store=yard.store, chunks=[data], holder_id=holder, why=why).digest


def let_go(yard: Yard, holder: UUID, **which: str) -> int:
    with yard.database.write() as session:
        return service.revoke(session, holder_id=holder, **which)


def read(yard: Yard, digest: str, holder: UUID, **part: int) -> bytes:
    with yard.database.read() as session:
        blob = service.open_granted(session, store=yard.store, holder_id=holder, digest=digest, **part)
    return b"".join(blob.chunks)


def collect(yard: Yard) -> Collected:
    return tasks.collect_garbage(yard.database, yard.store, grace=GRACE, clock=yard.clock)


def collect_after_grace(yard: Yard) -> Collected:
    """Two passes: the first sees what nobody holds, the second comes when its grace period is over."""
    collect(yard)
    yard.clock.ahead += GRACE + timedelta(minutes=1)
    return collect(yard)


def info(yard: Yard, digest: str) -> BlobInfo | None:
    with yard.database.read() as session:
        return service.blob_info(session, digest=digest)


def scrub(yard: Yard, **options: timedelta):
    return tasks.scrub(yard.database, yard.store, clock=yard.clock, **options)
