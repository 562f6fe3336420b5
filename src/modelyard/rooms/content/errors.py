"""What can go wrong with stored bytes and uploads."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from modelyard.kit.errors import Conflict, Invalid, NotFound, StorageFull, TooLarge, Unavailable

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room on the disk, in the quota, or under the process's limit on the size of a file."""


class BlobMissing(NotFound):
    code = "blob_missing"
    title = "No such blob"


class BlobDamaged(Unavailable):
    """The stored bytes no longer have their digest, so they are not given out."""

    code = "blob_damaged"
    title = "The stored bytes are damaged"

    def __init__(self, digest: str) -> None:
        super().__init__(
            f"The stored bytes of {digest} no longer have that digest.",
            remedy="Restore them from a backup, or store the same content again.",
        )
        self.digest = digest


class BlobVanished(Unavailable):
    """The bytes were collected as garbage between storing and recording them; storing them again helps."""

    code = "blob_vanished"
    title = "The bytes are no longer stored"


class StoreUnreachable(Unavailable):
    code = "store_unreachable"
    title = "The content store does not answer"


class DigestMismatch(Invalid):
    code = "digest_mismatch"
    title = "The bytes do not have the digest that was announced"


class UploadMissing(NotFound):
    """Never there, terminated, expired, or somebody else's: all look the same."""

    code = "upload_missing"
    title = "No such upload, or it has expired"


class UploadOffset(Conflict):
    code = "upload_offset"
    title = "The offset is not where the upload stands"


class UploadIncomplete(Conflict):
    code = "upload_incomplete"
    title = "The upload is not complete"


class UploadTooLarge(TooLarge):
    code = "upload_too_large"
    title = "The upload is larger than allowed"


class UploadBusy(Conflict):
    """Another request is sending to the upload at this moment (423, as tus servers answer)."""

    status = 423
    code = "upload_busy"
    title = "Another request is sending to this upload"

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class UploadStalled(Conflict):
    """The request stopped sending; what it had sent is kept (408)."""

    status = 408
    code = "upload_stalled"
    title = "No more bytes came"


class DeliveryBroken(Invalid):
    """A body that was to be stored at once ended early or fell silent; nothing of it is kept (400)."""

    status = 400
    code = "delivery_broken"
    title = "Not all bytes came"


class UploadChecksumMismatch(Invalid):
    """The bytes of one request do not have the announced checksum and were discarded (460, tus checksum extension)."""

    status = 460
    code = "upload_checksum_mismatch"
    title = "The bytes do not have the announced checksum"


class UploadVersion(Invalid):
    """The request speaks another version of tus (412)."""

    status = 412
    code = "upload_version"
    title = "Only tus 1.0.0 is spoken here"

    def headers(self) -> dict[str, str]:
        return {"Tus-Version": "1.0.0"}


class UploadMediaType(Invalid):
    status = 415
    code = "upload_media_type"
    title = "The bytes of an upload are sent as application/offset+octet-stream"


class UploadHeader(Invalid):
    """A tus header that cannot be understood (400)."""

    status = 400
    code = "upload_header"
    title = "A header of the upload is malformed"


@contextmanager
def storage_full() -> Iterator[None]:
    """Turns the operating system's "no space left" into ``StorageFull``; other errors pass."""
    try:
        yield
    except OSError as e:
        if e.errno not in FULL:
            raise
        raise full_store() from e


def full_store() -> StorageFull:
    return StorageFull(
        "The content store has no room left.",
        remedy="Free some space (or ask an administrator to) and try again; what was stored before is kept.",
    )
