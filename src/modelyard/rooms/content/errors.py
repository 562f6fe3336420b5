"""What can go wrong with stored bytes and uploads."""

from modelyard.kit.errors import Conflict, Invalid, NotFound, TooLarge


class BlobMissing(NotFound):
    code = "blob_missing"
    title = "No such blob"


class DigestMismatch(Invalid):
    code = "digest_mismatch"
    title = "The bytes do not have the digest that was announced"


class UploadMissing(NotFound):
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
