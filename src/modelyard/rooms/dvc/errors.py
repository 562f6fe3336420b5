"""What can go wrong with a DVC remote."""

from modelyard.kit.errors import Invalid, NotFound


class DvcObjectMissing(NotFound):
    code = "dvc_object_missing"
    title = "No such DVC object"


class DvcNameRefused(Invalid):
    code = "dvc_name_refused"
    title = "That is no name of a DVC object"


class DvcChecksumMismatch(Invalid):
    code = "dvc_checksum_mismatch"
    title = "The bytes do not have the MD5 that they are named by"
