"""Decisions about blobs and uploads, without any I/O: digests, tus headers, what may happen to an upload."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from modelyard.rooms.content.errors import (
    UploadBusy,
    UploadChecksumMismatch,
    UploadHeader,
    UploadOffset,
    UploadTooLarge,
    UploadVersion,
)

TUS_VERSION = "1.0.0"
TUS_EXTENSIONS = ("creation", "creation-with-upload", "termination", "checksum", "expiration")
CHECKSUM_ALGORITHMS = ("sha256", "sha1", "md5")
MAX_METADATA = 4096
MAX_WHY = 100
UPLOAD_REASON = "upload:"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_METADATA_KEY = re.compile(r"[!-+\--~]+")  # visible ASCII without the comma


@dataclass(frozen=True, slots=True)
class Checksum:
    """What ``Upload-Checksum`` announces of one request's bytes."""

    algorithm: str
    value: bytes

    def hasher(self) -> Any:
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def require(self, found: bytes) -> None:
        """Raises ``UploadChecksumMismatch`` unless ``found`` is the announced value."""
        if found != self.value:
            raise UploadChecksumMismatch(
                f"The {self.algorithm} of the bytes is {found.hex()}, announced was {self.value.hex()}.",
                remedy="Send the same bytes again from the same offset.",
                field="Upload-Checksum",
            )


def is_digest(text: str) -> bool:
    """Whether ``text`` is a digest as blobs are named: ``sha256:`` and 64 lower-case hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


def upload_reason(upload_id: UUID) -> str:
    """The ``why`` of the grant that keeps a complete upload until it expires."""
    return f"{UPLOAD_REASON}{upload_id}"


def upload_of(why: str) -> UUID:
    """The upload that an ``upload_reason`` names."""
    return UUID(why.removeprefix(UPLOAD_REASON))


def check_version(version: str | None) -> None:
    """Every tus request but OPTIONS names the version (tus 1.0, Tus-Resumable)."""
    if version != TUS_VERSION:
        raise UploadVersion(
            f"The request says Tus-Resumable: {version}." if version else "The header Tus-Resumable is missing.",
            remedy=f"Send the header Tus-Resumable: {TUS_VERSION}.",
            field="Tus-Resumable",
        )


def check_length(length: int, *, limit: int) -> None:
    if length > limit:
        raise UploadTooLarge(
            f"The upload would have {length} bytes; at most {limit} are allowed.",
            remedy="Make it smaller, or ask an administrator to raise the limit.",
            field="Upload-Length",
        )


def check_offset(offset: int, *, received: int) -> None:
    if offset != received:
        raise UploadOffset(
            f"The upload stands at {received}, not at {offset}.",
            remedy="Ask with HEAD where the upload stands and continue from there.",
            field="Upload-Offset",
        )


def check_room(size: int, *, offset: int, length: int) -> None:
    """``size`` more bytes from ``offset`` must fit into what was announced at creation."""
    if offset + size > length:
        raise UploadTooLarge(
            f"The upload was announced with {length} bytes; the request goes beyond them.",
            remedy="Send only the bytes that are missing, or create another upload.",
            field="Upload-Length",
        )


def busy() -> UploadBusy:
    return UploadBusy(remedy="Wait until the other request has ended, ask with HEAD for the offset and continue.")


def parse_metadata(header: str) -> dict[str, str]:
    """``Upload-Metadata``: pairs of a key and a Base64 value (UTF-8), separated by commas; a value may be absent."""
    if len(header) > MAX_METADATA:
        raise _bad("Upload-Metadata", f"has more than {MAX_METADATA} characters")
    pairs = [pair.strip(" ").split(" ") for pair in header.split(",")] if header.strip() else []
    metadata: dict[str, str] = {}
    for key, *values in pairs:
        if not _METADATA_KEY.fullmatch(key) or len(values) > 1 or key in metadata:
            raise _bad("Upload-Metadata", "is not a list of unique keys, each with one Base64 value")
        metadata[key] = _decode_text(values[0]) if values else ""
    return metadata


def format_metadata(metadata: Mapping[str, str]) -> str:
    """The ``Upload-Metadata`` that ``parse_metadata`` reads as ``metadata``."""
    pairs = (f"{key} {base64.b64encode(value.encode()).decode()}".strip() for key, value in metadata.items())
    return ",".join(pairs)


def file_name(details: Mapping[str, str]) -> str | None:
    """The name of the uploaded file without any folder, as the client gave it (``filename``, or ``name``)."""
    name = re.split(r"[/\\]", details.get("filename") or details.get("name") or "")[-1]
    name = "".join(c for c in name if c.isprintable()).strip()
    return name[-255:] if name not in {"", ".", ".."} else None


def parse_checksum(header: str) -> Checksum:
    """``Upload-Checksum``: the algorithm and the Base64 of the checksum (tus 1.0, checksum extension)."""
    algorithm, _, encoded = header.partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise _bad("Upload-Checksum", f"names another algorithm than {', '.join(CHECKSUM_ALGORITHMS)}")
    value = _decode("Upload-Checksum", encoded)
    if len(value) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise _bad("Upload-Checksum", f"does not have the length of a {algorithm}")
    return Checksum(algorithm, value)


def parse_content_length(header: str) -> int:
    if not header.isascii() or not header.isdigit() or len(header) > 18:
        raise _bad("Content-Length", "is not a number of bytes")
    return int(header)


def may_collect(*, unheld_since: datetime | None, granted: bool, now: datetime, grace: timedelta) -> bool:
    """Whether a blob may be deleted: nobody holds it, and nobody has for the whole grace period."""
    return not granted and unheld_since is not None and unheld_since <= now - grace


def _decode_text(encoded: str) -> str:
    try:
        text = _decode("Upload-Metadata", encoded).decode()
    except UnicodeDecodeError as e:
        raise _bad("Upload-Metadata", "has a value that is not UTF-8") from e
    if "\x00" in text:  # PostgreSQL stores no NUL
        raise _bad("Upload-Metadata", "has a value with a NUL")
    return text


def _decode(header: str, encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as e:
        raise _bad(header, "has a value that is not Base64") from e


def _bad(header: str, fault: str) -> UploadHeader:
    return UploadHeader(f"{header} {fault}.", remedy="See the tus 1.0 protocol.", field=header)
