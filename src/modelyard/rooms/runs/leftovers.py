"""What runs left: files and logs, which their accounts hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.paging import Page, decode_cursor, encode_cursor
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.content.schemas import OpenBlob
from modelyard.rooms.runs import store
from modelyard.rooms.runs.errors import OutputMissing
from modelyard.rooms.runs.presenting import present_output
from modelyard.rooms.runs.schemas import Output
from modelyard.rooms.runs.tables import OutputRow


@dataclass(slots=True)
class OpenOutput:
    """A file that a run left, to be read from anywhere."""

    path: str
    size: int
    digest: str
    crc32: int
    media_type: str
    blobs: BlobStore

    def read(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        return self.blobs.open(self.digest, offset=start, length=length)


def list_outputs(session: Session, run_id: UUID, *, cursor: str | None, limit: int) -> Page[Output]:
    """What the run left, by path."""
    after = decode_cursor(cursor, str)[0] if cursor else None
    rows = store.outputs(session, run_id, after=after, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].path) if len(rows) > limit else None
    return Page(items=[present_output(row) for row in rows[:limit]], next_cursor=more)


def open_output(session: Session, *, blobs: BlobStore, run_id: UUID, path: str) -> OpenOutput:
    """Raises ``OutputMissing``."""
    row = store.output(session, run_id, path)
    if row is None:
        raise OutputMissing(f"The run left no {path!r}.", remedy="Look at the list of its outputs.", field="path")
    return _open(row, blobs)


def all_outputs(session: Session, run_id: UUID, *, prefix: str = "") -> list[Output]:
    """All that the run left whose path begins with ``prefix``, by path."""
    return [present_output(row) for row in store.outputs(session, run_id, prefix=prefix)]


def open_outputs(session: Session, *, blobs: BlobStore, run_id: UUID, prefix: str = "") -> list[OpenOutput]:
    """All that the run left whose path begins with ``prefix``, by path."""
    return [_open(row, blobs) for row in store.outputs(session, run_id, prefix=prefix)]


def open_log(
    session: Session, *, blobs: BlobStore, run_id: UUID, offset: int = 0, length: int | None = None
) -> OpenBlob | None:
    """The log of a run that has ended; None where it wrote nothing."""
    row = store.get(session, run_id)
    holder = (row.account_id or row.repository_id) if row else None
    if row is None or holder is None or row.log_digest is None:
        return None
    return content.open_granted(
        session, store=blobs, holder_id=holder, digest=row.log_digest, offset=offset, length=length
    )


def read_log(session: Session, *, store_: BlobStore, run_id: UUID, limit: int = 1024**2) -> bytes:
    """The end of a run's log, ``limit`` bytes at most; empty where there is none."""
    blob = open_log(session, blobs=store_, run_id=run_id)
    return b"".join(blob.chunks)[-limit:] if blob else b""


def _open(row: OutputRow, blobs: BlobStore) -> OpenOutput:
    return OpenOutput(row.path, row.size, row.digest, row.crc32, present_output(row).media_type, blobs)
