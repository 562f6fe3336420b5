"""Uploads as rows and files: create, find, note what came, complete, end. Each verb has its own short transactions."""

import logging
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.content import rules, service, staging
from modelyard.rooms.content import store as rows
from modelyard.rooms.content.errors import UploadMissing, full_store
from modelyard.rooms.content.ports import Adopting, BlobStore, ContentOptions
from modelyard.rooms.content.schemas import Upload
from modelyard.rooms.content.tables import UploadRow

log = logging.getLogger("modelyard.content")


@dataclass(frozen=True, slots=True)
class UploadTools:
    """What uploads need. The store must take over files (``Adopting``)."""

    database: Database
    store: BlobStore
    options: ContentOptions
    clock: Clock

    @property
    def adopting(self) -> Adopting:
        if not isinstance(self.store, Adopting):
            raise TypeError(f"{type(self.store).__name__} cannot take over the files of uploads")
        return self.store


def create_upload(
    tools: UploadTools,
    *,
    account_id: UUID,
    length: int | None,
    details: dict[str, str],
    holder_id: UUID | None = None,
) -> Upload:
    """Reserves an id. Raises ``UploadTooLarge``, and ``StorageFull`` where the disk has no room for it today.

    ``length`` None: it is not known before ``seal_upload``; until then it is the most that an upload may have.
    ``holder_id``: whom the blob is granted to, the account where it is None.
    """
    rules.check_length(length or 0, limit=tools.options.max_upload_bytes)
    if (length or 0) > shutil.disk_usage(tools.adopting.staging()).free:
        raise full_store()
    length = tools.options.max_upload_bytes if length is None else length
    now = tools.clock()
    values = {"id": new_id(), "account_id": account_id, "length": length, "received": 0, "details": details}
    values |= {"holder_id": holder_id, "created_at": now, "expires_at": now + tools.options.upload_lifetime}
    with tools.database.write() as session:
        return present(rows.insert_upload(session, values))


def copy_blob(tools: UploadTools, session: Session, *, account_id: UUID, holder_id: UUID, digest: str) -> None:
    """Grants a blob as if the account had just uploaded it for the holder. Raises ``BlobMissing``.

    Does not ask whether the account may read it.
    """
    info = service.blob_info(session, digest=digest)
    now, upload_id = tools.clock(), new_id()
    service.grant(session, holder_id=holder_id, digest=digest, why=rules.upload_reason(upload_id), clock=tools.clock)
    size = info.size if info else 0
    values = {"id": upload_id, "account_id": account_id, "holder_id": holder_id, "length": size, "received": size}
    values |= {"details": {}, "digest": digest, "created_at": now, "completed_at": now}
    rows.insert_upload(session, values | {"expires_at": now + tools.options.upload_lifetime})


def find_upload(tools: UploadTools, *, account_id: UUID, upload_id: UUID) -> Upload:
    """The account's upload as it stands; completes one whose last byte came before a crash.

    Raises ``UploadMissing``, whether it never existed, expired, or belongs to another account.
    """
    upload = _get(tools, account_id, upload_id)
    if upload.complete:
        return upload
    if upload.digest:
        return complete_upload(tools, upload)
    lost = upload.received - staging.size_of(tools.adopting.staging(), upload_id)
    return replace(upload, received=upload.received - max(lost, 0))


def save_received(tools: UploadTools, upload: Upload, *, received: int, digest: str | None = None) -> Upload:
    """Notes how many bytes are durable; ``digest`` with the last one. Raises ``UploadMissing`` where it has ended."""
    values = {"received": received, "digest": digest, "expires_at": tools.clock() + tools.options.upload_lifetime}
    with tools.database.write() as session:
        row = rows.get_upload(session, upload.id) if rows.update_upload(session, upload.id, values) else None
        if row is None:
            raise _missing(upload.id)
        return present(row)


def seal_upload(tools: UploadTools, upload: Upload, *, digest: str) -> Upload:
    """Ends an upload whose length was not known: what came is all, and has ``digest``. It is complete then.

    After a crash in between, the upload starts again from nothing.
    """
    tools.adopting.adopt(staging.path_of(tools.adopting.staging(), upload.id), digest=digest)
    with tools.database.write() as session:
        row = rows.lock_upload(session, upload.id)
        if row is None:
            raise _missing(upload.id)
        row.length, row.received, row.digest = upload.received, upload.received, digest
        _record(tools, session, row)
        return present(row)


def complete_upload(tools: UploadTools, upload: Upload) -> Upload:
    """Makes the file of an upload whose last byte came a blob that its account, or whom it was for, holds. May be
    repeated, at any point.

    Where the bytes are lost (a crash of the disk), the upload starts again from nothing.
    """
    assert upload.digest is not None
    file = staging.path_of(tools.adopting.staging(), upload.id)
    if file.exists():
        tools.adopting.adopt(file, digest=upload.digest)
    with tools.database.write() as session:
        row = rows.lock_upload(session, upload.id)
        if row is None:
            raise _missing(upload.id)
        if row.completed_at is None:
            _record(tools, session, row)
        return present(row)


def end_upload(tools: UploadTools, upload_id: UUID, *, if_expired_at: datetime | None = None) -> None:
    """Forgets an upload, its file and the grant on its blob. One that is gone is no error.

    With ``if_expired_at`` one that lives on after that moment, having received something meanwhile, is left alone.
    """
    with tools.database.write() as session:
        if row := rows.lock_upload(session, upload_id):
            if if_expired_at is not None and row.expires_at > if_expired_at:
                return
            service.revoke(session, holder_id=row.holder_id or row.account_id, why=rules.upload_reason(upload_id))
            rows.delete_upload(session, row)
    staging.remove(tools.adopting.staging(), upload_id)


def _record(tools: UploadTools, session: Session, row: UploadRow) -> None:
    assert row.digest is not None
    if tools.store.stat(row.digest) is None:
        log.error("upload %s: neither its file nor its blob is there; it starts again", row.id)
        row.digest, row.received = None, 0
        return
    why = rules.upload_reason(row.id)
    service.record_stored(
        session,
        store=tools.store,
        digest=row.digest,
        holder_id=row.holder_id or row.account_id,
        why=why,
        clock=tools.clock,
    )
    row.completed_at = tools.clock()


def _get(tools: UploadTools, account_id: UUID, upload_id: UUID) -> Upload:
    with tools.database.read() as session:
        row = rows.get_upload(session, upload_id)
        if row is None or row.account_id != account_id or row.expires_at <= tools.clock():
            raise _missing(upload_id)
        return present(row)


def present(row: UploadRow) -> Upload:
    """The row as the rest of the room sees it."""
    return Upload(
        id=row.id,
        account_id=row.account_id,
        holder_id=row.holder_id,
        length=row.length,
        received=row.received,
        details=row.details,
        digest=row.digest,
        complete=row.completed_at is not None,
        expires_at=row.expires_at,
    )


def _missing(upload_id: UUID) -> UploadMissing:
    return UploadMissing(f"There is no upload {upload_id}.", remedy="Create another one and send the file again.")
