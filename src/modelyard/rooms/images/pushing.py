"""What clients push, a step at a time: blobs by way of uploads, then the manifest that names them."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from starlette.concurrency import run_in_threadpool

from modelyard.kit.db import Database
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.content import service as content
from modelyard.rooms.content import uploads
from modelyard.rooms.content.errors import DigestMismatch, UploadMissing
from modelyard.rooms.content.receiving import Receiver
from modelyard.rooms.content.schemas import Upload
from modelyard.rooms.content.uploads import UploadTools
from modelyard.rooms.images import pushed, registry_rules
from modelyard.rooms.images.documents import Document, is_digest, parse_document
from modelyard.rooms.images.errors import DigestRefused, ImageMisplaced
from modelyard.rooms.images.policies import Pusher
from modelyard.rooms.images.ports import PushedImages
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.repos.schemas import Kind


@dataclass(frozen=True, slots=True)
class PushedDocument:
    """A manifest or index as it was stored."""

    digest: str
    document: Document


def begin_upload(tools: UploadTools, pusher: Pusher) -> Upload:
    """Reserves an id for a blob of unknown length."""
    return uploads.create_upload(
        tools, account_id=own_id(pusher.principal), length=None, details={}, holder_id=pusher.repository.id
    )


def find_upload(tools: UploadTools, pusher: Pusher, upload_id: UUID) -> Upload:
    """The pusher's upload to this repository that is under way; raises ``UploadMissing``."""
    upload = uploads.find_upload(tools, account_id=own_id(pusher.principal), upload_id=upload_id)
    if upload.holder_id != pusher.repository.id or upload.complete:
        raise UploadMissing(f"There is no upload {upload_id}.", remedy="Begin another one.")
    return upload


async def finish_upload(tools: UploadTools, receiver: Receiver, upload: Upload, *, digest: str) -> Upload:
    """Makes what came a blob of the repository. Raises ``DigestMismatch``, and the upload is gone then."""
    try:
        return await receiver.seal(tools, upload, digest=digest)
    except DigestMismatch:
        await run_in_threadpool(uploads.end_upload, tools, upload.id)
        raise


async def receive_whole(
    tools: UploadTools, receiver: Receiver, pusher: Pusher, body: AsyncIterator[bytes], *, digest: str
) -> Upload:
    """A blob in one request; where that fails nothing is kept."""
    upload = await run_in_threadpool(begin_upload, tools, pusher)
    try:
        upload = await receiver.receive(tools, upload, body, offset=0, announced=None, checksum=None)
        return await receiver.seal(tools, upload, digest=digest)
    except BaseException:
        await run_in_threadpool(uploads.end_upload, tools, upload.id)
        raise


def mount_blob(
    tools: UploadTools, pusher: Pusher, *, digest: str, owner: str, name: str, require_sign_in: bool
) -> bool:
    """Gives the repository a blob of another one; False where the pusher may not read it there, or it is not there.

    A token for one repository was given to somebody who showed all they may read, so what they may read counts.
    """
    reader = registry_rules.without_limit(pusher.principal)
    with tools.database.write() as session:
        try:
            source = repos.find_repository(
                session, principal=reader, owner=owner, name=name, require_sign_in=require_sign_in
            )
        except RepositoryMissing:
            return False
        if not content.holds(session, holder_id=source.id, digest=digest):
            return False
        uploads.copy_blob(tools, session, account_id=own_id(reader), holder_id=pusher.repository.id, digest=digest)
    content.require_held(tools.store, [digest])
    return True


def push_document(
    tools: UploadTools, images: PushedImages, pusher: Pusher, *, reference: str, data: bytes, media_type: str
) -> PushedDocument:
    """Keeps a manifest or index under its digest and, where ``reference`` is one, its tag; blocks.

    An image that gets a tag becomes the next version, unless there is one of it.
    """
    document = parse_document(data, media_type)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    tag = _tag(reference, digest)
    if tag and document.is_image and pusher.repository.kind is not Kind.OPERATION:
        raise ImageMisplaced(
            f"{pusher.repository.address} is of kind {pusher.repository.kind}.",
            remedy="Push the image under another name; the repository is made by that.",
        )
    _keep(tools, pusher, document, digest, data, tag)
    if tag and document.is_image:
        images.pushed(pusher.principal, pusher.repository, digest=digest, tag=tag)
    return PushedDocument(digest, document)


def remove(database: Database, pusher: Pusher, *, reference: str) -> None:
    """Removes a tag, or a manifest or index by its digest with its tags."""
    with database.write() as session:
        if is_digest(reference):
            pushed.remove_document(session, repository_id=pusher.repository.id, digest=reference)
        else:
            pushed.remove_tag(session, repository_id=pusher.repository.id, tag=reference)


def _tag(reference: str, digest: str) -> str | None:
    if ":" not in reference:
        registry_rules.check_tag(reference)
        return reference
    if reference != digest:
        raise DigestRefused(f"The manifest has the digest {digest}, not {reference}.", field="reference")
    return None


def _keep(tools: UploadTools, pusher: Pusher, document: Document, digest: str, data: bytes, tag: str | None) -> None:
    tools.store.put([data], expected=digest)
    with tools.database.write() as session:
        repos.require_present(session, pusher.repository.id)
        pushed.record_document(
            session,
            document,
            digest=digest,
            size=len(data),
            repository_id=pusher.repository.id,
            tag=tag,
            clock=tools.clock,
        )
    content.ensure_held(tools.store, digest, [data])
