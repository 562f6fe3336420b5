"""Uploads whose length is not known before they end, and whose blob is somebody else's than the account's."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from modelyard.rooms.content import service, staging, tasks, uploads
from modelyard.rooms.content.errors import BlobMissing, DigestMismatch, UploadMissing
from modelyard.rooms.content.receiving import Receiver
from modelyard.rooms.content.schemas import Upload
from rooms.content.yard import Yard

DATA = b"of unknown length" * 1000
DIGEST = f"sha256:{hashlib.sha256(DATA).hexdigest()}"


async def body(data: bytes) -> AsyncIterator[bytes]:
    yield data


def begun(yard: Yard, holder: UUID) -> Upload:
    return uploads.create_upload(yard.tools, account_id=yard.account().id, length=None, details={}, holder_id=holder)


def sent(yard: Yard, upload: Upload, data: bytes, *, offset: int = 0) -> Upload:
    return asyncio.run(
        yard.receiver.receive(yard.tools, upload, body(data), offset=offset, announced=None, checksum=None)
    )


def held(yard: Yard, holder: UUID, digest: str = DIGEST) -> bool:
    with yard.database.read() as session:
        return service.holds(session, holder_id=holder, digest=digest)


def test_it_ends_where_it_is_sealed_and_belongs_to_its_holder(yard: Yard, holder: UUID) -> None:
    upload = sent(yard, begun(yard, holder), DATA[:5000])
    upload = sent(yard, upload, DATA[5000:], offset=5000)
    assert not upload.complete
    sealed = asyncio.run(yard.receiver.seal(yard.tools, upload, digest=DIGEST))
    assert (sealed.complete, sealed.length, sealed.digest) == (True, len(DATA), DIGEST)
    assert held(yard, holder)
    assert not held(yard, yard.account().id)
    again = asyncio.run(yard.receiver.seal(yard.tools, upload, digest=DIGEST))
    assert again.complete, "sealing may be repeated"


def test_its_digest_is_computed_anew_after_a_restart(yard: Yard, holder: UUID) -> None:
    upload = sent(yard, begun(yard, holder), DATA)
    with pytest.raises(DigestMismatch):
        asyncio.run(Receiver().seal(yard.tools, upload, digest=f"sha256:{'0' * 64}"))
    assert asyncio.run(Receiver().seal(yard.tools, upload, digest=DIGEST)).complete


def test_what_nobody_came_to_name_goes_with_its_upload(yard: Yard, holder: UUID) -> None:
    left = sent(yard, begun(yard, holder), b"left behind")
    whole = sent(yard, begun(yard, holder), DATA)
    asyncio.run(yard.receiver.seal(yard.tools, whole, digest=DIGEST))
    with yard.database.write() as session:
        service.grant(session, holder_id=holder, digest=DIGEST, why="manifest:x")
    other = sent(yard, begun(yard, holder), DATA[:100])
    alone = f"sha256:{hashlib.sha256(DATA[:100]).hexdigest()}"
    asyncio.run(yard.receiver.seal(yard.tools, other, digest=alone))
    yard.clock.ahead = yard.options.upload_lifetime + timedelta(minutes=1)
    assert tasks.sweep_uploads(yard.tools) == 3
    assert list(staging.found_in(yard.tools.adopting.staging())) == []
    assert held(yard, holder), "a manifest names it"
    assert not held(yard, holder, alone)
    with pytest.raises(UploadMissing):
        uploads.find_upload(yard.tools, account_id=yard.account().id, upload_id=left.id)


def test_a_copied_blob_is_held_like_an_uploaded_one(yard: Yard, holder: UUID) -> None:
    account_id = yard.account().id
    stored = yard.store.put([DATA])
    with yard.database.write() as session:
        service.record_stored(session, store=yard.store, digest=stored.digest, holder_id=account_id, why="x")
        uploads.copy_blob(yard.tools, session, account_id=account_id, holder_id=holder, digest=DIGEST)
        with pytest.raises(BlobMissing):
            uploads.copy_blob(yard.tools, session, account_id=account_id, holder_id=holder, digest=f"sha256:{'0' * 64}")
    assert held(yard, holder)
    tasks.sweep_uploads(yard.tools)
    assert held(yard, holder)
    yard.clock.ahead = yard.options.upload_lifetime + timedelta(minutes=1)
    tasks.sweep_uploads(yard.tools)
    assert not held(yard, holder)
